#pragma once

#include <latent/layers.h>
#include <latent/tensor.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <tuple>
#include <utility>

namespace latent::detail {

/// A layer that is applied to a tensor alone, or to a tensor and the line of the call.
template <typename Layer>
concept PlainLayer = std::invocable<const Layer&, const Tensor&, const std::source_location&> ||
                     std::invocable<const Layer&, const Tensor&>;

/// A layer that also takes what it is applied for, and a key for what it draws.
template <typename Layer>
concept ModedLayer = std::invocable<const Layer&, const Tensor&, nn::Mode, Key>;

/// layer(inputs ...), with the line of the call if the layer takes one.
template <typename Layer, typename... Inputs>
Tensor apply_layer(const Layer& layer, const std::source_location& location,
                   const Inputs&... inputs) {
    if constexpr (std::invocable<const Layer&, const Inputs&..., const std::source_location&>) {
        return layer(inputs..., location);
    } else {
        return layer(inputs...);
    }
}

}  // namespace latent::detail

namespace latent::nn {

/// Layers one after the other. A layer is whatever is called with a tensor and gives one: a struct
/// with `visit`, or a function without state such as `relu` or a lambda. Parameters are named by
/// position: "0.weight". Layers that have a state (BatchNorm, cells) are for models of your own.
///
///     const nn::Sequential model{nn::Linear::make({.inputs = 64, .outputs = 128}), relu,
///                                nn::Dropout{0.2},
///                                nn::Linear::make({.inputs = 128, .outputs = 10})};
template <typename... Layers>
struct Sequential {
    std::tuple<Layers...> layers;

    explicit Sequential(Layers... in_order) : layers(std::move(in_order)...) {}

    /// Where no layer depends on the mode.
    Tensor operator()(const Tensor& x,
                      std::source_location location = std::source_location::current()) const
        requires(detail::PlainLayer<Layers> && ...)
    {
        Tensor result = x;
        std::apply(
            [&](const auto&... layer) {
                ((result = detail::apply_layer(layer, location, result)), ...);
            },
            layers);
        return result;
    }

    /// Each layer that takes them gets the mode and a key of its own.
    Tensor operator()(const Tensor& x, Mode mode, Key key,
                      std::source_location location = std::source_location::current()) const {
        Tensor result = x;
        std::uint64_t position = 0;
        const auto apply = [&]<typename Layer>(const Layer& layer) {
            const Key own_key = fold_in(key, position++);
            if constexpr (detail::ModedLayer<Layer>) {
                result = detail::apply_layer(layer, location, result, mode, own_key);
            } else {
                result = detail::apply_layer(layer, location, result);
            }
        };
        std::apply([&](const auto&... layer) { (apply(layer), ...); }, layers);
        return result;
    }

    void visit(auto&& visitor) {
        std::apply([&](auto&... layer) { visitor(layer...); }, layers);
    }
};

}  // namespace latent::nn
