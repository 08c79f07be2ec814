#include "frontend/optimizer_step.h"

namespace latent::optim {

namespace {

using detail::Expression;
using detail::expression;
using detail::gradient_for;
using detail::NumbersByDType;
using detail::Successors;
using detail::wrap;

struct RMSpropNumbers {
    Expression learning_rate;
    Expression smoothing;
    Expression complement;  ///< 1 - smoothing
    Expression epsilon;
    Expression momentum;
    Expression weight_decay;
};

}  // namespace

RMSpropState RMSprop::start(std::span<const Tensor> parameters,
                            const std::source_location& location) const {
    const auto zeros_if = [&](bool wanted) {
        return wanted ? detail::computed_zeros(parameters, location) : std::vector<Tensor>{};
    };
    return {.mean_squares = zeros_if(true),
            .means = zeros_if(options_.centered),
            .velocity = zeros_if(options_.momentum != 0)};
}

Step<RMSpropState> RMSprop::step(std::span<const Tensor> parameters,
                                 std::span<const Tensor> gradients, const RMSpropState& state,
                                 const std::source_location& location) const {
    const bool has_momentum = options_.momentum != 0;
    const std::size_t count = parameters.size();
    detail::require_equal(gradients.size(), count, "gradients", location);
    detail::require_equal(state.mean_squares.size(), count, "mean squares", location);
    if (options_.centered) {
        detail::require_equal(state.means.size(), count, "means", location);
    }
    if (has_momentum) {
        detail::require_equal(state.velocity.size(), count, "velocities", location);
    }
    const Successors next(options_.differentiable);
    NumbersByDType<RMSpropNumbers> numbers;
    Step<RMSpropState> result;
    for (std::size_t i = 0; i < count; ++i) {
        const Expression p = expression(parameters[i], location);
        const auto number = [&](double value) {
            return detail::scalar_of(value, p.dtype(), location);
        };
        const RMSpropNumbers& n = numbers.at(p.dtype(), [&] {
            return RMSpropNumbers{number(options_.learning_rate), number(options_.smoothing),
                                  number(1 - options_.smoothing), number(options_.epsilon),
                                  number(options_.momentum),      number(options_.weight_decay)};
        });
        const auto averaged = [&](const Tensor& average, const Expression& value) {
            return next.cut(n.smoothing * expression(average, location) + n.complement * value);
        };
        Expression g = gradient_for(p, gradients[i], i);
        if (options_.weight_decay != 0) {
            g = g + n.weight_decay * p;
        }
        const Expression mean_square = averaged(state.mean_squares[i], g * g);
        result.state.mean_squares.push_back(wrap(mean_square));
        Expression spread = mean_square;
        if (options_.centered) {
            const Expression mean = averaged(state.means[i], g);
            result.state.means.push_back(wrap(mean));
            // Rounding must not make it negative.
            spread =
                detail::apply(ir::Op::maximum, mean_square - mean * mean, detail::literal(0, mean));
        }
        Expression direction = g / (detail::sqrt(spread) + n.epsilon);
        if (has_momentum) {
            direction = next.cut(n.momentum * expression(state.velocity[i], location) + direction);
            result.state.velocity.push_back(wrap(direction));
        }
        result.parameters.push_back(next.parameter(p - n.learning_rate * direction, parameters[i]));
    }
    return result;
}

}  // namespace latent::optim
