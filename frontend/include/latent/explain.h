#pragma once

#include <latent/tensor.h>
#include <latent/tree.h>

#include <source_location>
#include <span>
#include <string>

namespace latent {

namespace detail {
std::string explain(std::span<const Tensor> tensors, const std::source_location& location);
}  // namespace detail

/// What one `eval` of all these would do, as text: the IR before the passes, what each pass
/// changed, and the IR after them; the kernels with their regions, schedule directives and loop
/// nests, and which values are stored and why; the memory plan; the counters of the process.
/// Computes nothing; tensors that are ready have nothing to explain.
template <typename... Trees>
std::string explain(const detail::LocatedTensors& first, const Trees&... others) {
    return detail::explain(first.with(others...), first.location());
}

}  // namespace latent
