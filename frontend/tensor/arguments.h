#pragma once

#include <latent/tensor.h>

#include <array>
#include <initializer_list>
#include <span>
#include <string_view>

#include "frontend/tensor/access.h"
#include "frontend/tensor/expression.h"

/// From the arguments of a public call to expressions: tensors, numbers with weak dtypes, axes and
/// shapes.
namespace latent::detail {

inline Expression expression(const Tensor& tensor, const std::source_location& location) {
    return {value_of(tensor, location), location};
}

/// Integers and bool as f32.
inline Expression floating(const Tensor& tensor, const std::source_location& location) {
    return as_floating(expression(tensor, location));
}

inline Tensor wrap(Expression expression) {
    return wrap(std::move(expression).value());
}

/// A floating operation of several steps on one tensor: `rounded_once`.
template <typename Formula>
Tensor composed(const Tensor& tensor, const std::source_location& location, Formula&& formula) {
    return wrap(rounded_once(formula, floating(tensor, location)));
}

/// A new tensor as its options have it: a leaf of differentiation if they ask for one.
Tensor created(const Expression& value, const TensorOptions& options, std::string_view op);

/// What an operation makes of the common dtype of its operands.
enum class Promotion {
    keep,        ///< nothing
    arithmetic,  ///< bool to i64
    floating,    ///< integers and bool to f32
};

/// `dtype`, or what it is promoted to.
DType promoted(DType dtype, Promotion promotion);
/// The dtype that a number has beside tensors of dtype `tensors`.
DType weak_dtype(DType tensors, Number::Kind kind);
/// The dtype of a number among numbers: bool, i64 or f32.
DType default_dtype(Number::Kind kind);
/// A run-time parameter without dimensions. ValueError names `op` where an integer does not fit the
/// dtype.
Expression scalar_of(const Number& number, DType dtype, std::string_view op,
                     const std::source_location& location);

/// The dtype of tensors and numbers together.
DType common_dtype(std::initializer_list<const Operand*> operands);
DType common_dtype(const Operand& a, const Operand& b);
/// A tensor cast to `dtype`, or a number as a run-time parameter.
Expression operand_as(const Operand& operand, DType dtype, std::string_view op);
/// Both in one dtype.
std::array<Expression, 2> promoted(const Operand& a, const Operand& b, Promotion promotion,
                                   std::string_view op);
/// Both in one dtype and in the shape that they broadcast to.
std::array<Expression, 2> broadcast_together(const std::array<Expression, 2>& operands,
                                             std::string_view op);
/// Both tensors in one dtype.
std::array<Expression, 2> promoted(const Tensor& a, const Tensor& b,
                                   const std::source_location& location);

/// The dtype that options ask for, else f32. TypeError names `op` where it is not floating.
DType floating_dtype(const TensorOptions& options, std::string_view op,
                     const std::source_location& location);
/// TypeError where `x` is bool.
void require_number(const Expression& x, std::string_view op);
/// TypeError where `x`, which the message calls `what`, does not hold integers.
void require_integers(const Expression& x, std::string_view what, std::string_view op);

/// ShapeError where an extent is negative or the bytes cannot be counted.
void require_shape(std::span<const std::int64_t> shape, DType dtype, std::string_view op,
                   const std::source_location& location);
/// ShapeError where that is more than a tensor can have.
void require_rank(std::size_t rank, std::string_view op, const std::source_location& location);
/// ShapeError where one of `axes` has no elements to find an extreme of.
void require_elements(const Expression& x, const ir::Axes& axes, std::string_view op);

/// A position counted from the back if negative. ShapeError where it is out of [-rank, rank).
std::int64_t normalized_axis(std::int64_t axis, std::size_t rank, std::string_view op,
                             const std::source_location& location);
/// In increasing order; all axes where `axes` says so. ShapeError where one is named twice.
ir::Axes normalized_axes(const Axes& axes, std::size_t rank, std::string_view op,
                         const std::source_location& location);

}  // namespace latent::detail
