#pragma once

#include <Halide.h>

namespace latent::codegen {

/// The statement with the calls that functions are made of (codegen/math/detail.h) as instructions
/// of the target: scaling by powers of two, exponents and mantissas, extremes, and branches around
/// what rare arguments need.
/// For vectors as they are at last.
Halide::Internal::Stmt lower_functions(const Halide::Internal::Stmt& statement,
                                       const Halide::Target& target);

}  // namespace latent::codegen
