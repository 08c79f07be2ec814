#include <latent/optim.h>

#include <fmt/format.h>

#include <map>

#include "frontend/arguments.h"

namespace latent::optim {

namespace {

using detail::Expression;
using detail::expression;
using detail::wrap;
using ir::Op;

void require_equal(std::size_t count, std::size_t expected, std::string_view what,
                   const std::source_location& location) {
    if (count != expected) {
        ir::raise<ShapeError>(
            location, fmt::format("update: {} {} given for {} parameters", count, what, expected));
    }
}

/// The gradient of parameter `index`, of the same type.
Expression gradient_for(const Expression& parameter, const Tensor& gradient, std::size_t index) {
    const Expression value = expression(gradient, parameter.location());
    if (value.shape() != parameter.shape()) {
        ir::raise<ShapeError>(
            parameter.location(),
            fmt::format("update: gradient {} has shape {}, its parameter {}", index,
                        to_string(value.shape()), to_string(parameter.shape())));
    }
    if (value.dtype() != parameter.dtype()) {
        ir::raise<TypeError>(parameter.location(),
                             fmt::format("update: gradient {} has dtype {}, its parameter {}",
                                         index, name(value.dtype()), name(parameter.dtype())));
    }
    return value;
}

/// What becomes of new values: without history, unless gradients are to flow through the step.
class Successors {
  public:
    explicit Successors(bool differentiable) : differentiable_(differentiable) {}

    /// What both the new state and whatever is computed from it name, so that an evaluation of
    /// either keeps the one value.
    Expression cut(const Expression& value) const {
        return differentiable_ ? value : detail::keep_when_computed(detail::stop_gradient(value));
    }

    Tensor parameter(const Expression& value, const Tensor& old) const {
        return wrap(differentiable_ || !old.requires_grad()
                        ? cut(value)
                        : detail::gradient_leaf(value, "update"));
    }

  private:
    bool differentiable_;
};

std::vector<Tensor> zeros_like(std::span<const Tensor> tensors,
                               const std::source_location& location) {
    std::vector<Tensor> zeros;
    for (const Tensor& tensor : tensors) {
        const ir::Type& type = detail::value_of(tensor, location).type();
        zeros.push_back(wrap(ir::full(ir::Literal::zero(type.dtype), type.shape.span(), location)));
    }
    return zeros;
}

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

struct SGDNumbers {
    Expression learning_rate;
    Expression momentum;
    Expression weight_decay;
};

/// What Adam and AdamW share.
struct AdamSettings {
    double learning_rate;
    double beta1;
    double beta2;
    double epsilon;
    double weight_decay;
    bool decoupled;
    bool differentiable;
};

struct AdamNumbers {
    Expression beta1;
    Expression complement1;  ///< 1 - beta1
    Expression beta2;
    Expression complement2;
    Expression epsilon;
    Expression weight_decay;  ///< of the gradient
    Expression shrinkage;     ///< 1 - learning_rate * weight_decay
    Expression step_size;     ///< learning_rate / (1 - beta1^t)
    Expression inverse_root;  ///< 1 / sqrt(1 - beta2^t)
};

/// `steps` is t, in f64: for the first steps 1 - beta^t would lose too much in f32.
AdamNumbers adam_numbers(const AdamSettings& settings, const Expression& steps, DType dtype) {
    const auto number = [&](double value) {
        return detail::scalar_of(value, dtype, steps.location());
    };
    const auto bias = [&](double beta) {
        return 1.0 - detail::apply(Op::pow, detail::scalar(beta, steps), steps);
    };
    return {.beta1 = number(settings.beta1),
            .complement1 = number(1 - settings.beta1),
            .beta2 = number(settings.beta2),
            .complement2 = number(1 - settings.beta2),
            .epsilon = number(settings.epsilon),
            .weight_decay = number(settings.weight_decay),
            .shrinkage = number(1 - settings.learning_rate * settings.weight_decay),
            .step_size = detail::cast(
                detail::scalar(settings.learning_rate, steps) / bias(settings.beta1), dtype),
            .inverse_root = detail::cast(1.0 / detail::sqrt(bias(settings.beta2)), dtype)};
}

AdamState adam_start(std::span<const Tensor> parameters, const std::source_location& location) {
    return {.steps = wrap(ir::constant(ir::Literal::zero(DType::i64), location)),
            .first_moments = zeros_like(parameters, location),
            .second_moments = zeros_like(parameters, location)};
}

Step<AdamState> adam_step(const AdamSettings& settings, std::span<const Tensor> parameters,
                          std::span<const Tensor> gradients, const AdamState& state,
                          const std::source_location& location) {
    require_equal(gradients.size(), parameters.size(), "gradients", location);
    require_equal(state.first_moments.size(), parameters.size(), "first moments", location);
    require_equal(state.second_moments.size(), parameters.size(), "second moments", location);
    const Successors next(settings.differentiable);
    const Expression steps = next.cut(expression(state.steps, location) + 1.0);
    const Expression exact_steps = detail::cast(steps, DType::f64);
    NumbersByDType<AdamNumbers> numbers;
    Step<AdamState> result{{}, {.steps = wrap(steps), .first_moments = {}, .second_moments = {}}};
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const Expression p = expression(parameters[i], location);
        const AdamNumbers& n =
            numbers.at(p.dtype(), [&] { return adam_numbers(settings, exact_steps, p.dtype()); });
        Expression g = gradient_for(p, gradients[i], i);
        Expression start = p;
        if (settings.weight_decay != 0 && settings.decoupled) {
            start = p * n.shrinkage;
        } else if (settings.weight_decay != 0) {
            g = g + n.weight_decay * p;
        }
        const Expression m =
            next.cut(n.beta1 * expression(state.first_moments[i], location) + n.complement1 * g);
        const Expression v = next.cut(n.beta2 * expression(state.second_moments[i], location) +
                                      n.complement2 * (g * g));
        const Expression direction = m / (detail::sqrt(v) * n.inverse_root + n.epsilon);
        result.parameters.push_back(next.parameter(start - n.step_size * direction, parameters[i]));
        result.state.first_moments.push_back(wrap(m));
        result.state.second_moments.push_back(wrap(v));
    }
    return result;
}

AdamSettings settings_of(const AdamOptions& o) {
    return {o.learning_rate, o.beta1, o.beta2, o.epsilon, o.weight_decay, false, o.differentiable};
}

AdamSettings settings_of(const AdamWOptions& o) {
    return {o.learning_rate, o.beta1, o.beta2, o.epsilon, o.weight_decay, true, o.differentiable};
}

}  // namespace

SGDState SGD::start(std::span<const Tensor> parameters,
                    const std::source_location& location) const {
    return {options_.momentum == 0 ? std::vector<Tensor>{} : zeros_like(parameters, location)};
}

Step<SGDState> SGD::step(std::span<const Tensor> parameters, std::span<const Tensor> gradients,
                         const SGDState& state, const std::source_location& location) const {
    const bool has_momentum = options_.momentum != 0;
    require_equal(gradients.size(), parameters.size(), "gradients", location);
    if (has_momentum) {
        require_equal(state.velocity.size(), parameters.size(), "velocities", location);
    }
    const Successors next(options_.differentiable);
    NumbersByDType<SGDNumbers> numbers;
    Step<SGDState> result;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const Expression p = expression(parameters[i], location);
        const auto number = [&](double value) {
            return detail::scalar_of(value, p.dtype(), location);
        };
        const SGDNumbers& n = numbers.at(p.dtype(), [&] {
            return SGDNumbers{number(options_.learning_rate), number(options_.momentum),
                              number(options_.weight_decay)};
        });
        Expression direction = gradient_for(p, gradients[i], i);
        if (options_.weight_decay != 0) {
            direction = direction + n.weight_decay * p;
        }
        if (has_momentum) {
            const Expression velocity =
                next.cut(n.momentum * expression(state.velocity[i], location) + direction);
            result.state.velocity.push_back(wrap(velocity));
            direction = options_.nesterov ? direction + n.momentum * velocity : velocity;
        }
        result.parameters.push_back(next.parameter(p - n.learning_rate * direction, parameters[i]));
    }
    return result;
}

AdamState Adam::start(std::span<const Tensor> parameters,
                      const std::source_location& location) const {
    return adam_start(parameters, location);
}

Step<AdamState> Adam::step(std::span<const Tensor> parameters, std::span<const Tensor> gradients,
                           const AdamState& state, const std::source_location& location) const {
    return adam_step(settings_of(options_), parameters, gradients, state, location);
}

AdamState AdamW::start(std::span<const Tensor> parameters,
                       const std::source_location& location) const {
    return adam_start(parameters, location);
}

Step<AdamState> AdamW::step(std::span<const Tensor> parameters, std::span<const Tensor> gradients,
                            const AdamState& state, const std::source_location& location) const {
    return adam_step(settings_of(options_), parameters, gradients, state, location);
}

}  // namespace latent::optim
