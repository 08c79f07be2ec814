#pragma once

#include <Halide.h>

namespace latent::codegen {

/// The statement for a target without fused multiply-adds: those that functions are made of
/// (codegen/math) are a product and a sum, and so are those of contractions, which are left to LLVM
/// elsewhere. Where it cannot fuse them, it would add in another order.
Halide::Internal::Stmt split_multiply_adds(const Halide::Internal::Stmt& statement);

}  // namespace latent::codegen
