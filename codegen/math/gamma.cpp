#include <limits>

#include "codegen/math/logarithm.h"
#include "codegen/math/math.h"

// Polynomials interpolate at Chebyshev nodes (relative error 2^-56). f32 is computed in f64: near
// the zeros of log |gamma| on the negative axis only more digits give an accurate result.

namespace latent::codegen::math {

using namespace detail;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double largest_single = std::numeric_limits<float>::max();

constexpr double euler_gamma = 0.5772156649015329;

// (log gamma(2 + y) / y - (1 - euler_gamma)) / y on [-0.6, 0.5].
Real log_gamma_at_two(const Real& y) {
    return polynomial(
        y, {0.3224670334241132, -0.067352301053197978, 0.020580808427789647, -0.0073855510286870172,
            0.0028905103304093753, -0.0011927539111770029, 0.00050966953465832067,
            -0.00022315476840276938, 9.9457350882934033e-5, -4.4926141726414126e-5,
            2.0508783383673937e-5, -9.4399012895089351e-6, 4.3655301682228252e-6,
            -2.0391734399461219e-6, 9.8875109180822827e-7, -4.42629772819981e-7,
            1.4368572757873613e-7, -1.232509825234198e-7, 1.1211227780525021e-7});
}

// Stirling's series: log gamma(x) = (x - 1/2) (log(x) - 1) + this, for x >= 8.
Real stirling_correction(const Real& x) {
    const Real reciprocal = 1.0 / x;
    const double half_log_two_pi_minus_half = 0.41893853320467274;
    return half_log_two_pi_minus_half +
           reciprocal * polynomial(reciprocal * reciprocal,
                                   {0.083333333333333296, -0.0027777777776062441,
                                    0.0007936506649488251, -0.00059520259518026087,
                                    0.00083728345120646886, -0.0016526004455440649});
}

// For x > 0. Below 8 the recurrence leads to 2 + y with a small y:
//   log gamma(x) = log gamma(2 + y) - log(factors) below 1.4, + log(factors) above.
// Near 1, where the result vanishes, the single factor is 1 + y, so that y, the leading term of its
// logarithm, cancels the one in (1 - euler_gamma) y exactly.
Real log_gamma_of_positive(const Real& x) {
    const double first_stirling = 8.0;
    const Expr stirling = x >= first_stirling;
    const Expr low = x < 1.4;
    const Real limited = at_most(x, first_stirling);
    const Real nearest = Real(Halide::round(limited));
    const Real whole = choose(low, nearest, at_least(nearest, 2.0));
    const Real y = limited - whole;

    const Real low_factors = choose(whole == 0.0, x * (x + 1.0), x);
    Real high_factors = x.constant(1.0);
    for (int i = 1; i <= 6; ++i) {
        high_factors = choose(whole >= i + 2.0, high_factors * (limited - i), high_factors);
    }
    const Real factors = choose(low, low_factors, high_factors);

    const LogParts parts = reduce_log(choose(stirling, x, factors));
    const Real& f = parts.fraction;
    const Real log_high = parts.exponent * ln2_high(x.type());
    const Real log_low = log1p_tail(f, parts.exponent * ln2_low(x.type()));

    const Real correction = y * log_gamma_at_two(y);
    const Real below = ((y - f) - y * euler_gamma) + (y * correction - log_low) - log_high;
    const Real above = log_high + (f + (y * ((1.0 - euler_gamma) + correction) + log_low));
    const Real series = (x - 0.5) * (log_of_parts(parts) - 1.0) + stirling_correction(x);
    return choose(stirling, series, choose(low, below, above));
}

// |sin(pi x)|
Real magnitude_of_sine_of_half_turns(const Real& x) {
    const Real rest = magnitude(x - Real(Halide::round(x)));
    const Real square = rest * rest;
    const double pi = 3.141592653589793;
    const Real p =
        polynomial(square, {-5.16771278004997, 2.5501640398773401, -0.59926452932034303,
                            0.082145886596752322, -0.0073704307196345865, 0.00046630087411496363,
                            -2.1906201655131958e-5, 7.7257430307898759e-7});
    return rest * (pi + square * p);
}

// In f64, for finite x but 0, -1, -2, ...
Real log_gamma(const Real& x) {
    // Reflection: gamma(x) gamma(1 - x) = pi / sin(pi x). Beside 0, where the sine may be denormal,
    // log |gamma(x)| is -log |x|.
    const Expr reflected = x < -0x1p-60;
    const Real positive = log_gamma_of_positive(choose(reflected, 1.0 - x, magnitude(x)));
    const Real log_sine = log_of_parts(reduce_log(magnitude_of_sine_of_half_turns(x)));
    const double log_pi = 1.1447298858494002;
    return choose(reflected, (log_pi - positive) - log_sine, positive);
}

Real log_gamma_in_own_type(const Real& x) {
    if (x.is_double()) {
        return log_gamma(x);
    }
    const Real wide = log_gamma(widen(x));
    return choose(wide > largest_single, infinity, narrow(at_most(wide, largest_single)));
}

}  // namespace

Expr lgamma(const Expr& argument) {
    const Real x = require_float(argument, "lgamma");
    const Expr pole = x <= 0.0 && Real(Halide::floor(x)) == x;
    const Real result =
        choose(pole || magnitude(x) == infinity, infinity, log_gamma_in_own_type(x));
    return choose(x == x, result, x);
}

}  // namespace latent::codegen::math
