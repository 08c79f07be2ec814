#include "codegen/math/logarithm.h"

#include "codegen/math/math.h"

#include <cmath>
#include <initializer_list>
#include <limits>

// Method: x = 2^e (1 + f) with 1 + f from sqrt(1/2) to sqrt(2), log(x) = e ln 2 + log(1 + f), with
// ln 2 split so that e times its upper part is exact. In f32 log(1 + f) is f + f^2 q(f), with q
// minimax (relative error 2^-26, and 2^-28 where f is large and the rest rounds most); of another
// base it is log(e) f + f^2 q(f). In f64 it is fdlibm's form (e_log.c): s = f / (2 + f), log(1 + f)
// = f - (f^2/2 - s (f^2/2 + R(s^2))), with minimax coefficients (relative error 2^-59). Both parts
// of ln 2 and of log10(2) are positive, so that an infinite exponent, which is what zeros and
// infinities have, gives no NaN.

namespace latent::codegen::math {

namespace detail {

namespace {

// Whether x is positive, normal and finite: its bits are in a range, which one comparison of signed
// integers tells, once the range begins at the least of these.
Expr is_normal(const Real& x) {
    const Type type = Halide::Int(x.type().bits(), x.type().lanes());
    const uint64_t one = uint64_t{1} << mantissa_bits(x.type());
    const uint64_t least = uint64_t{1} << (x.type().bits() - 1);
    const uint64_t numbers = 2 * static_cast<uint64_t>(exponent_bias(x.type()));
    const auto whole = [&](const Expr& bits) { return Halide::reinterpret(type, bits); };
    return whole(bits_of(x) + bits_constant(x.type(), least - one)) <
           whole(bits_constant(x.type(), least + numbers * one));
}

// The values of a logarithm outside of (0, infinity).
Real with_limits(const Real& x, const Real& logarithm) {
    const double infinity = std::numeric_limits<double>::infinity();
    const Real at_pole = choose(x == 0.0, x.constant(-infinity),
                                x.constant(std::numeric_limits<double>::quiet_NaN()));
    return choose(x > 0.0, choose(x < infinity, logarithm, x), at_pole);
}

// The parts of 1 + x for the logarithm, without an error: of 1 + fraction the least is 3/4, so
// where x is divided, all that is added are digits of it. (Of large x the fraction is rounded,
// which is too little to matter.)
struct Log1pParts {
    LogParts parts;
    Real inverse;  // 2^-exponent
};

Log1pParts reduce_log1p(const Real& x) {
    const Type type = x.type();
    const int digits = mantissa_bits(type);
    const uint64_t one = static_cast<uint64_t>(exponent_bias(type)) << digits;
    const uint64_t half = uint64_t{1} << (digits - 1);
    // A sum that is rounded to 3/4 or 3/2 belongs to what is below.
    const uint64_t least = one - half + 1;
    const Expr from_least = bits_of(x + 1.0) - bits_constant(type, least);
    const Expr exponent_in_place =
        from_least & bits_constant(type, ~uint64_t{0} >> (64 - type.bits()) >> digits << digits);
    const Real inverse = from_bits(bits_constant(type, one) - exponent_in_place);
    return {{exponent_from_place(from_least), multiply_add(x, inverse, inverse - 1.0)}, inverse};
}

// e ln 2 + log(1 + f), given all but f and the most of the exponent.
Real sum_of_log(const LogParts& parts, const Real& small) {
    const Real& f = parts.fraction;
    return multiply_add(parts.exponent, ln2_high(f.type()), f + small);
}

// log(1 + f) - f + smallest in f64, with coefficients of R.
Real fdlibm_tail(const Real& f, const Real& smallest, std::initializer_list<double> coefficients) {
    const Real half_square = 0.5 * f * f;
    const Real s = f / (2.0 + f);
    const Real z = s * s;
    const Real r = z * polynomial(z, coefficients);
    return multiply_add(s, half_square + r, smallest) - half_square;
}

// The same of f from -1/4 to 1/2.
Real wide_log1p_tail(const Real& f, const Real& smallest) {
    if (f.is_double()) {
        return fdlibm_tail(
            f, smallest,
            {0.666666666666666, 0.4000000000005594, 0.2857142855600734, 0.2222222427618574,
             0.18181667089466083, 0.1539107239773333, 0.1317426236462799, 0.13838563384783825});
    }
    return multiply_add(
        f * f,
        polynomial(f, {-0.5, 3.333348632e-01, -2.499993294e-01, 1.998875290e-01, -1.664971709e-01,
                       1.451188624e-01, -1.317752600e-01, 1.032008827e-01, -4.333370179e-02}),
        smallest);
}

LogParts of_parts(const NumberParts& parts) {
    return {parts.exponent, parts.mantissa - 1.0};
}

// A logarithm, given by the parts of its argument.
Real logarithm(const Real& x, Real (*of)(const LogParts&)) {
    return unless_special(is_normal(x), of(reduce_log_of_normal(x)),
                          with_limits(x, of(reduce_log(x))));
}

}  // namespace

double ln2_high(const Type& type) {
    return type.bits() == 64 ? 6.93147180369123816490e-01 : 0x1.62e4p-1;
}
double ln2_low(const Type& type) {
    return type.bits() == 64 ? 1.90821492927058770002e-10 : 1.42860682030941723212e-06;
}

double large_for_log1p(const Type& type) {
    return std::ldexp(1.0, exponent_bias(type) - 1);
}

LogParts reduce_log(const Real& x) {
    return of_parts(parts_of_positive(x));
}

LogParts reduce_log_of_normal(const Real& x) {
    return of_parts(parts_of_normal(x));
}

Real log1p_tail(const Real& f, const Real& smallest) {
    if (f.is_double()) {
        return fdlibm_tail(
            f, smallest,
            {0.6666666666666735, 0.3999999999940701, 0.28571428744257743, 0.22222198365586424,
             0.18183575881805536, 0.15313736310683587, 0.14799271393836763});
    }
    return multiply_add(
        f * f,
        polynomial(f, {-0.5, 3.333333731e-01, -2.500130832e-01, 2.000142038e-01, -1.660994440e-01,
                       1.418780237e-01, -1.325613856e-01, 1.289281994e-01, -7.572859526e-02}),
        smallest);
}

Real log_of_parts(const LogParts& parts) {
    const Real smallest = parts.exponent * ln2_low(parts.fraction.type());
    return sum_of_log(parts, log1p_tail(parts.fraction, smallest));
}

Real log1p_usual(const DoubleReal& x) {
    const auto [parts, inverse] = reduce_log1p(x.high);
    const Real& f = parts.fraction;
    const Real smallest = multiply_add(parts.exponent, ln2_low(f.type()), x.low * inverse);
    return sum_of_log(parts, wide_log1p_tail(f, smallest));
}

Real log1p_usual(const Real& x) {
    const LogParts parts = reduce_log1p(x).parts;
    const Real& f = parts.fraction;
    return sum_of_log(parts, wide_log1p_tail(f, parts.exponent * ln2_low(f.type())));
}

}  // namespace detail

using namespace detail;

Expr log(const Expr& argument) {
    return logarithm(require_float(argument, "log"), log_of_parts);
}

Expr log2(const Expr& argument) {
    return logarithm(require_float(argument, "log2"), [](const LogParts& parts) {
        const Real& f = parts.fraction;
        if (f.is_double()) {
            // log2(e) = 1 + 0.44...: the leading f enters unrounded.
            const double excess = 0.4426950408889634;
            return parts.exponent +
                   (f + (f * excess + log1p_tail(f, f.constant(0.0)) * (1.0 + excess)));
        }
        const double log2_e_low = 1.9259629911e-08;
        const Real rest =
            f * polynomial(f, {log2_e_low, -7.213473320e-01, 4.808982015e-01, -3.606986701e-01,
                               2.885714173e-01, -2.395673692e-01, 2.044862658e-01, -1.913902611e-01,
                               1.870903522e-01, -1.102603301e-01});
        return parts.exponent + multiply_add(f, 0x1.715476p+0, rest);
    });
}

Expr log10(const Expr& argument) {
    return logarithm(require_float(argument, "log10"), [](const LogParts& parts) {
        const Real& f = parts.fraction;
        // log10(2) is split so that the product with the exponent is exact.
        if (f.is_double()) {
            // log10(e) = 1/2 - 0.065...: half of f enters unrounded.
            const Real small = log1p_tail(f, f.constant(0.0)) * 0.43429448190325182765 +
                               f * -0.06570551809674817 +
                               parts.exponent * 3.69423907715893078616e-13;
            return parts.exponent * 3.01029995663611771306e-01 + (f * 0.5 + small);
        }
        const double log10_e_low = -1.0103050063214e-08;
        const Real small = multiply_add(
            f,
            polynomial(f, {log10_e_low, -2.171471864e-01, 1.447647959e-01, -1.085809171e-01,
                           8.686764538e-02, -7.212121040e-02, 6.157999858e-02, -5.760219693e-02,
                           5.615608767e-02, -3.301425278e-02}),
            parts.exponent * 2.48745663981195e-04);
        return multiply_add(parts.exponent, 0.30078125, multiply_add(f, 0x1.bcb7b2p-2, small));
    });
}

Expr log1p(const Expr& argument) {
    const Real x = require_float(argument, "log1p");
    const Real usual = log1p_usual(x);
    const double large = large_for_log1p(x.type());
    const Real positive = choose(x < large, usual, log_of_parts(reduce_log(x)));
    const Real value = unless_rare(x > -1.0 && x < large, usual, with_limits(x + 1.0, positive));
    // It has the sign of its argument, of zeros too.
    return from_bits(bits_of(value) | sign_bits(x));
}

}  // namespace latent::codegen::math
