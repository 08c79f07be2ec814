#include "frontend/optimizer_step.h"

namespace latent::optim {

namespace {

using detail::Expression;
using detail::expression;
using detail::gradient_for;
using detail::NumbersByDType;
using detail::Successors;
using detail::wrap;

struct AdagradNumbers {
    Expression learning_rate;
    Expression epsilon;
    Expression weight_decay;
};

}  // namespace

AdagradState Adagrad::start(std::span<const Tensor> parameters,
                            const std::source_location& location) const {
    return {detail::computed_zeros(parameters, location)};
}

Step<AdagradState> Adagrad::step(std::span<const Tensor> parameters,
                                 std::span<const Tensor> gradients, const AdagradState& state,
                                 const std::source_location& location) const {
    detail::require_equal(gradients.size(), parameters.size(), "gradients", location);
    detail::require_equal(state.sums_of_squares.size(), parameters.size(), "sums of squares",
                          location);
    const Successors next(options_.differentiable);
    NumbersByDType<AdagradNumbers> numbers;
    Step<AdagradState> result;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const Expression p = expression(parameters[i], location);
        const auto number = [&](double value) {
            return detail::scalar_of(value, p.dtype(), location);
        };
        const AdagradNumbers& n = numbers.at(p.dtype(), [&] {
            return AdagradNumbers{number(options_.learning_rate), number(options_.epsilon),
                                  number(options_.weight_decay)};
        });
        Expression g = gradient_for(p, gradients[i], i);
        if (options_.weight_decay != 0) {
            g = g + n.weight_decay * p;
        }
        const Expression sum = next.cut(expression(state.sums_of_squares[i], location) + g * g);
        const Expression direction = g / (detail::sqrt(sum) + n.epsilon);
        result.state.sums_of_squares.push_back(wrap(sum));
        result.parameters.push_back(next.parameter(p - n.learning_rate * direction, parameters[i]));
    }
    return result;
}

}  // namespace latent::optim
