#pragma once

#include <latent/optim.h>

#include <map>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "frontend/tensor/arguments.h"

/// What the steps of the optimisers share.
namespace latent::detail {

/// One of `what` for each parameter, or ShapeError.
void require_equal(std::size_t count, std::size_t expected, std::string_view what,
                   const std::source_location& location);

/// The gradient of parameter `index`: ShapeError or TypeError unless it is of the same type.
Expression gradient_for(const Expression& parameter, const Tensor& gradient, std::size_t index);

/// Zeros of the same shapes, computed already, for the state of parameters: of f16 and bf16 it is
/// f32, in which steps are computed.
std::vector<Tensor> computed_zeros(std::span<const Tensor> tensors,
                                   const std::source_location& location);
Tensor computed_zeros(const ir::Type& type, const std::source_location& location);

/// What becomes of new values: without history, unless gradients are to flow through the step.
class Successors {
  public:
    explicit Successors(bool differentiable) : differentiable_(differentiable) {}

    /// What both the new state and whatever is computed from it name, so that an evaluation of
    /// either keeps the one value.
    Expression cut(const Expression& value) const {
        return differentiable_ ? value : keep_when_computed(stop_gradient(value));
    }

    Tensor parameter(const Expression& value, const Tensor& old) const {
        return wrap(differentiable_ || !old.requires_grad() ? cut(value)
                                                            : gradient_leaf(value, "update"));
    }

  private:
    bool differentiable_;
};

/// Run-time parameters without dimensions, once for each dtype that parameters have.
template <typename Numbers>
class NumbersByDType {
  public:
    template <typename Make>
    const Numbers& at(DType dtype, Make&& make) {
        const auto found = known_.find(dtype);
        return found != known_.end() ? found->second : known_.emplace(dtype, make()).first->second;
    }

  private:
    std::map<DType, Numbers> known_;
};

/// The new parameters of a step. `numbers(p)` makes the run-time parameters that go with the dtype
/// of p; `update(i, p, g, numbers)` makes the new value of parameter i from the old one and its
/// gradient. Both see f16 and bf16 as f32, and the new value is rounded once. ShapeError and
/// TypeError as `require_equal` and `gradient_for` throw them.
template <typename MakeNumbers, typename Update>
std::vector<Tensor> updated(std::span<const Tensor> parameters, std::span<const Tensor> gradients,
                            const Successors& next, const std::source_location& location,
                            MakeNumbers&& numbers, Update&& update) {
    require_equal(gradients.size(), parameters.size(), "gradients", location);
    NumbersByDType<std::invoke_result_t<MakeNumbers, const Expression&>> known;
    std::vector<Tensor> result;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const Expression parameter = expression(parameters[i], location);
        const auto step = [&](const Expression& p, const Expression& g) {
            return update(i, p, g, known.at(p.dtype(), [&] { return numbers(p); }));
        };
        const Expression value =
            rounded_once(step, parameter, gradient_for(parameter, gradients[i], i));
        result.push_back(next.parameter(value, parameters[i]));
    }
    return result;
}

}  // namespace latent::detail
