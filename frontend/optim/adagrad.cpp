#include "frontend/optim/optimizer_step.h"
#include "frontend/optim/option_checks.h"

namespace latent::optim {

namespace {

using detail::Expression;
using detail::expression;
using detail::scalar;
using detail::Successors;
using detail::wrap;

struct AdagradNumbers {
    Expression learning_rate;
    Expression epsilon;
    Expression weight_decay;
};

}  // namespace

Adagrad::Adagrad(const AdagradOptions& options, std::source_location location) : options_(options) {
    const detail::OptionChecks check("Adagrad", location);
    check.non_negative(options.learning_rate, "learning_rate");
    check.non_negative(options.epsilon, "epsilon");
    check.non_negative(options.weight_decay, "weight_decay");
}

AdagradState Adagrad::start(std::span<const Tensor> parameters,
                            const std::source_location& location) const {
    return {detail::computed_zeros(parameters, location)};
}

Step<AdagradState> Adagrad::step(std::span<const Tensor> parameters,
                                 std::span<const Tensor> gradients, const AdagradState& state,
                                 const std::source_location& location) const {
    detail::require_equal(state.sums_of_squares.size(), parameters.size(), "sums of squares",
                          location);
    const auto numbers = [&](const Expression& p) {
        return AdagradNumbers{scalar(options_.learning_rate, p), scalar(options_.epsilon, p),
                              scalar(options_.weight_decay, p)};
    };
    const Successors next(options_.differentiable);
    Step<AdagradState> result;
    const auto update = [&](std::size_t i, const Expression& p, Expression g,
                            const AdagradNumbers& n) {
        if (options_.weight_decay != 0) {
            g = g + n.weight_decay * p;
        }
        const Expression sum = next.cut(expression(state.sums_of_squares[i], location) + g * g);
        result.state.sums_of_squares.push_back(wrap(sum));
        return p - n.learning_rate * (g / (detail::sqrt(sum) + n.epsilon));
    };
    result.parameters = detail::updated(parameters, gradients, next, location, numbers, update);
    return result;
}

}  // namespace latent::optim
