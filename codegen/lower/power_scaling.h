#pragma once

#include <Halide.h>

namespace latent::codegen {

/// The statement with the scaling by powers of two that functions are made of
/// (codegen/math/detail.h, `scale`) as instructions of the target: AVX-512 has one for it, others
/// take a product with each of two factors. Both round once, so they give the same bits. For
/// vectors as they are at last.
Halide::Internal::Stmt lower_power_scaling(const Halide::Internal::Stmt& statement,
                                           const Halide::Target& target);

}  // namespace latent::codegen
