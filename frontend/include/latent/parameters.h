#pragma once

#include <latent/tensor.h>
#include <latent/tree.h>

#include <concepts>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// The tensors of a model, by name. A model is a value made of tensors: a struct with `visit`, or a
/// vector, tuple or optional of such (tree.h). Nothing here computes anything.
namespace latent {

struct NamedTensor {
    /// The names on the way from the model to the tensor: "encoder.0.weight".
    std::string name;
    Tensor tensor;
};

namespace detail {
std::int64_t element_count(std::span<const NamedTensor> tensors);
std::string table(std::span<const NamedTensor> tensors);
}  // namespace detail

/// In the order in which `visit` names them, which is that of optimisers and gradients too.
template <typename Model>
std::vector<NamedTensor> named_parameters(const Model& model) {
    std::vector<NamedTensor> result;
    Model copy = model;  // `visit` need not be const; tensors are cheap to copy
    detail::for_each_tensor(copy, [&](const Tensor& tensor, const detail::Path& path) {
        result.push_back({path.text(), tensor});
    });
    return result;
}

/// The number of elements of all tensors.
template <typename Model>
std::int64_t parameter_count(const Model& model) {
    return detail::element_count(named_parameters(model));
}

/// A table to print: name, dtype, shape and number of elements of each tensor, and their sum.
template <typename Model>
std::string summary(const Model& model) {
    return detail::table(named_parameters(model));
}

/// The model with `function(tensor)`, or `function(name, tensor)`, in the place of each tensor: to
/// cast, to freeze, to load.
template <typename Model, typename Function>
Model map_parameters(Model model, Function&& function) {
    detail::for_each_tensor(model, [&](Tensor& tensor, const detail::Path& path) {
        if constexpr (std::invocable<Function&, const std::string&, const Tensor&>) {
            tensor = std::invoke(function, path.text(), std::as_const(tensor));
        } else {
            tensor = std::invoke(function, std::as_const(tensor));
        }
    });
    return model;
}

}  // namespace latent
