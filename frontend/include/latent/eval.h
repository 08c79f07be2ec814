#pragma once

#include <latent/tensor.h>
#include <latent/tree.h>

#include <source_location>
#include <span>

namespace latent {

namespace detail {
void eval(std::span<const Tensor> tensors, const std::source_location& location);
}  // namespace detail

/// Computes tensors, vectors or spans of tensors and structs with `visit`, all in one plan.
template <typename... Trees>
void eval(const detail::LocatedTensors& first, const Trees&... others) {
    if constexpr (sizeof...(others) == 0) {
        detail::eval(first.tensors(), first.location());
    } else {
        detail::eval(first.with(others...), first.location());
    }
}

}  // namespace latent
