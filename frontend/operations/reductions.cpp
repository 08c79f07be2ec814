#include <latent/reductions.h>

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "frontend/operations/softmax.h"
#include "frontend/tensor/arguments.h"

namespace latent {

namespace {

using detail::Expression;
using detail::wrap;
using ir::Op;

/// A tensor and the axes that a call reduces it over.
struct Reduction {
    Expression x;
    ir::Axes axes;

    Reduction(const Tensor& tensor, const Axes& wanted, std::string_view op,
              const std::source_location& location)
        : x(detail::expression(tensor, location)),
          axes(detail::normalized_axes(wanted, x.shape().size(), op, location)) {}

    Expression over(Op op, const Expression& operand) const {
        return detail::reduce(op, operand, axes);
    }
    /// A reduced value in the shape of the operand.
    Expression repeated(const Expression& reduced) const {
        return detail::repeat_like(reduced, x, axes);
    }
    Tensor result(const Expression& reduced, bool keepdims) const {
        return wrap(keepdims ? detail::keep_dimensions(reduced, axes) : reduced);
    }
    /// The result of a floating formula of several steps.
    template <typename Formula>
    Tensor composed(bool keepdims, Formula&& formula) const {
        return result(detail::rounded_once(formula, detail::as_floating(x)), keepdims);
    }
};

/// In two passes: the squares of small distances from a large mean lose nothing.
Expression variance(const Reduction& reduction, const Expression& x, double correction) {
    const Expression distance = x - reduction.repeated(detail::mean(x, reduction.axes));
    // A shape is no part of a kernel, so neither is the number of elements.
    const double count = static_cast<double>(detail::count_along(x, reduction.axes)) - correction;
    return reduction.over(Op::reduce_sum, distance * distance) / detail::shape_number(count, x);
}

/// The first position of an extreme value.
Tensor first_position(Op reduction, const Tensor& tensor, std::optional<int> axis, bool keepdims,
                      std::string_view op, const std::source_location& location) {
    Expression x = detail::expression(tensor, location);
    const int rank = x.rank();
    if (!axis) {
        const std::int64_t count = x.type().element_count();
        x = detail::reshape(x, std::span(&count, 1));
    }
    const std::int64_t along =
        detail::normalized_axis(axis.value_or(0), x.shape().size(), op, location);
    const ir::Axes axes{along};
    detail::require_elements(x, axes, op);
    // Kernels index a dimension with 32 bits, and so may this, whose vectors are twice as long.
    const Expression position =
        detail::positions(DType::i32, x.shape().span(), static_cast<std::size_t>(along), location);
    const Expression first =
        detail::cast(position.with(ir::reduce_to_position(reduction, x.value(), position.value(),
                                                          axes.span(), location)),
                     DType::i64);
    if (!keepdims) {
        return wrap(first);
    }
    if (axis) {
        return wrap(detail::keep_dimensions(first, axes));
    }
    return wrap(detail::reshape(first, ir::Shape(static_cast<std::size_t>(rank), 1).span()));
}

}  // namespace

Tensor sum(const Tensor& x, const Axes& axes, bool keepdims, std::source_location location) {
    const Reduction reduction(x, axes, "sum", location);
    return reduction.result(reduction.over(Op::reduce_sum, detail::accumulable(reduction.x)),
                            keepdims);
}

Tensor mean(const Tensor& x, const Axes& axes, bool keepdims, std::source_location location) {
    const Reduction reduction(x, axes, "mean", location);
    return reduction.composed(
        keepdims, [&](const Expression& operand) { return detail::mean(operand, reduction.axes); });
}

Tensor prod(const Tensor& x, const Axes& axes, bool keepdims, std::source_location location) {
    const Reduction reduction(x, axes, "prod", location);
    return reduction.result(reduction.over(Op::reduce_prod, detail::accumulable(reduction.x)),
                            keepdims);
}

Tensor max(const Tensor& x, const Axes& axes, bool keepdims, std::source_location location) {
    const Reduction reduction(x, axes, "max", location);
    detail::require_elements(reduction.x, reduction.axes, "max");
    return reduction.result(reduction.over(Op::reduce_max, reduction.x), keepdims);
}

Tensor min(const Tensor& x, const Axes& axes, bool keepdims, std::source_location location) {
    const Reduction reduction(x, axes, "min", location);
    detail::require_elements(reduction.x, reduction.axes, "min");
    return reduction.result(reduction.over(Op::reduce_min, reduction.x), keepdims);
}

Tensor any(const Tensor& x, const Axes& axes, bool keepdims, std::source_location location) {
    const Reduction reduction(x, axes, "any", location);
    return reduction.result(reduction.over(Op::reduce_max, detail::as_boolean(reduction.x)),
                            keepdims);
}

Tensor all(const Tensor& x, const Axes& axes, bool keepdims, std::source_location location) {
    const Reduction reduction(x, axes, "all", location);
    return reduction.result(reduction.over(Op::reduce_min, detail::as_boolean(reduction.x)),
                            keepdims);
}

Tensor count_nonzero(const Tensor& x, const Axes& axes, bool keepdims,
                     std::source_location location) {
    const Reduction reduction(x, axes, "count_nonzero", location);
    // Where 32 bits can count them, vectors are twice as long.
    const bool few = detail::count_along(reduction.x, reduction.axes) <=
                     std::numeric_limits<std::int32_t>::max();
    const Expression ones =
        detail::cast(detail::as_boolean(reduction.x), few ? DType::i32 : DType::i64);
    return reduction.result(detail::cast(reduction.over(Op::reduce_sum, ones), DType::i64),
                            keepdims);
}

Tensor argmax(const Tensor& x, std::optional<int> axis, bool keepdims,
              std::source_location location) {
    return first_position(Op::reduce_argmax, x, axis, keepdims, "argmax", location);
}

Tensor argmin(const Tensor& x, std::optional<int> axis, bool keepdims,
              std::source_location location) {
    return first_position(Op::reduce_argmin, x, axis, keepdims, "argmin", location);
}

Tensor var(const Tensor& x, const VarianceOptions& options, std::source_location location) {
    const Reduction reduction(x, options.axes, "var", location);
    return reduction.composed(options.keepdims, [&](const Expression& operand) {
        return variance(reduction, operand, options.correction);
    });
}

Tensor stddev(const Tensor& x, const VarianceOptions& options, std::source_location location) {
    const Reduction reduction(x, options.axes, "stddev", location);
    return reduction.composed(options.keepdims, [&](const Expression& operand) {
        return detail::sqrt(variance(reduction, operand, options.correction));
    });
}

Tensor logsumexp(const Tensor& tensor, const Axes& axes, bool keepdims,
                 std::source_location location) {
    const Reduction reduction(tensor, axes, "logsumexp", location);
    return reduction.composed(
        keepdims, [&](const Expression& x) { return detail::log_sum_exp(x, reduction.axes); });
}

Tensor norm(const Tensor& tensor, const Axes& axes, double order, bool keepdims,
            std::source_location location) {
    const Reduction reduction(tensor, axes, "norm", location);
    if (!(order > 0)) {
        ir::raise<ValueError>(location,
                              fmt::format("norm: the order must be positive, got {}", order));
    }
    if (std::isinf(order)) {
        detail::require_elements(reduction.x, reduction.axes, "norm");
    }
    return reduction.composed(keepdims, [&](const Expression& x) {
        if (order == 1) {
            return reduction.over(Op::reduce_sum, detail::abs(x));
        }
        if (order == 2) {
            return detail::length(reduction.over(Op::reduce_sum, x * x));
        }
        if (std::isinf(order)) {
            return reduction.over(Op::reduce_max, detail::abs(x));
        }
        const Expression powers = detail::apply(Op::pow, detail::abs(x), detail::scalar(order, x));
        const Expression total = reduction.over(Op::reduce_sum, powers);
        return detail::apply(Op::pow, total, detail::scalar(1 / order, total));
    });
}

}  // namespace latent
