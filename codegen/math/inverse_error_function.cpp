#include <limits>

#include "codegen/math/logarithm.h"
#include "codegen/math/math.h"

namespace latent::codegen::math {

using namespace detail;

namespace {

constexpr double ln2 = 0.6931471805599453;

// For 0 <= x, given what is right below 1.
Real with_limits(const Real& x, const Real& inside) {
    const Real limit = detail::choose(x == 1.0, x.constant(std::numeric_limits<double>::infinity()),
                                      x.constant(std::numeric_limits<double>::quiet_NaN()));
    return detail::choose(x < 1.0, inside, limit);
}

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

// Beyond, AS 241 has a rational function of sqrt(-log((1 - x) / 2)), here for roots up to 5. The
// result is not far from the root itself, so that is taken out of it, too.
Fraction tail_fraction(const Real& root) {
    const Real r = root - 1.6;
    return {
        polynomial(r, {-0.593477966396312134, -1.01096331241840787, -0.655756745600046325,
                       -0.200594278979914604, -0.028384051745587711, -0.00145705259609006792,
                       -6.63177067152293165e-6, 9.05422307973492566e-8, -1.0507500716444169e-9}),
        polynomial(
            r, {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
                1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
                1.05075007164441684324e-9})};
}

// And for larger ones: 1 - x < 2.8e-11.
Fraction far_tail_fraction(const Real& root) {
    const Real r = root - 5.0;
    return {
        polynomial(r, {-0.292150478086966859, -0.135681671150556838, -0.0224186615523281701,
                       -0.00160669600449287182, -0.0000486158126100102338, -4.91064407306241396e-7,
                       -3.45752032113898262e-10, 9.22566256025242446e-13, -2.0442631033899397e-15}),
        polynomial(r,
                   {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1,
                    1.48753612908506148525e-2, 7.86869131145613259100e-4, 1.84631831751005468180e-5,
                    1.42151175831644588870e-7, 2.04426310338993978564e-15})};
}

// For 0 <= x < 1 in f64.
Real erfinv_of_double(const Real& x) {
    const Real log_tail = log_of_parts(reduce_log(0.5 * (1.0 - x)));
    const Real root = Real(Halide::sqrt((-log_tail).expr()));
    const Fraction tail = choose(root <= 5.0, tail_fraction(root), far_tail_fraction(root));
    const Expr central = x <= 0.85;
    const Real square = x * x;
    const Fraction fraction = choose(central, central_fraction(square), tail);
    const Real quotient = fraction.numerator / fraction.denominator;
    const double half_sqrt_pi = 0.8862269254527580;
    return detail::choose(central, x * half_sqrt_pi + x * (square * quotient), root + quotient);
}

// In f32 erfinv(x) / x is a polynomial of w = -log(1 - x^2) where w <= 5, else one of its root.
// (M. Giles, Approximating the erfinv function, GPU Computing Gems 2, 2011. Coefficients of our
// own, minimax, relative errors 2^-31 and 2^-29.) The polynomials are in f64, so that nothing but
// w and the last rounding counts.
constexpr double largest_central_single = 0.9966;  // w is 4.99

// -log(x) in f64, of a normal f32 up to 1: only the two parts that are added are rounded to f32.
Real wide_minus_log(const Real& x) {
    const auto [exponent, fraction] = reduce_log_of_normal(x);
    const Real mantissa_log = fraction + log1p_tail(fraction, fraction.constant(0.0));
    return multiply_add(widen(exponent), -ln2, -widen(mantissa_log));
}

// For 0 <= x in f32; NaN beyond 1.
Real erfinv_of_single(const Real& x) {
    const Real w = wide_minus_log((1.0 - x) * (1.0 + x));
    const Real wide = widen(x);
    const Real central =
        narrow(wide * polynomial(w - 2.5, {1.5014093516925116, 0.24664027578566713,
                                           -0.004177324636216577, -0.0012527048769397427,
                                           0.00021826355750232022, -4.998759725060535e-06,
                                           -3.4260121688775083e-06, 4.796988453528087e-07,
                                           1.6457231453045118e-08, -1.1023213798041128e-08,
                                           4.370310584159906e-10, 1.3285901455448538e-10}));
    const Real root = Real(Halide::sqrt(w)) - 3.0;
    const Real tail =
        narrow(wide * polynomial(root, {2.832976801243433, 1.0016752359777514, 0.009445317269850389,
                                        -0.0076427388369821846, 0.005687554862658674,
                                        -0.003567277054359192, 0.0014756315591882851,
                                        -0.00011960125924678278, -0.00027829515735013516,
                                        0.00016022065162579887, -2.9055426224243835e-05}));
    const Expr is_central = x < largest_central_single;
    return unless_rare(is_central, central,
                       with_limits(x, detail::choose(is_central, central, tail)));
}

}  // namespace

Expr erfinv(const Expr& argument) {
    const Real x = require_float(argument, "erfinv");
    const Real size = magnitude(x);
    const Real value =
        x.is_double() ? with_limits(size, erfinv_of_double(size)) : erfinv_of_single(size);
    return flip_sign(value, sign_bits(x));
}

}  // namespace latent::codegen::math
