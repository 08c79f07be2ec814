#include "codegen/math/exponential.h"

#include "codegen/math/math.h"

#include <cmath>

// Method: x = k ln 2 + r with |r| <= ln(2) / 2, exp(x) = 2^k (1 + (r + r^2 q(r))). ln 2 is split so
// that k times its upper part is exact (Cody and Waite). The coefficients of q are minimax for a
// weight of |r|, which keeps the relative error of r + r^2 q(r) itself small: below 2^-26 (f32) and
// 2^-55 (f64).

namespace latent::codegen::math {

namespace detail {

namespace {

constexpr double log2_e = 1.4426950408889634;

// A range outside of which exp is 0 or infinite. Its lower end is the least k that can be scaled by
// (scale).
Real clamp_exponent(const Real& x) {
    return x.is_double() ? clamp(x, -1418.0, 710.0) : clamp(x, -176.0, 89.0);
}

// Just beyond log(2 max): there half of exp overflows, yet a quarter of 2^k does not.
double overflow_of_half(const Type& type) {
    return type.bits() == 64 ? 710.6 : 89.5;
}

Real exp_tail(const Real& r) {
    const Real q = polynomial(
        r, {0.5, 1.666654348e-01, 4.166628048e-02, 8.366610855e-03, 1.394649968e-03},
        {0.5000000000000006, 0.16666666666666685, 0.04166666666657332, 0.008333333333314501,
         0.0013888888932484405, 0.00019841269903236882, 2.4801504311759615e-05,
         2.7557227760642574e-06, 2.762638241002291e-07, 2.5114536909116754e-08});
    return multiply_add(r * r, q, r);
}

Real subtract_ln2_multiple(const Real& x, const Real& k) {
    // fdlibm's split for f64 (33 bits), Cephes' for f32 (9 bits).
    const double high = x.is_double() ? 6.93147180369123816490e-01 : 0.693359375;
    const double low = x.is_double() ? 1.90821492927058770002e-10 : -2.12194440e-4;
    return multiply_add(k, -low, multiply_add(k, -high, x));
}

}  // namespace

ExpParts reduce_exp(const Real& x, int bias) {
    const Whole k = nearest_multiple(x, log2_e, bias);
    return {k, exp_tail(subtract_ln2_multiple(x, k.value))};
}

Real exp2m1_fraction(const Real& fraction) {
    return fraction *
           polynomial(fraction,
                      {6.931471825e-01, 2.402265072e-01, 5.550327525e-02, 9.618002921e-03,
                       1.340040239e-03, 1.547653228e-04},
                      {0.6931471805599453, 0.24022650695910133, 0.05550410866482174,
                       0.00961812910759305, 0.001333355814637871, 0.00015403530458468341,
                       1.5252733867848164e-05, 1.3215434608827911e-06, 1.0178046335616225e-07,
                       7.073898095035616e-09, 4.457405896049442e-10});
}

Real exp_sum(const Real& high, const Real& low) {
    const Real clamped = clamp_exponent(high);
    const Whole k = nearest_multiple(clamped + low, log2_e, 2 * exponent_bias(high.type()));
    return scale(exp_tail(subtract_ln2_multiple(clamped, k.value) + low) + 1.0, k);
}

Real half_exp(const Real& x) {
    const Real clamped = at_most(x, overflow_of_half(x.type()));
    const ExpParts parts = reduce_exp(clamped, exponent_bias(x.type()) - 2);
    const Real quarter = power_of_two(parts.k.bits);
    return 2.0 * (quarter * parts.tail + quarter);
}

}  // namespace detail

using namespace detail;

Expr exp(const Expr& argument) {
    const Real x = require_float(argument, "exp");
    const ExpParts parts = reduce_exp(clamp_exponent(x), 2 * exponent_bias(x.type()));
    return scale(parts.tail + 1.0, parts.k);
}

Expr exp2(const Expr& argument) {
    const Real x = require_float(argument, "exp2");
    const Real clamped = x.is_double() ? clamp(x, -1076.0, 1025.0) : clamp(x, -151.0, 129.0);
    const Whole k = nearest_whole(clamped, 2 * exponent_bias(x.type()));
    return scale(exp2m1_fraction(clamped - k.value) + 1.0, k);
}

Expr expm1(const Expr& argument) {
    const Real x = require_float(argument, "expm1");
    // Below the lower limit the result rounds to -1.
    const Real clamped = x.is_double() ? clamp(x, -40.0, 710.0) : clamp(x, -20.0, 89.0);
    const ExpParts parts = reduce_exp(clamped, exponent_bias(x.type()) - 1);
    const Real half = power_of_two(parts.k.bits);
    const Real result = 2.0 * (half * parts.tail + (half - 0.5));
    // Tiny arguments are their own result: keeps the sign of zero and the last bit of subnormals.
    return choose(magnitude(x) < std::ldexp(1.0, -mantissa_bits(x.type()) - 2), x, result);
}

Expr sigmoid(const Expr& argument) {
    const Real x = require_float(argument, "sigmoid");
    // With exp(-x) = (1 + tail) / p, p a power of two: p / (p + 1 + tail), where what rounding
    // takes from p + 1 is added to the tail. Beyond the limits the result rounds to 0 and 1.
    const Real clamped = x.is_double() ? clamp(x, -746.0, 709.0) : clamp(x, -104.0, 88.0);
    const Whole k = nearest_multiple(clamped, log2_e, 2 * exponent_bias(x.type()));
    const Real tail = exp_tail(-subtract_ln2_multiple(clamped, k.value));
    const Real power = scale(x.constant(1.0), k);
    const DoubleReal sum = fast_two_sum(x.constant(1.0), power);
    return power / (sum.high + (tail + sum.low));
}

}  // namespace latent::codegen::math
