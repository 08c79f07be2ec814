#include <cmath>
#include <limits>

#include "codegen/math/detail.h"
#include "codegen/math/math.h"

namespace latent::codegen::math {

using namespace detail;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Below this |a / b| the remainder is exact.
const double exact_ratio = std::ldexp(1.0, 53);

struct Division {
    Real quotient;   // floor(a / b), or one more where a / b rounds up to a whole number
    Real remainder;  // a - quotient * b, exactly
};

// The quotient is found in f64 in two steps, of 24 and 29 bits, so that its products with the
// divisor are exact.
Division divide_singles(const Real& dividend, const Real& divisor) {
    const Real a = widen(dividend);
    const Real b = widen(divisor);
    const Real coarse = widen(narrow(Halide::trunc(a / b)));
    const Real rest = a - coarse * b;
    const Real fine = Halide::floor(rest / b);
    return {narrow(coarse + fine), narrow(rest - fine * b)};
}

Division divide_doubles(const Real& a, const Real& b) {
    const Real quotient = Halide::floor(a / b);
    const DoubleReal product = two_product(quotient, b);
    // Divisors too large to be split have small quotients, whose products are exact as they are.
    const Real low = choose(magnitude(quotient) < 3.0, 0.0, product.low);
    return {quotient, (a - product.high) - low};
}

Division divide_finite(const Real& a, const Real& b) {
    return a.is_double() ? divide_doubles(a, b) : divide_singles(a, b);
}

// Whether a remainder is on the wrong side of zero: it should have the sign of the divisor.
Expr opposes(const Real& remainder, const Real& divisor) {
    return Halide::select(divisor < 0.0, remainder > 0.0, remainder < 0.0);
}

// A whole number of magnitude below 2^51 as an integer, wrapping: the sum's last bits are it in
// two's complement. (A conversion of floats would do, but Halide joins it with a conversion that
// follows, and one of a negative number to an unsigned type is undefined.)
Expr whole_number_as(const Type& type, const Real& x) {
    return Halide::cast(type, bits_of(x + std::ldexp(1.5, 52)));
}

// Integers of up to 32 bits are divided as doubles: their quotient is exact enough to be rounded,
// and unlike integer division it is a vector instruction. 64-bit ones take Halide's Euclidean
// division, which does not trap. Neither is asked to divide by 0 or, for signed types, by -1.
Expr floor_divide_integers(const Expr& a, const Expr& b) {
    if (a.type().bits() <= 32) {
        const Type wide = Halide::Float(64, a.type().lanes());
        const Real quotient = Real(Halide::cast(wide, a)) / Real(Halide::cast(wide, b));
        return whole_number_as(a.type(), Halide::floor(quotient));
    }
    const Expr quotient = a / b;
    if (a.type().is_uint()) {
        return quotient;
    }
    // Euclidean and floor division differ for negative divisors that leave a remainder.
    const Expr exact = equal(multiply(quotient, b), a);
    return Halide::select(b < 0 && !exact, subtract(quotient, Halide::cast(a.type(), 1)), quotient);
}

}  // namespace

Expr floor(const Expr& x) {
    return Halide::floor(require_float(x, "floor"));
}
Expr ceil(const Expr& x) {
    return Halide::ceil(require_float(x, "ceil"));
}
Expr trunc(const Expr& x) {
    return Halide::trunc(require_float(x, "trunc"));
}
Expr round(const Expr& x) {
    return Halide::round(require_float(x, "round"));
}

Expr floor_divide(const Expr& dividend, const Expr& divisor) {
    require_same_type(dividend, divisor, "floor_divide");
    const Type type = dividend.type();
    if (!type.is_float()) {
        const Expr zero = Halide::Internal::make_zero(type);
        const Expr one = Halide::Internal::make_one(type);
        Expr unsafe = divisor == zero;
        Expr limit_case = zero;
        if (type.is_int()) {
            limit_case = Halide::select(divisor == -one, negate(dividend), zero);
            unsafe = unsafe || divisor == -one;
        }
        const Expr quotient = floor_divide_integers(dividend, Halide::select(unsafe, one, divisor));
        return Halide::select(unsafe, limit_case, quotient);
    }
    const Real a = require_float(dividend, "floor_divide");
    const Real b = hidden_zero(require_float(divisor, "floor_divide"));
    const Real ratio = a / b;
    const Division finite = divide_finite(a, b);
    const Expr finite_divisor = magnitude(b) < infinity;
    const Real remainder = choose(finite_divisor, finite.remainder, a);
    const Real quotient = choose(finite_divisor, finite.quotient, ratio);
    const Real floored = choose(opposes(remainder, b), quotient - 1.0, quotient);
    const Real rounded =
        choose(floored == 0.0, flip_sign(a.constant(0.0), sign_bits(ratio)), floored);
    // A large ratio is whole already; division by zero leaves it infinite or NaN.
    const Real result = choose(magnitude(ratio) < exact_ratio, rounded, ratio);
    return choose(magnitude(a) < infinity || b == 0.0, result,
                  std::numeric_limits<double>::quiet_NaN());
}

Expr remainder(const Expr& dividend, const Expr& divisor) {
    require_same_type(dividend, divisor, "remainder");
    const Type type = dividend.type();
    if (!type.is_float()) {
        const Expr zero = Halide::Internal::make_zero(type);
        const Expr rest = subtract(dividend, multiply(floor_divide(dividend, divisor), divisor));
        return Halide::select(divisor == zero, zero, rest);
    }
    const Real a = require_float(dividend, "remainder");
    const Real b = hidden_zero(require_float(divisor, "remainder"));
    const Real rest = choose(magnitude(b) < infinity, divide_finite(a, b).remainder, a);
    const Real moved = choose(opposes(rest, b), rest + b, rest);
    // 0 or, by zero or of infinity, NaN.
    const Real otherwise = 0.0 * a / b;
    const Real result = choose(magnitude(a / b) < exact_ratio, moved, otherwise);
    return choose(result == 0.0, flip_sign(a.constant(0.0), sign_bits(b)), result);
}

}  // namespace latent::codegen::math
