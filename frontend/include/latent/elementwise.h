#pragma once

#include <latent/tensor.h>

#include <optional>
#include <source_location>

/// Elementwise operations. Operands of different shapes broadcast (ShapeError where they do not),
/// different dtypes are promoted; every result has the broadcast shape. Operators are declared with
/// Tensor; some functions here are what they do, by name.
namespace latent {

// Of numbers; the result has the dtype of `x`. Bool throws TypeError.

/// -x.
Tensor neg(const Tensor& x, std::source_location location = std::source_location::current());
Tensor abs(const Tensor& x, std::source_location location = std::source_location::current());
/// -1, 0 or 1; of NaN it is 0, and the sign of zero stays.
Tensor sign(const Tensor& x, std::source_location location = std::source_location::current());
Tensor floor(const Tensor& x, std::source_location location = std::source_location::current());
Tensor ceil(const Tensor& x, std::source_location location = std::source_location::current());
/// Half to even.
Tensor round(const Tensor& x, std::source_location location = std::source_location::current());
Tensor trunc(const Tensor& x, std::source_location location = std::source_location::current());
Tensor square(const Tensor& x, std::source_location location = std::source_location::current());

// Floating functions; integers and bool are cast to f32.

Tensor sqrt(const Tensor& x, std::source_location location = std::source_location::current());
Tensor rsqrt(const Tensor& x, std::source_location location = std::source_location::current());
Tensor reciprocal(const Tensor& x, std::source_location location = std::source_location::current());
Tensor exp(const Tensor& x, std::source_location location = std::source_location::current());
Tensor exp2(const Tensor& x, std::source_location location = std::source_location::current());
/// exp(x) - 1, accurate near zero.
Tensor expm1(const Tensor& x, std::source_location location = std::source_location::current());
Tensor log(const Tensor& x, std::source_location location = std::source_location::current());
Tensor log2(const Tensor& x, std::source_location location = std::source_location::current());
Tensor log10(const Tensor& x, std::source_location location = std::source_location::current());
/// log(1 + x), accurate near zero.
Tensor log1p(const Tensor& x, std::source_location location = std::source_location::current());
Tensor sin(const Tensor& x, std::source_location location = std::source_location::current());
Tensor cos(const Tensor& x, std::source_location location = std::source_location::current());
Tensor tan(const Tensor& x, std::source_location location = std::source_location::current());
Tensor asin(const Tensor& x, std::source_location location = std::source_location::current());
Tensor acos(const Tensor& x, std::source_location location = std::source_location::current());
Tensor atan(const Tensor& x, std::source_location location = std::source_location::current());
Tensor sinh(const Tensor& x, std::source_location location = std::source_location::current());
Tensor cosh(const Tensor& x, std::source_location location = std::source_location::current());
Tensor tanh(const Tensor& x, std::source_location location = std::source_location::current());
Tensor asinh(const Tensor& x, std::source_location location = std::source_location::current());
Tensor acosh(const Tensor& x, std::source_location location = std::source_location::current());
Tensor atanh(const Tensor& x, std::source_location location = std::source_location::current());
/// The error function.
Tensor erf(const Tensor& x, std::source_location location = std::source_location::current());
/// 1 - erf(x), accurate where erf(x) is near one.
Tensor erfc(const Tensor& x, std::source_location location = std::source_location::current());
/// The inverse of erf: infinite at -1 and 1, NaN beyond.
Tensor erfinv(const Tensor& x, std::source_location location = std::source_location::current());
/// log |gamma(x)|, infinite at 0, -1, -2, ... Its gradient is `digamma`.
Tensor lgamma(const Tensor& x, std::source_location location = std::source_location::current());
/// The derivative of `lgamma`: NaN at -1, -2, ... and infinite at 0, with the opposite sign.
/// Source: https://dlmf.nist.gov/5.5 and https://dlmf.nist.gov/5.11
Tensor digamma(const Tensor& x, std::source_location location = std::source_location::current());

// Tests; the result is bool.

Tensor isnan(const Tensor& x, std::source_location location = std::source_location::current());
Tensor isinf(const Tensor& x, std::source_location location = std::source_location::current());
Tensor isfinite(const Tensor& x, std::source_location location = std::source_location::current());

// Comparisons; the result is bool. With NaN they are false, but for `ne`.

/// a == b.
Tensor eq(const Operand& a, const Operand& b);
/// a != b.
Tensor ne(const Operand& a, const Operand& b);
/// a < b.
Tensor lt(const Operand& a, const Operand& b);
/// a <= b.
Tensor le(const Operand& a, const Operand& b);
/// a > b.
Tensor gt(const Operand& a, const Operand& b);
/// a >= b.
Tensor ge(const Operand& a, const Operand& b);

// Logic on what is not zero; the result is bool.

Tensor logical_not(const Operand& x);
Tensor logical_and(const Operand& a, const Operand& b);
Tensor logical_or(const Operand& a, const Operand& b);
Tensor logical_xor(const Operand& a, const Operand& b);

// Of two operands.

/// a + b; bool counts as i64 in it, as in all arithmetic.
Tensor add(const Operand& a, const Operand& b);
/// a - b.
Tensor sub(const Operand& a, const Operand& b);
/// a * b.
Tensor mul(const Operand& a, const Operand& b);
/// a / b; of integers and bool it is f32.
Tensor div(const Operand& a, const Operand& b);
/// NaN where either is NaN. Equal operands share the gradient.
Tensor maximum(const Operand& a, const Operand& b);
Tensor minimum(const Operand& a, const Operand& b);
/// floor(a / b). Of integers by zero: 0.
Tensor floor_divide(const Operand& a, const Operand& b);
/// a - b * floor(a / b), with the sign of `b`. Of integers by zero: 0.
Tensor remainder(const Operand& a, const Operand& b);
/// The angle of the point (x, y).
Tensor atan2(const Operand& y, const Operand& x);
/// sqrt(a^2 + b^2) without overflow on the way.
Tensor hypot(const Operand& a, const Operand& b);
/// log(exp(a) + exp(b)) without overflow on the way.
Tensor logaddexp(const Operand& a, const Operand& b);
/// x^y. An exponent that is a number is looked at: small integers become products, halves square
/// roots, both exact to the rounding of these; any other exponent is a run-time parameter. A
/// negative number as the exponent of integers throws ValueError.
Tensor pow(const Operand& x, const Operand& y);

// Of bits: integers and bool, of which these are the logical operations; floats throw TypeError.

Tensor bitwise_and(const Operand& a, const Operand& b);
Tensor bitwise_or(const Operand& a, const Operand& b);
Tensor bitwise_xor(const Operand& a, const Operand& b);
Tensor bitwise_not(const Tensor& x,
                   std::source_location location = std::source_location::current());
/// Integers only. Shifts by less than 0 or by the width of the dtype or more give 0.
Tensor bitwise_left_shift(const Operand& a, const Operand& b);
/// Integers only; the sign is kept, so that large shifts give 0 or -1.
Tensor bitwise_right_shift(const Operand& a, const Operand& b);

/// `a` where `condition` is not zero, else `b`. What is not chosen gets the gradient zero, be it
/// infinite or NaN.
Tensor where(const Tensor& condition, const Operand& a, const Operand& b);
/// x limited to [low, high]; either may be left out. NaN stays.
Tensor clip(const Tensor& x, std::optional<Number> low, std::optional<Number> high,
            std::source_location location = std::source_location::current());

/// `x` with numbers in place of NaN and of infinities, by default the largest of the dtype. What is
/// replaced gets the gradient zero. Integers and bool stay as they are.
Tensor nan_to_num(const Tensor& x, Number nan = 0, std::optional<Number> positive_infinity = {},
                  std::optional<Number> negative_infinity = {},
                  std::source_location location = std::source_location::current());

/// When numbers count as equal.
struct Tolerances {
    double relative = 1e-5;
    double absolute = 1e-8;
    /// NaN equals NaN.
    bool equal_nan = false;
};
/// |a - b| <= absolute + relative * |b|, and infinities equal those of their sign; bool. Integers
/// and bool are compared as f64.
Tensor isclose(const Tensor& a, const Tensor& b, const Tolerances& tolerances = {},
               std::source_location location = std::source_location::current());
/// Whether `isclose` holds everywhere: bool, without dimensions.
Tensor allclose(const Tensor& a, const Tensor& b, const Tolerances& tolerances = {},
                std::source_location location = std::source_location::current());

/// The same values in another dtype. Floating to integer truncates towards zero, saturates, and
/// takes NaN to 0; to bool is `!= 0`. Through integers and bool no gradient flows.
Tensor cast(const Tensor& x, DType dtype,
            std::source_location location = std::source_location::current());

}  // namespace latent
