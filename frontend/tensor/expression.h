#pragma once

#include <concepts>
#include <source_location>
#include <span>
#include <string_view>
#include <utility>

#include "ir/builder.h"

namespace latent::detail {

/// A value under construction together with the line of the user's call, so that compositions read
/// like formulas. Operands broadcast; dtypes must agree already. Numbers are those of the
/// composition itself: literals, which passes may fold.
class Expression {
  public:
    Expression(ir::Value value, const std::source_location& location)
        : value_(std::move(value)), location_(location) {}

    const ir::Value& value() const& { return value_; }
    ir::Value value() && { return std::move(value_); }
    const ir::Type& type() const { return value_.type(); }
    DType dtype() const { return type().dtype; }
    const ir::Shape& shape() const { return type().shape; }
    int rank() const { return static_cast<int>(type().rank()); }
    std::int64_t extent(std::int64_t axis) const { return shape()[static_cast<std::size_t>(axis)]; }
    const std::source_location& location() const { return location_; }

    /// The same location, another value.
    Expression with(ir::Value value) const { return {std::move(value), location_}; }

  private:
    ir::Value value_;
    std::source_location location_;
};

/// One op on operands that broadcast to a common shape. ShapeError names `op` and the shapes.
Expression apply(ir::Op op, const Expression& x);
Expression apply(ir::Op op, Expression a, Expression b);
/// The same under the name of an operation of the public interface.
Expression apply(ir::Op op, Expression a, Expression b, std::string_view name);
Expression select(const Expression& condition, const Expression& a, const Expression& b);

/// A literal without dimensions in the dtype of `like`.
Expression literal(double value, const Expression& like);
/// A number that the user gave: a run-time parameter without dimensions, in the dtype of `like`.
Expression scalar(double value, const Expression& like);
/// A number that follows from shapes, an extent or a count: a run-time parameter too, so that
/// another shape compiles nothing; equal ones of a graph are one.
Expression shape_number(double value, const Expression& like);

Expression operator+(const Expression& a, const Expression& b);
Expression operator-(const Expression& a, const Expression& b);
Expression operator*(const Expression& a, const Expression& b);
Expression operator/(const Expression& a, const Expression& b);
Expression operator-(const Expression& x);
Expression operator+(const Expression& a, double b);
Expression operator-(const Expression& a, double b);
Expression operator*(const Expression& a, double b);
Expression operator/(const Expression& a, double b);
Expression operator+(double a, const Expression& b);
Expression operator-(double a, const Expression& b);
Expression operator*(double a, const Expression& b);
Expression operator/(double a, const Expression& b);
Expression operator==(const Expression& a, const Expression& b);
Expression operator!=(const Expression& a, const Expression& b);
Expression operator<(const Expression& a, const Expression& b);
Expression operator>(const Expression& a, const Expression& b);
Expression operator|(const Expression& a, const Expression& b);
Expression operator&(const Expression& a, const Expression& b);

inline Expression exp(const Expression& x) {
    return apply(ir::Op::exp, x);
}
inline Expression log(const Expression& x) {
    return apply(ir::Op::log, x);
}
inline Expression log1p(const Expression& x) {
    return apply(ir::Op::log1p, x);
}
inline Expression sqrt(const Expression& x) {
    return apply(ir::Op::sqrt, x);
}
inline Expression tanh(const Expression& x) {
    return apply(ir::Op::tanh, x);
}
inline Expression sigmoid(const Expression& x) {
    return apply(ir::Op::sigmoid, x);
}
inline Expression erf(const Expression& x) {
    return apply(ir::Op::erf, x);
}
inline Expression abs(const Expression& x) {
    return apply(ir::Op::abs, x);
}
inline Expression stop_gradient(const Expression& x) {
    return apply(ir::Op::stop_gradient, x);
}

Expression cast(Expression x, DType dtype);
/// Integers and bool as f32.
Expression as_floating(const Expression& x);
using ir::computing_dtype;
/// `formula(operands ...)`, of floating operands of one dtype and in that dtype, as if it were one
/// operation: f16 and bf16 are widened to f32 before the first step, and the result is rounded once
/// after the last.
template <typename Formula, std::same_as<Expression>... Others>
Expression rounded_once(Formula&& formula, const Expression& first, const Others&... others) {
    const DType dtype = computing_dtype(first.dtype());
    return cast(formula(cast(first, dtype), cast(others, dtype)...), first.dtype());
}
/// Bool as i64.
Expression as_number(const Expression& x);
/// Integers and bool as i64, in which their sums and products are taken.
Expression accumulable(const Expression& x);
/// `!= 0`.
Expression as_boolean(const Expression& x);
/// Neither infinite nor NaN.
Expression is_finite(const Expression& x);

/// log(1 + exp(x)) without overflow on the way, with gradient 1/2 at 0.
Expression softplus(const Expression& x);
/// sqrt(x) of a sum of squares, with gradient 0 where that is 0.
Expression length(const Expression& sum_of_squares);

Expression reshape(const Expression& x, std::span<const std::int64_t> shape);
/// NumPy's rule: missing leading dimensions and those of extent 1 repeat. ShapeError names `op`.
Expression broadcast_to(Expression x, std::span<const std::int64_t> shape, std::string_view op);
/// The shape that all broadcast to.
ir::Shape common_shape(std::span<const Expression> operands, std::string_view op);

/// Reduces over `axes`, which disappear.
Expression reduce(ir::Op op, const Expression& x, const ir::Axes& axes);
/// The mean over `axes`, which disappear. Floating dtypes.
Expression mean(const Expression& x, const ir::Axes& axes);
/// Puts `axes` back with extent 1.
Expression keep_dimensions(const Expression& reduced, const ir::Axes& axes);
/// One value for each position of an axis of `x`, repeated along the others: in the shape of `x`.
Expression repeat_across(const Expression& vector, const Expression& x, std::int64_t axis);
/// A reduced value repeated along the axes it lost: of the shape of `x` again.
Expression repeat_like(const Expression& reduced, const Expression& x, const ir::Axes& axes);

/// The elements [start, stop) of one axis, `step` apart.
Expression slice(const Expression& x, std::size_t axis, std::int64_t start, std::int64_t stop,
                 std::int64_t step = 1);
/// The order reversed along `axes`.
Expression flip(const Expression& x, const ir::Axes& axes);
/// One after the other along an axis; they have one dtype.
Expression concat(std::span<const Expression> parts, std::int64_t axis);
/// `value`, without dimensions, around `x`; `x` itself where nothing would change.
Expression pad(const Expression& x, const ir::PadAttributes& widths, const Expression& value);

/// The parts of `x` at positions of an axis, clamped; the dimensions of `indices` take its place.
Expression gather(const Expression& x, const Expression& indices, std::int64_t axis);

/// Number of elements along `axes`.
std::int64_t count_along(const Expression& x, const ir::Axes& axes);
/// 0, 1, 2, ... along one axis of `shape`.
Expression positions(DType dtype, std::span<const std::int64_t> shape, std::size_t axis,
                     const std::source_location& location);
/// Has every evaluation that comes to compute `x` keep it, whether the user still names it or not:
/// what the next step of a loop starts from. So a loop that reads only its loss, after it has
/// rebound its parameters, does not redo its history.
Expression keep_when_computed(const Expression& x);
/// A new leaf of differentiation, kept when computed. TypeError names `op` where the dtype is not
/// floating.
Expression gradient_leaf(const Expression& x, std::string_view op);

}  // namespace latent::detail
