#include <limits>

#include "codegen/math/logarithm.h"
#include "codegen/math/math.h"

namespace latent::codegen::math {

using namespace detail;

namespace {

struct Fraction {
    Real numerator;
    Real denominator;
};

Fraction choose(const Expr& condition, const Fraction& if_true, const Fraction& if_false) {
    return {detail::choose(condition, if_true.numerator, if_false.numerator),
            detail::choose(condition, if_true.denominator, if_false.denominator)};
}

// sqrt(2) erfinv(x) for 0 <= x < 1 is the normal quantile of (1 + x) / 2. (M. J. Wichura, Algorithm
// AS 241: the percentage points of the normal distribution, Applied Statistics 37, 1988, PPND16.)
// Up to 0.85 it is x times a rational function R of r = 0.425^2 - x^2 / 4. Most of the result is
// the value at zero, sqrt(pi) / 2, so that is taken out of R: the rest is x^2 times the fraction
// here, with AS 241's denominator.
Fraction central_fraction(const Real& square) {
    const Real r = 0.180625 - 0.25 * square;
    return {
        polynomial(
            r, {0.430872506732641088, 15.6359379459778213, 208.446765767528505, 1257.01342158857512,
                3409.93840891286797, 3579.34861845303067, 936.191693061416222}),
        polynomial(r, {1.0, 4.2313330701600911252e1, 6.8718700749205790830e2,
                       5.3941960214247511077e3, 2.1213794301586595867e4, 3.9307895800092710610e4,
                       2.8729085735721942674e4, 5.2264952788528545610e3})};
}

// Beyond, a rational function of r = sqrt(-log((1 - x) / 2)), here for r up to 5.
Fraction tail_quantile(const Real& root) {
    const Real r = root - 1.6;
    return {polynomial(
                r, {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
                    3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
                    2.27238449892691845833e-2, 7.74545014278341407640e-4}),
            polynomial(
                r, {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0,
                    6.89767334985100004550e-1, 1.48103976427480074590e-1, 1.51986665636164571966e-2,
                    5.47593808499534494600e-4, 1.05075007164441684324e-9})};
}

// And for larger r: 1 - x < 2.8e-11.
Fraction far_tail_quantile(const Real& root) {
    const Real r = root - 5.0;
    return {polynomial(
                r, {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
                    2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                    2.71155556874348757815e-5, 2.01033439929228813265e-7}),
            polynomial(
                r, {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1,
                    1.48753612908506148525e-2, 7.86869131145613259100e-4, 1.84631831751005468180e-5,
                    1.42151175831644588870e-7, 2.04426310338993978564e-15})};
}

// For 0 <= x < 1 in f64. No f32 reaches the far tail.
Real erfinv_of_double(const Real& x, bool reaches_far_tail) {
    const Real log_tail = log_of_parts(reduce_log(0.5 * (1.0 - x)));
    const Real root = Real(Halide::sqrt((-log_tail).expr()));
    Fraction tail = tail_quantile(root);
    if (reaches_far_tail) {
        tail = choose(root <= 5.0, tail, far_tail_quantile(root));
    }
    const Expr central = x <= 0.85;
    const Real square = x * x;
    const Fraction fraction = choose(central, central_fraction(square), tail);
    const Real quotient = fraction.numerator / fraction.denominator;
    const double half_sqrt_pi = 0.8862269254527580;
    const double inverse_sqrt_two = 0.7071067811865476;
    return detail::choose(central, x * half_sqrt_pi + x * (square * quotient),
                          inverse_sqrt_two * quotient);
}

}  // namespace

Expr erfinv(const Expr& argument) {
    const Real x = require_float(argument, "erfinv");
    const Real size = magnitude(x);
    const Real inside =
        x.is_double() ? erfinv_of_double(size, true) : narrow(erfinv_of_double(widen(size), false));
    const Real limit = choose(size == 1.0, x.constant(std::numeric_limits<double>::infinity()),
                              x.constant(std::numeric_limits<double>::quiet_NaN()));
    return flip_sign(detail::choose(size < 1.0, inside, limit), sign_bits(x));
}

}  // namespace latent::codegen::math
