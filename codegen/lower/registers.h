#pragma once

#include <Halide.h>

#include <functional>
#include <vector>

namespace latent::codegen {

/// What a function that takes vectors of one register's size makes of `operands`, however many
/// elements these have: cut into registers of up to `largest` bits, and joined again. A number of
/// its own is an element of a vector too, so that it gives the same bits.
Halide::Expr by_registers(
    const std::vector<Halide::Expr>& operands, int largest,
    const std::function<Halide::Expr(const std::vector<Halide::Expr>&)>& function);

/// One of AVX-512's instructions, by LLVM's name of it up to the type (`llvm.x86.avx512.mask.` and
/// `instruction`), of all elements of a register; `name` is that of the call. What it does with
/// exceptions and rounding, which LLVM asks for with registers of 512 bits, is what is usual.
Halide::Expr avx512_call(const char* name, const char* instruction,
                         const std::vector<Halide::Expr>& operands);

}  // namespace latent::codegen
