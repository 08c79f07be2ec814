#pragma once

#include <Halide.h>

namespace latent::codegen {

/// The statement for a target without fused multiply-adds: those that functions are made of
/// (codegen/math) are a product and a sum.
Halide::Internal::Stmt split_multiply_adds(const Halide::Internal::Stmt& statement);

}  // namespace latent::codegen
