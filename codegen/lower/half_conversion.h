#pragma once

#include <Halide.h>

namespace latent::codegen {

/// The bits of a float rounded to binary16, as a call that `expand_half_conversions` replaces.
Halide::Expr half_bits(const Halide::Expr& x);
/// The float whose bits rounded to binary16 these are.
Halide::Expr half_value(const Halide::Expr& stored);
/// half_value(half_bits(x))
Halide::Expr rounded_half(const Halide::Expr& x);

/// The same of bfloat16.
Halide::Expr bfloat_bits(const Halide::Expr& x);
Halide::Expr bfloat_value(const Halide::Expr& stored);

/// The statement with what calls of half_bits stand for: an instruction for vectors where the
/// target has it, whose NaN is made the one of all others, and else integer arithmetic.
Halide::Internal::Stmt expand_half_conversions(const Halide::Internal::Stmt& statement,
                                               const Halide::Target& target);

}  // namespace latent::codegen
