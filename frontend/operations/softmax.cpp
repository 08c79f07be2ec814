#include "frontend/operations/softmax.h"

#include <latent/activations.h>

#include "frontend/tensor/arguments.h"
#include "passes/differentiation/known_gradients.h"

namespace latent {

using detail::Expression;
using ir::Op;

namespace detail {

Expression log_sum_exp(const Expression& x, const ir::Axes& axes) {
    if (count_along(x, axes) == 0) {
        return log(reduce(Op::reduce_sum, x, axes));
    }
    const Expression largest = stop_gradient(reduce(Op::reduce_max, x, axes));
    const Expression shift = select(is_finite(largest), largest, literal(0, largest));
    const Expression exponentials = exp(x - repeat_like(shift, x, axes));
    return log(reduce(Op::reduce_sum, exponentials, axes)) + shift;
}

ShiftedExponentials shifted_exponentials(const Expression& x, const ir::Axes& axes) {
    if (count_along(x, axes) == 0) {
        return {x, x, reduce(Op::reduce_sum, x, axes)};
    }
    const Expression largest = stop_gradient(reduce(Op::reduce_max, x, axes));
    const Expression shifted = x - repeat_like(largest, x, axes);
    const Expression exponentials = exp(shifted);
    return {shifted, exponentials, reduce(Op::reduce_sum, exponentials, axes)};
}

}  // namespace detail

Tensor softmax(const Tensor& tensor, int axis, std::source_location location) {
    return detail::composed(tensor, location, [&](const Expression& x) {
        const ir::Axes axes{detail::normalized_axis(axis, x.shape().size(), "softmax", location)};
        const auto parts = detail::shifted_exponentials(x, axes);
        const Expression result = parts.exponentials / detail::repeat_like(parts.sum, x, axes);
        return x.with(passes::with_gradient_of_softmax(result.value(), x.value(), axes, location));
    });
}

Tensor log_softmax(const Tensor& tensor, int axis, std::source_location location) {
    return detail::composed(tensor, location, [&](const Expression& x) {
        const ir::Axes axes{
            detail::normalized_axis(axis, x.shape().size(), "log_softmax", location)};
        const auto parts = detail::shifted_exponentials(x, axes);
        return parts.shifted - detail::repeat_like(detail::log(parts.sum), x, axes);
    });
}

}  // namespace latent
