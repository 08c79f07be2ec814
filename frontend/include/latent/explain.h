#pragma once

#include <latent/tensor.h>

#include <string>

namespace latent {

/// How `tensor` is, or would be, computed: its IR before and after the passes, the regions with their schedules and why they
/// were cut, the memory plan and the counters. Computes nothing.
std::string explain(const Tensor& tensor);

}  // namespace latent
