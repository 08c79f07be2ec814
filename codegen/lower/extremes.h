#pragma once

#include <Halide.h>

namespace latent::codegen {

/// The statement with the larger and the smaller of two floats (codegen/math/detail.h, `extreme`)
/// in as few instructions as the target has for them: AVX-512 three, for its own knows the signs of
/// zeros, and loses only a NaN. For vectors as they are at last.
Halide::Internal::Stmt lower_extremes(const Halide::Internal::Stmt& statement,
                                      const Halide::Target& target);

}  // namespace latent::codegen
