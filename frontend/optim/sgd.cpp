#include "frontend/optim/optimizer_step.h"
#include "frontend/optim/option_checks.h"

namespace latent::optim {

namespace {

using detail::Expression;
using detail::expression;
using detail::scalar;
using detail::Successors;
using detail::wrap;

struct SGDNumbers {
    Expression learning_rate;
    Expression momentum;
    Expression weight_decay;
};

}  // namespace

SGD::SGD(const SGDOptions& options, std::source_location location) : options_(options) {
    const detail::OptionChecks check("SGD", location);
    check.non_negative(options.learning_rate, "learning_rate");
    check.non_negative(options.momentum, "momentum");
    check.non_negative(options.weight_decay, "weight_decay");
    if (options.nesterov && options.momentum == 0) {
        check.refuse("nesterov needs a momentum");
    }
}

SGDState SGD::start(std::span<const Tensor> parameters,
                    const std::source_location& location) const {
    return {options_.momentum == 0 ? std::vector<Tensor>{}
                                   : detail::computed_zeros(parameters, location)};
}

Step<SGDState> SGD::step(std::span<const Tensor> parameters, std::span<const Tensor> gradients,
                         const SGDState& state, const std::source_location& location) const {
    const bool has_momentum = options_.momentum != 0;
    if (has_momentum) {
        detail::require_equal(state.velocity.size(), parameters.size(), "velocities", location);
    }
    const auto numbers = [&](const Expression& p) {
        return SGDNumbers{scalar(options_.learning_rate, p), scalar(options_.momentum, p),
                          scalar(options_.weight_decay, p)};
    };
    const Successors next(options_.differentiable);
    Step<SGDState> result;
    const auto update = [&](std::size_t i, const Expression& p, const Expression& g,
                            const SGDNumbers& n) {
        Expression direction = g;
        if (options_.weight_decay != 0) {
            direction = direction + n.weight_decay * p;
        }
        if (has_momentum) {
            const Expression velocity =
                next.cut(n.momentum * expression(state.velocity[i], location) + direction);
            result.state.velocity.push_back(wrap(velocity));
            direction = options_.nesterov ? direction + n.momentum * velocity : velocity;
        }
        return p - n.learning_rate * direction;
    };
    result.parameters = detail::updated(parameters, gradients, next, location, numbers, update);
    return result;
}

}  // namespace latent::optim
