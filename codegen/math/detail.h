#pragma once

#include <Halide.h>

#include <initializer_list>

/// Building blocks shared by the implementations of codegen/math.
namespace latent::codegen::math::detail {

using Halide::Expr;
using Halide::Type;

/// A floating-point expression whose operators are strict IEEE operations, built directly.
/// (Halide::strict_float rewrites a finished expression as a tree, which takes exponential time
/// where operands are shared.) Mixed operations with a C++ number convert it to the operand's type.
class Real {
  public:
    // Both conversions are implicit, since a Real is no more than an Expr with other operators.
    Real(const Expr& value);                         // NOLINT(google-explicit-constructor)
    operator const Expr&() const { return value_; }  // NOLINT(google-explicit-constructor)

    const Expr& expr() const { return value_; }
    Type type() const { return value_.type(); }
    bool is_double() const { return value_.type().bits() == 64; }
    /// The number as a constant of this expression's type.
    Real constant(double value) const;

  private:
    Expr value_;
};

Real operator+(const Real& a, const Real& b);
Real operator-(const Real& a, const Real& b);
Real operator*(const Real& a, const Real& b);
Real operator/(const Real& a, const Real& b);
inline Real operator+(const Real& a, double b) {
    return a + a.constant(b);
}
inline Real operator-(const Real& a, double b) {
    return a - a.constant(b);
}
inline Real operator*(const Real& a, double b) {
    return a * a.constant(b);
}
inline Real operator+(double a, const Real& b) {
    return b.constant(a) + b;
}
inline Real operator-(double a, const Real& b) {
    return b.constant(a) - b;
}
inline Real operator*(double a, const Real& b) {
    return b.constant(a) * b;
}
inline Real operator/(double a, const Real& b) {
    return b.constant(a) / b;
}
Real operator-(const Real& x);

Expr operator<(const Real& a, const Real& b);
Expr operator<=(const Real& a, const Real& b);
Expr operator==(const Real& a, const Real& b);
Expr operator!=(const Real& a, const Real& b);
inline Expr operator>(const Real& a, const Real& b) {
    return b < a;
}
inline Expr operator>=(const Real& a, const Real& b) {
    return b <= a;
}
inline Expr operator<(const Real& a, double b) {
    return a < a.constant(b);
}
inline Expr operator<=(const Real& a, double b) {
    return a <= a.constant(b);
}
inline Expr operator>(const Real& a, double b) {
    return a > a.constant(b);
}
inline Expr operator>=(const Real& a, double b) {
    return a >= a.constant(b);
}
inline Expr operator==(const Real& a, double b) {
    return a == a.constant(b);
}

Real choose(const Expr& condition, const Real& if_true, const Real& if_false);
inline Real choose(const Expr& condition, double if_true, const Real& if_false) {
    return choose(condition, if_false.constant(if_true), if_false);
}
inline Real choose(const Expr& condition, const Real& if_true, double if_false) {
    return choose(condition, if_true, if_true.constant(if_false));
}

/// Throws std::invalid_argument unless x is Float(32) or Float(64); `function` names the caller.
Real require_float(const Expr& x, const char* function);
/// Throws std::invalid_argument unless the operands have one type.
void require_same_type(const Expr& a, const Expr& b, const char* function);

// Clamping that lets NaN through.
Real at_most(const Real& x, double limit);
Real at_least(const Real& x, double limit);
inline Real clamp(const Real& x, double low, double high) {
    return at_most(at_least(x, low), high);
}

/// a * b + c. Rounded once where the target has an instruction for that: elsewhere lowering makes a
/// product and a sum of it (codegen/lower/fused_arithmetic.h). Not for elementwise arithmetic of
/// graphs, whose operations round one by one.
Real multiply_add(const Real& a, const Real& b, const Real& c);
inline Real multiply_add(const Real& a, double b, const Real& c) {
    return multiply_add(a, a.constant(b), c);
}
inline Real multiply_add(const Real& a, double b, double c) {
    return multiply_add(a, a.constant(b), a.constant(c));
}

/// c[0] + c[1] x + c[2] x^2 + ..., by Horner's rule in x^2 on pairs of terms, which halves the
/// chain of dependent operations for one more product.
Real polynomial(const Real& x, std::initializer_list<double> coefficients);
/// Picks the coefficients by the type of x.
Real polynomial(const Real& x, std::initializer_list<double> single_coefficients,
                std::initializer_list<double> double_coefficients);

// Bit patterns. They are unsigned, so arithmetic on them wraps.

int mantissa_bits(const Type& type);  // 23 or 52
int exponent_bias(const Type& type);  // 127 or 1023
Type bits_type(const Type& type);     // UInt(32) or UInt(64), same lanes
Expr bits_constant(const Type& type, uint64_t value);
Expr bits_of(const Real& x);
Real from_bits(const Expr& bits);
/// |x|
Real magnitude(const Real& x);
/// Sign bit of x alone, as bits.
Expr sign_bits(const Real& x);
/// The magnitude bits of a non-negative value with the sign flipped where sign_bits is set.
Real flip_sign(const Real& value, const Expr& sign);
/// The same number as a divisor: Halide refuses to divide by what it finds to be zero. Only LLVM
/// sees that a factor of 1 changes nothing.
Real hidden_zero(const Real& divisor);
/// x rounded to half of its digits, so that products of two such values, or of what they leave of
/// x, are exact. Infinite within 2^-12 (f32) or 2^-26 (f64) of the largest number.
Real upper_half(const Real& x);

// Conversions between Float(32) and Float(64) for finite values only: Halide lets LLVM assume that
// what it converts is neither NaN nor infinite, even beside strict operations. (math::convert is
// for all values.)
Real widen(const Real& x);
Real narrow(const Real& x);

/// A whole number as a Real and, in the low bits of `bits`, as an integer plus `bias`.
struct Whole {
    Real value;
    Expr bits;
};
/// Nearest whole number to x, ties to even, for |x| < 2^(mantissa_bits - 2). The integer comes from
/// the mantissa of a shifted sum, which costs no conversion instruction.
Whole nearest_whole(const Real& x, int bias = 0);
/// The same for x * factor, which need not be rounded before.
Whole nearest_multiple(const Real& x, double factor, int bias = 0);

/// The exponent in the upper bits, as of a float but signed and not biased. (Of 64 bits, from -1023
/// on.)
Real exponent_from_place(const Expr& bits);

/// 2^k from the bits of a Whole made with bias exponent_bias, if -bias < k <= bias.
Real power_of_two(const Expr& biased);
/// value * 2^k of a Whole made with bias 2 * exponent_bias, for |k| <= 2 * exponent_bias. Overflows
/// to infinity and underflows gradually; value * 2^(k/2) must be normal. Of the least k it is
/// zero for any value, and takes no longer than of others: exp(-inf), of a masked term. A step that
/// lowering makes instructions of (codegen/lower/power_scaling.h).
Real scale(const Real& value, const Whole& k);

/// The name of the call that scale makes, of the value, k, and its bits.
inline constexpr const char* power_scaling = "latent.scale_by_power_of_two";

/// `usual` where `is_usual`, else `rare`, which takes no time where it is wanted for no element of
/// a vector. `usual` may rely on multiply-adds that round once: where the target has none, `rare`,
/// which is right for all elements, is taken for all (codegen/lower/rare_arguments.h).
Real unless_rare(const Expr& is_usual, const Real& usual, const Real& rare);

/// The name of the call that unless_rare makes, of its operands.
inline constexpr const char* rare_arguments = "latent.unless_rare";

/// What a positive number is made of: 2^exponent * mantissa, sqrt(1/2) <= mantissa < sqrt(2). Steps
/// that lowering makes instructions of (codegen/lower/number_parts.h). Where the target has some
/// for them, they are right for all numbers: the exponent of zeros is -infinity, that of infinities
/// infinity, the mantissa of both 1, and that of negative numbers NaN.
struct NumberParts {
    Real exponent;
    Real mantissa;
};
/// Of positive finite numbers.
NumberParts parts_of_positive(const Real& x);
/// Of normal ones alone, which takes less.
NumberParts parts_of_normal(const Real& x);

/// The names of the calls for parts, of a number and whether it may be denormal.
inline constexpr const char* number_exponent = "latent.exponent";
inline constexpr const char* number_mantissa = "latent.mantissa";

/// unless_rare, of a `usual` that is right for all numbers where parts_of_normal is: there it is
/// taken for all, without a branch.
Real unless_special(const Expr& is_usual, const Real& usual, const Real& rare);

/// The name of the call that unless_special makes, of its operands.
inline constexpr const char* special_arguments = "latent.unless_special";

/// The larger or the smaller of two floats, as math::maximum and math::minimum have it. Lowering
/// makes instructions of it (codegen/lower/extremes.h).
Real extreme(const char* which, const Real& a, const Real& b);

/// The names of the calls that extreme makes.
inline constexpr const char* larger = "latent.larger";
inline constexpr const char* smaller = "latent.smaller";

/// An unevaluated sum of two values, |low| at most half a unit in the last place of high.
struct DoubleReal {
    Real high;
    Real low;
};
/// Exact sum (Knuth).
DoubleReal two_sum(const Real& a, const Real& b);
/// Exact sum where |a| >= |b| or a is 0 (Dekker).
DoubleReal fast_two_sum(const Real& a, const Real& b);
/// Exact product (Dekker), barring underflow and operands that upper_half cannot split.
DoubleReal two_product(const Real& a, const Real& b);

}  // namespace latent::codegen::math::detail
