#include "frontend/optim/optimizer_step.h"
#include "frontend/optim/option_checks.h"

namespace latent::optim {

namespace {

using detail::Expression;
using detail::expression;
using detail::scalar;
using detail::Successors;
using detail::wrap;

struct LionNumbers {
    Expression learning_rate;
    Expression beta1;
    Expression complement1;  ///< 1 - beta1
    Expression beta2;
    Expression complement2;
    Expression shrinkage;  ///< 1 - learning_rate * weight_decay
};

}  // namespace

Lion::Lion(const LionOptions& options, std::source_location location) : options_(options) {
    const detail::OptionChecks check("Lion", location);
    check.non_negative(options.learning_rate, "learning_rate");
    check.non_negative(options.weight_decay, "weight_decay");
    check.decay(options.beta1, "beta1");
    check.decay(options.beta2, "beta2");
}

LionState Lion::start(std::span<const Tensor> parameters,
                      const std::source_location& location) const {
    return {detail::computed_zeros(parameters, location)};
}

Step<LionState> Lion::step(std::span<const Tensor> parameters, std::span<const Tensor> gradients,
                           const LionState& state, const std::source_location& location) const {
    detail::require_equal(state.momenta.size(), parameters.size(), "momenta", location);
    const auto numbers = [&](const Expression& p) {
        return LionNumbers{scalar(options_.learning_rate, p),
                           scalar(options_.beta1, p),
                           scalar(1 - options_.beta1, p),
                           scalar(options_.beta2, p),
                           scalar(1 - options_.beta2, p),
                           scalar(1 - options_.learning_rate * options_.weight_decay, p)};
    };
    const Successors next(options_.differentiable);
    Step<LionState> result;
    const auto update = [&](std::size_t i, const Expression& p, const Expression& g,
                            const LionNumbers& n) {
        const Expression m = expression(state.momenta[i], location);
        const Expression direction = detail::apply(ir::Op::sign, n.beta1 * m + n.complement1 * g);
        const Expression start = options_.weight_decay != 0 ? p * n.shrinkage : p;
        result.state.momenta.push_back(wrap(next.cut(n.beta2 * m + n.complement2 * g)));
        return start - n.learning_rate * direction;
    };
    result.parameters = detail::updated(parameters, gradients, next, location, numbers, update);
    return result;
}

}  // namespace latent::optim
