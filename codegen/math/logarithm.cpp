#include "codegen/math/logarithm.h"

#include "codegen/math/math.h"

#include <cmath>
#include <limits>

// Method: x = 2^e (1 + f), log(x) = e ln 2 + log(1 + f), with ln 2 split so that e times its upper
// part is exact. log(1 + f) is f - f^2/2 + f^3 p(f) in f32, with p minimax (relative error 2^-27).
// In f64 it is fdlibm's form (e_log.c): s = f / (2 + f), log(1 + f) = f - (f^2/2 - s (f^2/2 +
// R(s^2))), with minimax coefficients (relative error 2^-58).

namespace latent::codegen::math {

namespace detail {

namespace {

// Bits of sqrt(1/2), rounded; the exact place of the cut does not matter.
uint64_t sqrt_half_bits(const Type& type) {
    return type.bits() == 64 ? 0x3fe6a09e667f3bcdull : 0x3f3504f3ull;
}

uint64_t one_bits(const Type& type) {
    return static_cast<uint64_t>(exponent_bias(type)) << mantissa_bits(type);
}

struct SplitBits {
    Expr biased_exponent;
    Real fraction;  // as in LogParts
};

SplitBits split(const Real& positive_normal) {
    const Type type = positive_normal.type();
    const uint64_t mantissa_mask = (uint64_t{1} << mantissa_bits(type)) - 1;
    const Expr shifted =
        bits_of(positive_normal) + bits_constant(type, one_bits(type) - sqrt_half_bits(type));
    const Real mantissa = from_bits((shifted & bits_constant(type, mantissa_mask)) +
                                    bits_constant(type, sqrt_half_bits(type)));
    return {shifted >> mantissa_bits(type), mantissa - 1.0};
}

// A small non-negative integer as a Real plus 2^mantissa_bits: placed in the mantissa of that
// number.
Real integer_plus_shift(const Expr& small_integer, const Type& type) {
    const uint64_t shift_bits = static_cast<uint64_t>(exponent_bias(type) + mantissa_bits(type))
                                << mantissa_bits(type);
    return from_bits(small_integer | bits_constant(type, shift_bits));
}

// The values of a logarithm outside of (0, infinity).
Real with_limits(const Real& x, const Real& logarithm) {
    const double infinity = std::numeric_limits<double>::infinity();
    const Real at_pole = choose(x == 0.0, x.constant(-infinity),
                                x.constant(std::numeric_limits<double>::quiet_NaN()));
    return choose(x > 0.0, choose(x < infinity, logarithm, x), at_pole);
}

// e ln 2 + log(1 + f), given the smallest of its terms.
Real sum_of_log(const LogParts& parts, const Real& smallest) {
    const Real& f = parts.fraction;
    return parts.exponent * ln2_high(f.type()) + (f + (log1p_tail(f) + smallest));
}

}  // namespace

double ln2_high(const Type& type) {
    return type.bits() == 64 ? 6.93147180369123816490e-01 : 0.693359375;
}
double ln2_low(const Type& type) {
    return type.bits() == 64 ? 1.90821492927058770002e-10 : -2.12194440e-4;
}

LogParts reduce_log(const Real& x) {
    const int digits = mantissa_bits(x.type());
    const Expr subnormal = x < std::ldexp(1.0, 1 - exponent_bias(x.type()));
    const SplitBits parts = split(choose(subnormal, x * std::ldexp(1.0, digits), x));
    const double offset = std::ldexp(1.0, digits) + exponent_bias(x.type());
    const Real exponent = integer_plus_shift(parts.biased_exponent, x.type()) -
                          choose(subnormal, x.constant(offset + digits), x.constant(offset));
    return {exponent, parts.fraction};
}

Real log1p_tail(const Real& f) {
    const Real half_square = 0.5 * f * f;
    if (f.is_double()) {
        const Real s = f / (2.0 + f);
        const Real z = s * s;
        const Real r =
            z * polynomial(z, {0.6666666666666735, 0.39999999999407465, 0.2857142874414588,
                               0.22222198378057692, 0.18183575185054804, 0.15313755311237495,
                               0.1479907013644902});
        return s * (half_square + r) - half_square;
    }
    const Real p =
        polynomial(f, {3.333333135e-01, -2.500081956e-01, 2.000122815e-01, -1.662335992e-01,
                       1.420174688e-01, -1.316015124e-01, 1.276163310e-01, -7.634637505e-02});
    return f * f * f * p - half_square;
}

Real log_of_parts(const LogParts& parts) {
    return sum_of_log(parts, parts.exponent * ln2_low(parts.fraction.type()));
}

Real log1p_finite(const Real& x) {
    return log_of_sum(two_sum(x.constant(1.0), x));
}

Real log_of_sum(const DoubleReal& sum) {
    const Type type = sum.high.type();
    const SplitBits parts = split(sum.high);
    // The lower part, divided by 2^e, belongs to the fraction (for the largest exponents 2^-e is
    // not normal, but there it does not matter).
    const uint64_t twice_bias = 2 * static_cast<uint64_t>(exponent_bias(type));
    const Expr negated_exponent =
        bits_constant(type, twice_bias) -
        Halide::min(parts.biased_exponent, bits_constant(type, twice_bias - 1));
    const DoubleReal fraction =
        fast_two_sum(parts.fraction, sum.low * power_of_two(negated_exponent));
    const Real exponent = integer_plus_shift(parts.biased_exponent, type) -
                          (std::ldexp(1.0, mantissa_bits(type)) + exponent_bias(type));
    return sum_of_log({exponent, fraction.high}, exponent * ln2_low(type) + fraction.low);
}

}  // namespace detail

using namespace detail;

Expr log(const Expr& argument) {
    const Real x = require_float(argument, "log");
    return with_limits(x, log_of_parts(reduce_log(x)));
}

Expr log2(const Expr& argument) {
    const Real x = require_float(argument, "log2");
    const LogParts parts = reduce_log(x);
    const Real& f = parts.fraction;
    // log2(e) = 1 + 0.44...: the leading f enters unrounded.
    const double excess = 0.4426950408889634;
    const Real correction = f * excess + log1p_tail(f) * (1.0 + excess);
    return with_limits(x, parts.exponent + (f + correction));
}

Expr log10(const Expr& argument) {
    const Real x = require_float(argument, "log10");
    const LogParts parts = reduce_log(x);
    const Real& f = parts.fraction;
    // log10(e) = 1/2 - 0.065...: half of f enters unrounded. log10(2) is split so that the product
    // with the exponent is exact.
    const double log10_2_high = x.is_double() ? 3.01029995663611771306e-01 : 0.30078125;
    const double log10_2_low = x.is_double() ? 3.69423907715893078616e-13 : 2.48745663981195e-04;
    const Real small = log1p_tail(f) * 0.43429448190325182765 + f * -0.06570551809674817 +
                       parts.exponent * log10_2_low;
    return with_limits(x, parts.exponent * log10_2_high + (f * 0.5 + small));
}

Expr log1p(const Expr& argument) {
    const Real x = require_float(argument, "log1p");
    const Real result = with_limits(x + 1.0, log1p_finite(x));
    // Tiny arguments are their own result, which keeps the sign of zero.
    return choose(magnitude(x) < std::ldexp(1.0, -mantissa_bits(x.type()) - 2), x, result);
}

}  // namespace latent::codegen::math
