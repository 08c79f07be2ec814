#pragma once

#include <latent/tensor.h>
#include <latent/tree.h>

#include <functional>
#include <memory>
#include <source_location>
#include <span>
#include <utility>
#include <vector>

namespace latent {

namespace detail {
class BackwardPass;

/// The tensor that a gradient is asked for, with the line that asks.
class WithRespectTo {
  public:
    WithRespectTo(const Tensor& tensor,
                  std::source_location location = std::source_location::current())
        : tensor_(tensor), location_(location) {}
    const Tensor& tensor() const { return tensor_; }
    const std::source_location& location() const { return location_; }

  private:
    const Tensor& tensor_;
    std::source_location location_;
};
}  // namespace detail

/// The gradients of one value, or of several added up. Values too: nothing is computed until they
/// are evaluated, and nothing needs zeroing. Copies share what was built.
class Gradients {
  public:
    /// The gradient with respect to `tensor`, of its shape and dtype. All are built at the first
    /// call. The reference lives as long as a copy of this object. Throws GradientError where the
    /// value does not depend on `tensor`.
    const Tensor& operator[](const detail::WithRespectTo& tensor) const;

    /// Whether the value depends on `tensor` through differentiable operations.
    bool contains(const detail::WithRespectTo& tensor) const;

    /// Sums, gradient by gradient: how the gradients of several small batches become that of a
    /// large one.
    friend Gradients operator+(const Gradients& a, const Gradients& b);

  private:
    friend class Tensor;
    explicit Gradients(std::shared_ptr<detail::BackwardPass> pass) : pass_(std::move(pass)) {}

    std::shared_ptr<detail::BackwardPass> pass_;
};

/// The gradients of `output`, which has one element, with respect to `inputs`, in their order. The
/// inputs need not require a gradient. Throws GradientError where `output` does not depend on one
/// of them.
std::vector<Tensor> grad(const Tensor& output, const std::vector<Tensor>& inputs,
                         std::source_location location = std::source_location::current());

/// The vector-Jacobian product: as `grad`, of an output of any shape, starting from `cotangent` of
/// its shape and dtype.
std::vector<Tensor> vjp(const Tensor& output, const std::vector<Tensor>& inputs,
                        const Tensor& cotangent,
                        std::source_location location = std::source_location::current());

/// `function(parameters)`, a tensor of one element, and its gradient with respect to every tensor
/// in `parameters`, which has the same structure: a Tensor, a vector, or a struct with `visit`. The
/// parameters need not require a gradient.
template <typename Function, typename Parameters>
std::pair<Tensor, Parameters> value_and_grad(
    Function&& function, const Parameters& parameters,
    std::source_location location = std::source_location::current());

namespace detail {

/// What `value_and_grad` differentiates by: the tensors that require a gradient, and leaves with
/// the values of the others.
std::vector<Tensor> differentiable(std::span<const Tensor> tensors,
                                   const std::source_location& location);

}  // namespace detail

template <typename Function, typename Parameters>
std::pair<Tensor, Parameters> value_and_grad(Function&& function, const Parameters& parameters,
                                             std::source_location location) {
    const std::vector<Tensor> inputs =
        detail::differentiable(detail::tensors_of(parameters), location);
    Tensor value = std::invoke(function, detail::with_tensors(parameters, inputs));
    Parameters gradients = detail::with_tensors(parameters, grad(value, inputs, location));
    return {std::move(value), std::move(gradients)};
}

}  // namespace latent
