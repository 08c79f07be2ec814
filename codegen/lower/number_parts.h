#pragma once

#include <Halide.h>

namespace latent::codegen {

/// Whether the target has instructions for the exponent and the mantissa of any number.
bool takes_numbers_apart(const Halide::Target& target);

/// The statement with the exponents and mantissas that functions are made of
/// (codegen/math/detail.h, `NumberParts`) as instructions of the target: AVX-512 has one for each,
/// others take integer arithmetic. For vectors as they are at last.
Halide::Internal::Stmt lower_number_parts(const Halide::Internal::Stmt& statement,
                                          const Halide::Target& target);

}  // namespace latent::codegen
