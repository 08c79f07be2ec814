#pragma once

#include <latent/tensor.h>
#include <latent/tree.h>

#include <source_location>
#include <span>
#include <utility>
#include <vector>

/// Bounds on gradients, which may be a Tensor, a vector of tensors or a struct with `visit`.
namespace latent {

namespace detail {

struct ClippedTensors {
    std::vector<Tensor> tensors;
    Tensor norm;
};
Tensor global_norm(std::span<const Tensor> tensors, const std::source_location& location);
ClippedTensors clip_by_global_norm(std::span<const Tensor> tensors, double limit,
                                   const std::source_location& location);
std::vector<Tensor> clip_by_value(std::span<const Tensor> tensors, double limit,
                                  const std::source_location& location);

}  // namespace detail

namespace optim {

/// The square root of the sum of the squares of all elements of all tensors: f64 if one of them is,
/// else f32. TypeError where one is not floating.
template <typename Tree>
Tensor global_norm(const Tree& tree,
                   std::source_location location = std::source_location::current()) {
    return detail::global_norm(detail::tensors_of(tree), location);
}

/// Gradients after clipping, and their norm before it.
template <typename Tree>
struct ClippedGradients {
    Tree gradients;
    Tensor norm;
    void visit(auto&& visitor) { visitor("gradients", gradients, "norm", norm); }
};

/// The gradients, scaled to norm `limit` where their norm is greater. Infinity and NaN make NaN of
/// all. ValueError unless the limit is positive, here and below. Another limit compiles nothing.
/// Source: https://proceedings.mlr.press/v28/pascanu13.html (Algorithm 1)
template <typename Tree>
ClippedGradients<Tree> clip_by_global_norm(
    const Tree& gradients, double limit,
    std::source_location location = std::source_location::current()) {
    detail::ClippedTensors clipped =
        detail::clip_by_global_norm(detail::tensors_of(gradients), limit, location);
    return {detail::with_tensors(gradients, clipped.tensors), std::move(clipped.norm)};
}

/// Each element clipped to [-limit, limit]; NaN stays.
template <typename Tree>
Tree clip_by_value(const Tree& gradients, double limit,
                   std::source_location location = std::source_location::current()) {
    return detail::with_tensors(
        gradients, detail::clip_by_value(detail::tensors_of(gradients), limit, location));
}

}  // namespace optim

}  // namespace latent
