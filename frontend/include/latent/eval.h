#pragma once

#include <latent/tensor.h>
#include <latent/tree.h>

#include <span>
#include <vector>

namespace latent {

/// Computes all given tensors in one plan.
void eval(std::span<const Tensor> tensors);

/// Computes tensors, vectors of tensors and structs with `visit`, all in one plan.
template <typename... Trees>
    requires(sizeof...(Trees) > 0)
void eval(const Trees&... trees) {
    std::vector<Tensor> tensors;
    (detail::append_tensors(tensors, trees), ...);
    eval(std::span<const Tensor>(tensors));
}

}  // namespace latent
