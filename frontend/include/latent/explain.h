#pragma once

#include <latent/tensor.h>
#include <latent/tree.h>

#include <span>
#include <string>
#include <vector>

namespace latent {

/// How a tensor is going to be computed, as text: its IR before the passes, what each pass changed,
/// and its IR after them; the kernels with their regions, schedule directives and loop nests, and
/// which values are stored and why; the memory plan; the counters of the process. Computes nothing;
/// a tensor that is ready has nothing to explain.
std::string explain(const Tensor& tensor);

/// The same for what one `eval` of all these would do.
std::string explain(std::span<const Tensor> tensors);

/// The same for tensors, vectors of tensors and structs with `visit`, as `eval` takes them.
template <typename... Trees>
    requires(sizeof...(Trees) > 1)
std::string explain(const Trees&... trees) {
    std::vector<Tensor> tensors;
    (detail::append_tensors(tensors, trees), ...);
    return explain(std::span<const Tensor>(tensors));
}

}  // namespace latent
