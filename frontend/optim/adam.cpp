#include "frontend/optim/optimizer_step.h"
#include "frontend/optim/option_checks.h"

namespace latent::optim {

namespace {

using detail::Expression;
using detail::expression;
using detail::Successors;
using detail::wrap;
using ir::Op;

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

void require_valid(const AdamSettings& settings, std::string_view op,
                   const std::source_location& location) {
    const detail::OptionChecks check(op, location);
    check.non_negative(settings.learning_rate, "learning_rate");
    check.decay(settings.beta1, "beta1");
    check.decay(settings.beta2, "beta2");
    check.non_negative(settings.epsilon, "epsilon");
    check.non_negative(settings.weight_decay, "weight_decay");
}

/// `steps` is t, in f64: for the first steps 1 - beta^t would lose too much in f32.
AdamNumbers adam_numbers(const AdamSettings& settings, const Expression& steps, DType dtype) {
    const auto number = [&](double value) {
        return detail::scalar_of(value, dtype, "update", steps.location());
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
    return {.steps = detail::computed_zeros(ir::Type{DType::i64, {}}, location),
            .first_moments = detail::computed_zeros(parameters, location),
            .second_moments = detail::computed_zeros(parameters, location)};
}

Step<AdamState> adam_step(const AdamSettings& settings, std::span<const Tensor> parameters,
                          std::span<const Tensor> gradients, const AdamState& state,
                          const std::source_location& location) {
    detail::require_equal(state.first_moments.size(), parameters.size(), "first moments", location);
    detail::require_equal(state.second_moments.size(), parameters.size(), "second moments",
                          location);
    const Successors next(settings.differentiable);
    const Expression steps = next.cut(expression(state.steps, location) + 1.0);
    const Expression exact_steps = detail::cast(steps, DType::f64);
    const auto numbers = [&](const Expression& p) {
        return adam_numbers(settings, exact_steps, p.dtype());
    };
    Step<AdamState> result{{}, {.steps = wrap(steps), .first_moments = {}, .second_moments = {}}};
    const auto update = [&](std::size_t i, const Expression& p, Expression g,
                            const AdamNumbers& n) {
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
        result.state.first_moments.push_back(wrap(m));
        result.state.second_moments.push_back(wrap(v));
        return start - n.step_size * (m / (detail::sqrt(v) * n.inverse_root + n.epsilon));
    };
    result.parameters = detail::updated(parameters, gradients, next, location, numbers, update);
    return result;
}

AdamSettings settings_of(const AdamOptions& o) {
    return {o.learning_rate, o.beta1, o.beta2, o.epsilon, o.weight_decay, false, o.differentiable};
}

AdamSettings settings_of(const AdamWOptions& o) {
    return {o.learning_rate, o.beta1, o.beta2, o.epsilon, o.weight_decay, true, o.differentiable};
}

}  // namespace

Adam::Adam(const AdamOptions& options, std::source_location location) : options_(options) {
    require_valid(settings_of(options), "Adam", location);
}

AdamState Adam::start(std::span<const Tensor> parameters,
                      const std::source_location& location) const {
    return adam_start(parameters, location);
}

Step<AdamState> Adam::step(std::span<const Tensor> parameters, std::span<const Tensor> gradients,
                           const AdamState& state, const std::source_location& location) const {
    return adam_step(settings_of(options_), parameters, gradients, state, location);
}

AdamW::AdamW(const AdamWOptions& options, std::source_location location) : options_(options) {
    require_valid(settings_of(options), "AdamW", location);
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
