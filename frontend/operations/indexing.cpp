#include <latent/indexing.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "frontend/tensor/arguments.h"

namespace latent {

namespace {

using detail::Expression;
using detail::expression;
using detail::wrap;
using ir::Op;

Expression scatter(const Expression& x, const Expression& indices, const Expression& updates,
                   std::int64_t axis) {
    const std::array operands{x.value(), indices.value(), updates.value()};
    return x.with(ir::make(Op::scatter_add, ir::ScatterAttributes{axis}, operands, x.location()));
}

Expression flattened(const Expression& x) {
    const std::int64_t count = x.type().element_count();
    return detail::reshape(x, std::span(&count, 1));
}

/// The row-major positions in `shape` of the elements that `indices` name along one axis, clamped,
/// and that are at the same place beside it. Where an extent of `shape` is 1 they are at its only
/// place.
Expression row_major_positions(const ir::Shape& shape, const Expression& indices,
                               std::int64_t axis) {
    const ir::Dims strides = ir::row_major_strides(shape.span());
    const Expression index = detail::cast(indices, DType::i64);
    const auto along = static_cast<std::size_t>(axis);
    const auto scaled = [&](const Expression& place, std::size_t i) {
        return i + 1 == shape.size()
                   ? place
                   : place * detail::shape_number(static_cast<double>(strides[i]), place);
    };
    const Expression not_before = detail::apply(Op::maximum, index, detail::literal(0, index));
    const Expression last = detail::shape_number(static_cast<double>(shape[along] - 1), index);
    Expression result = scaled(detail::apply(Op::minimum, not_before, last), along);
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (i != along && shape[i] != 1) {
            const Expression place =
                detail::positions(DType::i64, index.shape().span(), i, index.location());
            result = result + scaled(place, i);
        }
    }
    return result;
}

void require_elements(const Expression& x, const Expression& indices, std::string_view op) {
    if (x.type().element_count() == 0 && indices.type().element_count() != 0) {
        ir::raise<ShapeError>(x.location(), fmt::format("{}: nothing to index in shape {}", op,
                                                        to_string(x.shape())));
    }
}

/// The elements of `x` at positions along one axis; extents of `x` beside it are those of
/// `indices`, or 1.
Expression gather_along(const Expression& x, const Expression& indices, std::int64_t axis) {
    return detail::gather(flattened(x), row_major_positions(x.shape(), indices, axis), 0);
}

[[noreturn]] void fail_shapes(std::string_view op, std::initializer_list<Expression> operands,
                              std::string_view reason) {
    std::string shapes;
    for (const Expression& operand : operands) {
        shapes += (shapes.empty() ? "" : " and ") + to_string(operand.shape());
    }
    ir::raise<ShapeError>(operands.begin()->location(),
                          fmt::format("{}: shapes {} {}", op, shapes, reason));
}

/// Whether a is less than b, where NaN is greater than all numbers.
Expression is_less(const Expression& a, const Expression& b) {
    return is_floating(a.dtype()) ? (a < b) | ((b != b) & (a == a)) : a < b;
}

}  // namespace

Tensor take(const Tensor& tensor, const Tensor& indices, int axis, std::source_location location) {
    constexpr std::string_view op = "take";
    const Expression x = expression(tensor, location);
    const Expression index = expression(indices, location);
    detail::require_integers(index, "indices", op);
    const std::int64_t along = detail::normalized_axis(axis, x.shape().size(), op, location);
    if (index.type().element_count() != 0) {
        detail::require_elements(x, {along}, op);
    }
    detail::require_rank(x.shape().size() + index.shape().size() - 1, op, location);
    return wrap(detail::gather(x, index, along));
}

Tensor take_along_axis(const Tensor& tensor, const Tensor& indices, int axis,
                       std::source_location location) {
    constexpr std::string_view op = "take_along_axis";
    const Expression x = expression(tensor, location);
    const Expression index = expression(indices, location);
    detail::require_integers(index, "indices", op);
    const std::int64_t along = detail::normalized_axis(axis, x.shape().size(), op, location);
    if (index.rank() != x.rank()) {
        fail_shapes(op, {x, index}, "have not one rank");
    }
    require_elements(x, index, op);
    ir::Shape shape = index.shape();
    for (std::int64_t i = 0; i < x.rank(); ++i) {
        const std::int64_t extent = x.extent(i);
        if (i == along || extent == 1 || extent == index.extent(i)) {
            continue;
        }
        if (index.extent(i) != 1) {
            fail_shapes(op, {x, index}, fmt::format("do not broadcast beside axis {}", along));
        }
        shape[static_cast<std::size_t>(i)] = extent;
    }
    return wrap(gather_along(x, detail::broadcast_to(index, shape.span(), op), along));
}

Tensor embedding(const Tensor& table, const Tensor& indices, std::source_location location) {
    constexpr std::string_view op = "embedding";
    const Expression rows = expression(table, location);
    const Expression index = expression(indices, location);
    detail::require_integers(index, "indices", op);
    if (rows.rank() != 2) {
        ir::raise<ShapeError>(location, fmt::format("{}: shape {} is no table (rows, d)", op,
                                                    to_string(rows.shape())));
    }
    require_elements(rows, index, op);
    detail::require_rank(index.shape().size() + 1, op, location);
    return wrap(detail::gather(rows, index, 0));
}

Tensor scatter_add(const Tensor& tensor, const Tensor& indices, const Tensor& updates, int axis,
                   std::source_location location) {
    constexpr std::string_view op = "scatter_add";
    const auto [x, update] = detail::promoted(tensor, updates, location);
    const Expression index = expression(indices, location);
    detail::require_integers(index, "indices", op);
    detail::require_number(x, op);
    const std::int64_t along = detail::normalized_axis(axis, x.shape().size(), op, location);
    if (index.rank() != x.rank() || update.rank() != x.rank()) {
        fail_shapes(op, {x, index, update}, "have not one rank");
    }
    Expression used = update;
    for (std::int64_t i = 0; i < x.rank(); ++i) {
        if (index.extent(i) > update.extent(i) || (i != along && index.extent(i) > x.extent(i))) {
            fail_shapes(op, {x, index, update}, fmt::format("do not fit in dimension {}", i));
        }
        used = detail::slice(used, static_cast<std::size_t>(i), 0, index.extent(i));
    }
    require_elements(x, index, op);
    const Expression sums =
        scatter(flattened(x), row_major_positions(x.shape(), index, along), used, 0);
    return wrap(detail::reshape(sums, x.shape().span()));
}

Tensor index_add(const Tensor& tensor, const Tensor& indices, const Tensor& updates, int axis,
                 std::source_location location) {
    constexpr std::string_view op = "index_add";
    const auto [x, update] = detail::promoted(tensor, updates, location);
    const Expression index = expression(indices, location);
    detail::require_integers(index, "indices", op);
    detail::require_number(x, op);
    const auto along =
        static_cast<std::size_t>(detail::normalized_axis(axis, x.shape().size(), op, location));
    detail::require_rank(x.shape().size() + index.shape().size() - 1, op, location);
    ir::Shape expected(x.shape().span().first(along));
    expected.append(index.shape().span());
    expected.append(x.shape().span().subspan(along + 1));
    if (update.shape() != expected) {
        fail_shapes(op, {x, index, update},
                    fmt::format("do not fit: updates {} are expected", to_string(expected)));
    }
    require_elements(x, index, op);
    return wrap(scatter(x, index, update, static_cast<std::int64_t>(along)));
}

Tensor one_hot(const Tensor& labels, std::int64_t classes, DType dtype,
               std::source_location location) {
    const Expression label = expression(labels, location);
    detail::require_integers(label, "labels", "one_hot");
    detail::require_rank(label.shape().size() + 1, "one_hot", location);
    ir::Shape shape = label.shape();
    shape.push_back(classes);
    detail::require_shape(shape.span(), dtype, "one_hot", location);
    const Expression position =
        detail::positions(label.dtype(), shape.span(), shape.size() - 1, location);
    const std::int64_t last = label.rank();
    const Expression repeated =
        label.with(ir::broadcast_over(label.value(), shape.span(), std::span(&last, 1), location));
    return wrap(detail::cast(position == repeated, dtype));
}

Tensor bincount(const Tensor& labels, std::int64_t length, const std::optional<Tensor>& weights,
                std::source_location location) {
    constexpr std::string_view op = "bincount";
    const Expression label = expression(labels, location);
    detail::require_integers(label, "labels", op);
    if (length < 1) {
        ir::raise<ValueError>(location,
                              fmt::format("{}: the length must be positive, got {}", op, length));
    }
    detail::require_shape(std::span(&length, 1), DType::i64, op, location);
    const Expression one = label.with(ir::constant(ir::Literal::one(DType::i64), location));
    const Expression weight = weights ? expression(*weights, location)
                                      : detail::broadcast_to(one, label.shape().span(), op);
    detail::require_number(weight, op);
    if (weight.shape() != label.shape()) {
        fail_shapes(op, {label, weight}, "of labels and weights differ");
    }
    const Expression end = detail::shape_number(static_cast<double>(length), label);
    const Expression is_counted =
        detail::apply(Op::greater_equal, label, detail::literal(0, label)) & (label < end);
    const Expression zero = detail::literal(0, weight);
    return wrap(scatter(detail::broadcast_to(zero, std::span(&length, 1), op), flattened(label),
                        flattened(detail::select(is_counted, weight, zero)), 0));
}

Tensor searchsorted(const Tensor& sorted, const Tensor& values, Side side,
                    std::source_location location) {
    constexpr std::string_view op = "searchsorted";
    auto [x, value] = detail::promoted(sorted, values, location);
    const std::int64_t last = value.rank() - 1;
    const bool is_vector = x.rank() == 1;
    if (!is_vector &&
        (x.rank() != value.rank() || x.rank() == 0 ||
         !std::ranges::equal(x.shape().span().first(static_cast<std::size_t>(last)),
                             value.shape().span().first(static_cast<std::size_t>(last))))) {
        fail_shapes(op, {x, value}, "of sorted and values do not fit");
    }
    const std::int64_t count = x.shape().back();
    const Expression zero = value.with(ir::constant({DType::i64, std::int64_t{0}}, location));
    Expression position = detail::broadcast_to(zero, value.shape().span(), op);
    const Expression end = detail::shape_number(static_cast<double>(count), zero);
    // Halving steps: `position` moves on where the elements up to there all come before the value.
    for (auto step = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(count)));
         step > 0; step /= 2) {
        const Expression next = position + static_cast<double>(step);
        const Expression probed = next - 1.0;
        const Expression element =
            is_vector ? detail::gather(x, probed, 0) : gather_along(x, probed, last);
        const Expression comes_before =
            side == Side::left ? is_less(element, value)
                               : detail::apply(Op::bitwise_not, is_less(value, element));
        const Expression moves = detail::apply(Op::less_equal, next, end) & comes_before;
        position = detail::select(moves, next, position);
    }
    return wrap(position);
}

}  // namespace latent
