#pragma once

#include <Halide.h>

/// Vectorisable expressions for mathematical functions.
///
/// Every function takes and returns Halide expressions of Float(32) or Float(64) (any lanes) unless
/// it says otherwise, evaluates in the type of its argument, and contains neither calls of scalar
/// library functions nor gathers. Binary functions need both operands of one type. An argument of
/// an unsupported type throws std::invalid_argument.
///
/// The expressions are built from strict floating-point operations, so they keep IEEE semantics
/// wherever they are used: NaN propagates, infinities and signed zeros give what C's Annex F
/// prescribes, overflow gives infinity, underflow is gradual. They need no strict_float wrapper
/// around them (one does no harm, but it walks its whole argument). A step of exponentials and the
/// extremes of two floats are left to lowering, which knows the target, and so is what only rare
/// arguments need (codegen/lower/function_instructions.h).
///
/// Two numbers at a function are the largest error in units in the last place that its tests allow,
/// in f32 and f64; measured errors are a little smaller (docs/accuracy.md has them). Functions
/// without them are exact.
///
/// Calls must be qualified (`math::exp(x)`): Halide's functions of the same name are found through
/// argument-dependent look-up.
namespace latent::codegen::math {

using Halide::Expr;

// Arithmetic: exact IEEE operations on floats, wrapping ones on integers.

Expr add(const Expr& a, const Expr& b);
Expr subtract(const Expr& a, const Expr& b);
Expr multiply(const Expr& a, const Expr& b);
/// IEEE quotient of floats. Integers: see floor_divide, which is the only integer division.
Expr divide(const Expr& a, const Expr& b);
/// -x; for floats the sign bit is flipped, so negate(+0) is -0. The smallest integer wraps.
Expr negate(const Expr& x);
/// |x|, in the type of x. The smallest signed integer wraps.
Expr absolute(const Expr& x);
/// 1, -1 or 0 (for both zeros); NaN for NaN. Floats and integers.
Expr sign(const Expr& x);
/// Larger value. NaN if either operand is NaN; maximum(-0, +0) is +0. Floats and integers.
Expr maximum(const Expr& a, const Expr& b);
/// Smaller value. NaN if either operand is NaN; minimum(-0, +0) is -0. Floats and integers.
Expr minimum(const Expr& a, const Expr& b);

// Comparisons: IEEE on floats (any comparison with NaN is false but not_equal). Result is Bool.

Expr equal(const Expr& a, const Expr& b);
Expr not_equal(const Expr& a, const Expr& b);
Expr less(const Expr& a, const Expr& b);
Expr less_equal(const Expr& a, const Expr& b);
Expr is_nan(const Expr& x);
Expr is_infinite(const Expr& x);
Expr is_finite(const Expr& x);

// Rounding and conversion.

Expr floor(const Expr& x);
Expr ceil(const Expr& x);
Expr trunc(const Expr& x);
/// Nearest whole number, ties to even.
Expr round(const Expr& x);
/// Quotient rounded towards minus infinity. Floats and integers.
/// Floats follow NumPy: x / 0 is an infinity or NaN, inf / y is NaN, and a quotient just below a
/// whole number is not rounded up to it. Integers: x / 0 is 0; the smallest integer / -1 wraps.
Expr floor_divide(const Expr& a, const Expr& b);
/// a - floor(a / b) * b: the result has the sign of the divisor, as in Python. Floats and integers.
/// Floats: remainder(x, 0) and remainder(inf, y) are NaN, a zero takes the sign of the divisor, and
/// the result is exact where |a / b| < 2^53 and a zero beyond. Integers: x mod 0 is 0.
Expr remainder(const Expr& a, const Expr& b);
/// Conversion between any two of bool, integers and floats, defined for every value.
/// Float to integer truncates, saturates at the limits of the type and sends NaN to 0. Integer to
/// integer wraps. Anything to bool is x != 0 (so NaN is true).
Expr convert(const Halide::Type& type, const Expr& x);
/// A Float(64) as Float(32), rounded to odd: rounded once more, to fewer digits, it is what x
/// itself rounds to (unless Float(32) has it as a subnormal). See detail::rounded_to_odd in
/// ir/include/latent/half.h.
Expr round_to_odd(const Expr& x);
/// The same number, of which Halide's analyses do not see what it is computed from; floats, or
/// integers of 32 or 64 bits. It is gone before code is generated.
Expr opaque(const Expr& x);

// Roots and powers.

/// Correctly rounded square root; NaN below zero.
Expr sqrt(const Expr& x);
/// 1 / sqrt(x): 1.5, 1.5.
Expr rsqrt(const Expr& x);
/// base ^ exponent, with the special cases of C's pow: 1.6, 1.9. Integers: wrapping product by
/// repeated squaring; a negative exponent gives the truncated reciprocal (0, or +-1 for bases of
/// +-1; 0 for base 0).
Expr pow(const Expr& base, const Expr& exponent);

// Exponentials and logarithms.

/// 1.1, 1.1.
Expr exp(const Expr& x);
/// 1.5, 1.5; exact for whole numbers.
Expr exp2(const Expr& x);
/// exp(x) - 1 without cancellation: 1.9, 2.5.
Expr expm1(const Expr& x);
/// 1.0, 1.0.
Expr log(const Expr& x);
/// 1.5, 1.5; exact for powers of two.
Expr log2(const Expr& x);
/// 1.15, 1.1.
Expr log10(const Expr& x);
/// log(1 + x) without cancellation: 1.0, 1.0.
Expr log1p(const Expr& x);
/// 1 / (1 + exp(-x)), without overflow and accurate in both tails: 1.5, 1.7.
Expr sigmoid(const Expr& x);

// Trigonometric functions, in radians. The errors of sin, cos and tan hold for every f32 argument,
// however large, and for f64 up to 2^29 in magnitude. Beyond that the f64 argument is no longer
// reduced accurately: sin and cos stay in [-1, 1], but their digits soon mean nothing.

/// 1.6, 1.6.
Expr sin(const Expr& x);
/// 1.6, 1.6.
Expr cos(const Expr& x);
/// 1.3, 3.2.
Expr tan(const Expr& x);
/// 1.6, 1.7; NaN outside of [-1, 1].
Expr asin(const Expr& x);
/// 1.4, 1.4; NaN outside of [-1, 1].
Expr acos(const Expr& x);
/// 2.1, 2.6.
Expr atan(const Expr& x);
/// Angle of the point (x, y), in [-pi, pi], with the special cases of C's atan2: 2.5, 2.5.
Expr atan2(const Expr& y, const Expr& x);

// Hyperbolic functions.

/// 1.6, 1.8.
Expr sinh(const Expr& x);
/// 1.5, 1.5.
Expr cosh(const Expr& x);
/// 1.4, 2.6; never beyond [-1, 1].
Expr tanh(const Expr& x);
/// 1.9, 1.9.
Expr asinh(const Expr& x);
/// 1.95, 1.5; NaN below 1.
Expr acosh(const Expr& x);
/// 1.8, 1.8; NaN outside of [-1, 1].
Expr atanh(const Expr& x);

// Functions of probability.

/// 2 / sqrt(pi) * integral of exp(-t^2) from 0 to x: 1.5, 1.6.
Expr erf(const Expr& x);
/// 1 - erf(x), accurate in the upper tail: 1.0, 4.0.
Expr erfc(const Expr& x);
/// The inverse of erf: 1.0, 4.0; NaN outside of [-1, 1].
Expr erfinv(const Expr& x);
/// log |gamma(x)|, infinite at 0, -1, -2, ...: 1.0, 4.0. For negative x the result passes through
/// zeros; beside them the error in f64 is relative to log gamma(1 - x) or 1, the larger one.
Expr lgamma(const Expr& x);

}  // namespace latent::codegen::math
