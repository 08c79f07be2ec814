#pragma once

#include <latent/tensor.h>

#include <string_view>
#include <vector>

namespace latent::conformance {

/// The value of an expression such as "reshape(permute(x, [2, 0, 1]), [51, 4])": calls of
/// operations on names, numbers and lists. The names stand for `inputs` in the order in which they
/// first occur. Throws Unsupported where it cannot be read.
Tensor evaluate_composite(std::string_view expression, const std::vector<Tensor>& inputs);

}  // namespace latent::conformance
