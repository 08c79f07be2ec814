#include "frontend/optimizer_step.h"

namespace latent::optim {

namespace {

using detail::Expression;
using detail::expression;
using detail::gradient_for;
using detail::NumbersByDType;
using detail::Successors;
using detail::wrap;

struct SGDNumbers {
    Expression learning_rate;
    Expression momentum;
    Expression weight_decay;
};

}  // namespace

SGDState SGD::start(std::span<const Tensor> parameters,
                    const std::source_location& location) const {
    return {options_.momentum == 0 ? std::vector<Tensor>{}
                                   : detail::computed_zeros(parameters, location)};
}

Step<SGDState> SGD::step(std::span<const Tensor> parameters, std::span<const Tensor> gradients,
                         const SGDState& state, const std::source_location& location) const {
    const bool has_momentum = options_.momentum != 0;
    detail::require_equal(gradients.size(), parameters.size(), "gradients", location);
    if (has_momentum) {
        detail::require_equal(state.velocity.size(), parameters.size(), "velocities", location);
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

}  // namespace latent::optim
