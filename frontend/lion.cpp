#include "frontend/optimizer_step.h"

namespace latent::optim {

namespace {

using detail::Expression;
using detail::expression;
using detail::gradient_for;
using detail::NumbersByDType;
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

LionState Lion::start(std::span<const Tensor> parameters,
                      const std::source_location& location) const {
    return {detail::computed_zeros(parameters, location)};
}

Step<LionState> Lion::step(std::span<const Tensor> parameters, std::span<const Tensor> gradients,
                           const LionState& state, const std::source_location& location) const {
    detail::require_equal(gradients.size(), parameters.size(), "gradients", location);
    detail::require_equal(state.momenta.size(), parameters.size(), "momenta", location);
    const Successors next(options_.differentiable);
    NumbersByDType<LionNumbers> numbers;
    Step<LionState> result;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const Expression p = expression(parameters[i], location);
        const auto number = [&](double value) {
            return detail::scalar_of(value, p.dtype(), location);
        };
        const LionNumbers& n = numbers.at(p.dtype(), [&] {
            return LionNumbers{number(options_.learning_rate),
                               number(options_.beta1),
                               number(1 - options_.beta1),
                               number(options_.beta2),
                               number(1 - options_.beta2),
                               number(1 - options_.learning_rate * options_.weight_decay)};
        });
        const Expression g = gradient_for(p, gradients[i], i);
        const Expression m = expression(state.momenta[i], location);
        const Expression direction = detail::apply(ir::Op::sign, n.beta1 * m + n.complement1 * g);
        const Expression start = options_.weight_decay != 0 ? p * n.shrinkage : p;
        result.state.momenta.push_back(wrap(next.cut(n.beta2 * m + n.complement2 * g)));
        result.parameters.push_back(
            next.parameter(start - n.learning_rate * direction, parameters[i]));
    }
    return result;
}

}  // namespace latent::optim
