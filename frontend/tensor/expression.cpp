#include "frontend/tensor/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "ir/size_limits.h"

namespace latent::detail {

using ir::Op;
using ir::Value;

namespace {

void broadcast_into(ir::Shape& result, const ir::Shape& shape, std::span<const Expression> operands,
                    std::string_view op) {
    while (result.size() < shape.size()) {
        result.insert(0, 1);
    }
    const std::size_t offset = result.size() - shape.size();
    for (std::size_t i = 0; i < shape.size(); ++i) {
        std::int64_t& extent = result[offset + i];
        if (extent == 1) {
            extent = shape[i];
        } else if (shape[i] != extent && shape[i] != 1) {
            std::string shapes;
            for (const Expression& operand : operands) {
                shapes += (shapes.empty() ? "" : " and ") + to_string(operand.shape());
            }
            ir::raise<ShapeError>(operands.front().location(),
                                  fmt::format("{}: shapes {} do not broadcast", op, shapes));
        }
    }
}

}  // namespace

ir::Shape common_shape(std::span<const Expression> operands, std::string_view op) {
    ir::Shape result = operands.front().shape();
    for (const Expression& operand : operands.subspan(1)) {
        if (operand.shape() != result) {
            broadcast_into(result, operand.shape(), operands, op);
        }
    }
    return result;
}

Expression broadcast_to(Expression x, std::span<const std::int64_t> shape, std::string_view op) {
    if (std::ranges::equal(x.shape().span(), shape)) {
        return x;
    }
    const auto fail = [&] {
        ir::raise<ShapeError>(x.location(),
                              fmt::format("{}: shape {} does not broadcast to {}", op,
                                          to_string(x.shape()), ir::to_string(shape)));
    };
    if (x.shape().size() > shape.size()) {
        fail();
    }
    const std::size_t offset = shape.size() - x.shape().size();
    ir::Shape kept;
    ir::Axes axes;
    for (std::size_t i = 0; i < x.shape().size(); ++i) {
        const std::int64_t extent = x.shape()[i];
        if (extent == shape[offset + i]) {
            kept.push_back(extent);
            axes.push_back(static_cast<std::int64_t>(offset + i));
        } else if (extent != 1) {
            fail();
        }
    }
    if (!ir::is_countable(shape, x.dtype())) {
        ir::raise<ShapeError>(x.location(), fmt::format("{}: shape {} of {} has 2^63 bytes or more",
                                                        op, ir::to_string(shape), name(x.dtype())));
    }
    const Value compact = ir::reshape(x.value(), kept.span(), x.location());
    return x.with(ir::broadcast(compact, shape, axes.span(), x.location()));
}

Expression apply(Op op, const Expression& x) {
    return x.with(ir::make(op, {x.value()}, x.location()));
}

Expression apply(Op op, Expression a, Expression b) {
    return apply(op, std::move(a), std::move(b), ir::name(op));
}

Expression apply(Op op, Expression a, Expression b, std::string_view name) {
    const std::source_location location = a.location();
    if (a.shape() != b.shape()) {
        const ir::Shape shape = common_shape(std::array{a, b}, name);
        a = broadcast_to(std::move(a), shape.span(), name);
        b = broadcast_to(std::move(b), shape.span(), name);
    }
    return {ir::make(op, std::move(a).value(), std::move(b).value(), location), location};
}

Expression select(const Expression& condition, const Expression& a, const Expression& b) {
    constexpr std::string_view op = "where";
    const std::array operands{condition, a, b};
    const ir::Shape shape = common_shape(operands, op);
    return condition.with(ir::make(
        Op::select,
        {broadcast_to(condition, shape.span(), op).value(),
         broadcast_to(a, shape.span(), op).value(), broadcast_to(b, shape.span(), op).value()},
        condition.location()));
}

Expression literal(double value, const Expression& like) {
    return like.with(ir::constant(ir::Literal(like.dtype(), value), like.location()));
}

Expression scalar(double value, const Expression& like) {
    return like.with(ir::scalar(ir::Literal(like.dtype(), value), like.location()));
}

Expression shape_number(double value, const Expression& like) {
    return like.with(ir::shape_number(ir::Literal(like.dtype(), value), like.location()));
}

Expression operator+(const Expression& a, const Expression& b) {
    return apply(Op::add, a, b);
}
Expression operator-(const Expression& a, const Expression& b) {
    return apply(Op::sub, a, b);
}
Expression operator*(const Expression& a, const Expression& b) {
    return apply(Op::mul, a, b);
}
Expression operator/(const Expression& a, const Expression& b) {
    return apply(Op::div, a, b);
}
Expression operator-(const Expression& x) {
    return apply(Op::neg, x);
}
Expression operator+(const Expression& a, double b) {
    return a + literal(b, a);
}
Expression operator-(const Expression& a, double b) {
    return a - literal(b, a);
}
Expression operator*(const Expression& a, double b) {
    return a * literal(b, a);
}
Expression operator/(const Expression& a, double b) {
    return a / literal(b, a);
}
Expression operator+(double a, const Expression& b) {
    return literal(a, b) + b;
}
Expression operator-(double a, const Expression& b) {
    return literal(a, b) - b;
}
Expression operator*(double a, const Expression& b) {
    return literal(a, b) * b;
}
Expression operator/(double a, const Expression& b) {
    return literal(a, b) / b;
}
Expression operator==(const Expression& a, const Expression& b) {
    return apply(Op::equal, a, b);
}
Expression operator!=(const Expression& a, const Expression& b) {
    return apply(Op::not_equal, a, b);
}
Expression operator<(const Expression& a, const Expression& b) {
    return apply(Op::less, a, b);
}
Expression operator>(const Expression& a, const Expression& b) {
    return apply(Op::greater, a, b);
}
Expression operator|(const Expression& a, const Expression& b) {
    return apply(Op::bitwise_or, a, b);
}
Expression operator&(const Expression& a, const Expression& b) {
    return apply(Op::bitwise_and, a, b);
}

Expression cast(Expression x, DType dtype) {
    if (x.dtype() == dtype) {
        return x;
    }
    return x.with(ir::cast(x.value(), dtype, x.location()));
}

Expression as_floating(const Expression& x) {
    return is_floating(x.dtype()) ? x : cast(x, DType::f32);
}

Expression as_number(const Expression& x) {
    return x.dtype() == DType::boolean ? cast(x, DType::i64) : x;
}

Expression accumulable(const Expression& x) {
    return is_floating(x.dtype()) ? x : cast(x, DType::i64);
}

Expression as_boolean(const Expression& x) {
    return cast(x, DType::boolean);
}

Expression is_finite(const Expression& x) {
    return abs(x) < literal(std::numeric_limits<double>::infinity(), x);
}

Expression softplus(const Expression& x) {
    // max(x, 0) + log(1 + exp(-|x|)), written by selects so that the gradient at 0 is 1/2.
    const Expression zero = literal(0, x);
    const Expression is_positive = x > zero;
    const Expression magnitude = select(is_positive, x, -x);
    return select(is_positive, x, zero) + log1p(exp(-magnitude));
}

Expression length(const Expression& sum_of_squares) {
    const Expression is_zero = sum_of_squares == literal(0, sum_of_squares);
    const Expression root = sqrt(select(is_zero, literal(1, sum_of_squares), sum_of_squares));
    return select(is_zero, literal(0, sum_of_squares), root);
}

Expression reshape(const Expression& x, std::span<const std::int64_t> shape) {
    return x.with(ir::reshape(x.value(), shape, x.location()));
}

Expression reduce(Op op, const Expression& x, const ir::Axes& axes) {
    return axes.empty() ? x : x.with(ir::reduce(op, x.value(), axes.span(), x.location()));
}

Expression mean(const Expression& x, const ir::Axes& axes) {
    return reduce(Op::reduce_sum, x, axes) /
           shape_number(static_cast<double>(count_along(x, axes)), x);
}

Expression keep_dimensions(const Expression& reduced, const ir::Axes& axes) {
    ir::Shape shape = reduced.shape();
    for (const std::int64_t axis : axes) {
        shape.insert(static_cast<std::size_t>(axis), 1);
    }
    return reshape(reduced, shape.span());
}

Expression repeat_across(const Expression& vector, const Expression& x, std::int64_t axis) {
    return x.with(
        ir::broadcast(vector.value(), x.shape().span(), std::span(&axis, 1), x.location()));
}

Expression repeat_like(const Expression& reduced, const Expression& x, const ir::Axes& axes) {
    return x.with(ir::broadcast_over(reduced.value(), x.shape().span(), axes.span(), x.location()));
}

Expression slice(const Expression& x, std::size_t axis, std::int64_t start, std::int64_t stop,
                 std::int64_t step) {
    if (start == 0 && stop == x.shape()[axis] && step == 1) {
        return x;
    }
    ir::SliceAttributes attributes{ir::Dims(x.shape().size(), 0), x.shape(),
                                   ir::Dims(x.shape().size(), 1)};
    attributes.start[axis] = start;
    attributes.stop[axis] = stop;
    attributes.step[axis] = step;
    return x.with(ir::make(Op::slice, attributes, std::span(&x.value(), 1), x.location()));
}

Expression flip(const Expression& x, const ir::Axes& axes) {
    return axes.empty() ? x
                        : x.with(ir::make(Op::flip, ir::FlipAttributes{axes},
                                          std::span(&x.value(), 1), x.location()));
}

Expression concat(std::span<const Expression> parts, std::int64_t axis) {
    const Expression& first = parts.front();
    if (parts.size() == 1) {
        return first;
    }
    std::vector<Value> values;
    values.reserve(parts.size());
    for (const Expression& part : parts) {
        values.push_back(part.value());
    }
    return first.with(ir::make(Op::concat, ir::ConcatAttributes{axis}, values, first.location()));
}

Expression pad(const Expression& x, const ir::PadAttributes& widths, const Expression& value) {
    const auto is_zero = [](const ir::Dims& dims) {
        return std::ranges::all_of(dims, [](std::int64_t width) { return width == 0; });
    };
    if (is_zero(widths.low) && is_zero(widths.high) && is_zero(widths.interior)) {
        return x;
    }
    const std::array operands{x.value(), value.value()};
    return x.with(ir::make(Op::pad, widths, operands, x.location()));
}

Expression gather(const Expression& x, const Expression& indices, std::int64_t axis) {
    const std::array operands{x.value(), indices.value()};
    return x.with(ir::make(Op::gather, ir::GatherAttributes{axis}, operands, x.location()));
}

std::int64_t count_along(const Expression& x, const ir::Axes& axes) {
    std::int64_t count = 1;
    for (const std::int64_t axis : axes) {
        count *= x.extent(axis);
    }
    return count;
}

Expression positions(DType dtype, std::span<const std::int64_t> shape, std::size_t axis,
                     const std::source_location& location) {
    const auto along = static_cast<std::int64_t>(axis);
    const Value counter = ir::iota(dtype, shape[axis], location);
    return {ir::broadcast(counter, shape, std::span(&along, 1), location), location};
}

Expression keep_when_computed(const Expression& x) {
    // As if a handle named it for as long as it lives.
    x.value().node->add_handle();
    return x;
}

Expression gradient_leaf(const Expression& x, std::string_view op) {
    if (!is_floating(x.dtype())) {
        ir::raise<TypeError>(x.location(),
                             fmt::format("{}: only floating tensors can require a gradient, got {}",
                                         op, name(x.dtype())));
    }
    const ir::NodeRef& node = x.value().node;
    if (ir::StorageRef storage = node->slot().storage()) {
        return x.with(ir::make_buffer(x.type(), std::move(storage), true, x.location()));
    }
    return keep_when_computed(x.with({ir::Node::create({.op = Op::stop_gradient,
                                                        .attributes = {},
                                                        .operands = std::span(&x.value(), 1),
                                                        .type = x.type(),
                                                        .location = x.location(),
                                                        .requires_grad = true})}));
}

}  // namespace latent::detail
