#pragma once

#include <latent/tensor.h>
#include <latent/tree.h>

#include <functional>
#include <memory>
#include <source_location>
#include <span>
#include <string_view>
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

/// Forward mode: `function(primals)` and how it moves where the primals move along `tangents`, the
/// Jacobian-vector product J v, at about twice the cost of the function. `tangents` has the
/// structure, shapes and dtypes of `primals`; these and the result are a Tensor, a vector, or a
/// struct with `visit`. Throws GradientError where a tangent does not fit or a result does not
/// depend on the primals. A function with a `custom_vjp` inside is differentiated through its
/// backward rule, which must be linear in the cotangent.
template <typename Function, typename Primals>
auto jvp(Function&& function, const Primals& primals, const Primals& tangents,
         std::source_location location = std::source_location::current());

/// The product of the Hessian of `function`, a tensor of one element, with `tangents`, in the
/// structure of `parameters`: forward mode over the gradient, at about four times the cost of the
/// function, without the matrix. Zero where the gradient does not depend on the parameters. Throws
/// GradientError where the value does not.
template <typename Function, typename Parameters>
Parameters hvp(Function&& function, const Parameters& parameters, const Parameters& tangents,
               std::source_location location = std::source_location::current());

/// All derivatives of `function(x)`: of the result's shape followed by that of `x`. One backward
/// pass for each element of the result, or one forward pass for each element of `x`, whichever are
/// fewer, each a graph of its own: meant for small ones.
Tensor jacobian(const std::function<Tensor(const Tensor&)>& function, const Tensor& x,
                std::source_location location = std::source_location::current());

/// All second derivatives of `function(x)`, which has one element: the shape of `x` twice. One
/// product as of `hvp` for each element of `x`.
Tensor hessian(const std::function<Tensor(const Tensor&)>& function, const Tensor& x,
               std::source_location location = std::source_location::current());

namespace detail {

/// How `outputs` move with `inputs`. Where one does not depend on them: zeros, or GradientError.
enum class Independent { zero, error };
std::vector<Tensor> tangents_of(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                                std::span<const Tensor> tangents, Independent independent,
                                std::string_view op, const std::source_location& location);

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

template <typename Function, typename Primals>
auto jvp(Function&& function, const Primals& primals, const Primals& tangents,
         std::source_location location) {
    const std::vector<Tensor> inputs =
        detail::differentiable(detail::tensors_of(primals), location);
    auto value = std::invoke(function, detail::with_tensors(primals, inputs));
    auto tangent = detail::with_tensors(
        value, detail::tangents_of(detail::tensors_of(value), inputs, detail::tensors_of(tangents),
                                   detail::Independent::error, "jvp", location));
    return std::pair(std::move(value), std::move(tangent));
}

template <typename Function, typename Parameters>
Parameters hvp(Function&& function, const Parameters& parameters, const Parameters& tangents,
               std::source_location location) {
    const std::vector<Tensor> inputs =
        detail::differentiable(detail::tensors_of(parameters), location);
    const Tensor value = std::invoke(function, detail::with_tensors(parameters, inputs));
    return detail::with_tensors(
        parameters,
        detail::tangents_of(grad(value, inputs, location), inputs, detail::tensors_of(tangents),
                            detail::Independent::zero, "hvp", location));
}

}  // namespace latent
