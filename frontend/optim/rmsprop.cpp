#include "frontend/optim/optimizer_step.h"
#include "frontend/optim/option_checks.h"

namespace latent::optim {

namespace {

using detail::Expression;
using detail::expression;
using detail::scalar;
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

RMSprop::RMSprop(const RMSpropOptions& options, std::source_location location) : options_(options) {
    const detail::OptionChecks check("RMSprop", location);
    check.non_negative(options.learning_rate, "learning_rate");
    check.non_negative(options.epsilon, "epsilon");
    check.non_negative(options.momentum, "momentum");
    check.non_negative(options.weight_decay, "weight_decay");
    check.decay(options.smoothing, "smoothing");
}

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
    detail::require_equal(state.mean_squares.size(), count, "mean squares", location);
    if (options_.centered) {
        detail::require_equal(state.means.size(), count, "means", location);
    }
    if (has_momentum) {
        detail::require_equal(state.velocity.size(), count, "velocities", location);
    }
    const auto numbers = [&](const Expression& p) {
        return RMSpropNumbers{scalar(options_.learning_rate, p), scalar(options_.smoothing, p),
                              scalar(1 - options_.smoothing, p), scalar(options_.epsilon, p),
                              scalar(options_.momentum, p),      scalar(options_.weight_decay, p)};
    };
    const Successors next(options_.differentiable);
    Step<RMSpropState> result;
    const auto update = [&](std::size_t i, const Expression& p, Expression g,
                            const RMSpropNumbers& n) {
        const auto averaged = [&](const Tensor& average, const Expression& value) {
            return next.cut(n.smoothing * expression(average, location) + n.complement * value);
        };
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
        return p - n.learning_rate * direction;
    };
    result.parameters = detail::updated(parameters, gradients, next, location, numbers, update);
    return result;
}

}  // namespace latent::optim
