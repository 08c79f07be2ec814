#include "codegen/math/exponential.h"
#include "codegen/math/math.h"

// All coefficients are minimax, computed with the Remez exchange.

namespace latent::codegen::math {

using namespace detail;

namespace {

// erf below erf_small_limit: x + x p(x^2).
double erf_small_limit(const Type& type) {
    return type.bits() == 64 ? 1.0 : 1.125;
}

Real erf_small(const Real& x) {
    return x + x * polynomial(
                       x * x,
                       {1.283791661e-01, -3.761259019e-01, 1.128317714e-01, -2.683710679e-02,
                        5.157502834e-03, -7.748544449e-04, 7.021929923e-05},
                       {0.12837916709551256, -0.3761263890318352, 0.11283791670944185,
                        -0.026866170643111534, 0.005223977606119031, -0.0008548325929341408,
                        0.00012055293577709793, -1.4924712317577584e-05, 1.644713176289836e-06,
                        -1.6206315216985952e-07, 1.3710986646190439e-08, -7.779480003192625e-10});
}

// For a = |x|: erfc(a) = exp(-a^2) p((a - 4) / (a + 4)) / (1 + 2 a), where p approximates
// (1 + 2 a) exp(a^2) erfc(a). (M. M. Shepherd and J. G. Laframboise, Chebyshev approximation of
// (1 + 2 x) exp(x^2) erfc x in 0 <= x < infinity, Mathematics of Computation 36, 1981.)
Real erfc_variable(const Real& size) {
    return (size - 4.0) / (size + 4.0);
}

Real erfc_of_double(const Real& x) {
    const Real size = at_most(magnitude(x), 27.3);  // There the result is 0.
    const Real p =
        polynomial(erfc_variable(size),
                   {1.2329951186255526,     -0.13962111684056316,   0.015379652102605884,
                    0.06809705425476284,    -0.10103906603555092,   0.09373283499622964,
                    -0.06633036582837927,   0.03716751556545062,    -0.01619773387846508,
                    0.005031969789310261,   -0.0007577744542149622, -0.00019925602604688454,
                    0.00015062639051512312, -2.440023081764168e-05, -1.1234161229864035e-05,
                    5.708996499353288e-06,  3.1345804576669267e-07, -8.199747423307813e-07,
                    5.560891834547814e-08,  1.0151917336518373e-07, -8.220171914620656e-09,
                    -8.441630447504157e-09});
    // The square must be exact, since its absolute error becomes a relative one.
    const Real high = upper_half(size);
    const Real exponential = exp_sum(-(high * high), (high - size) * (high + size));
    const Real upper_tail = exponential * (p / (1.0 + 2.0 * size));
    const Real tail = choose(x < 0.0, 2.0 - upper_tail, upper_tail);
    return choose(magnitude(x) < 0.5, 1.0 - erf_small(x), tail);
}

// In f64, where nothing is lost that an f32 shows: the formula has many steps.
Real erfc_of_single(const Real& x) {
    const Real size = widen(at_most(magnitude(x), 10.5));
    const Real p =
        polynomial(erfc_variable(size),
                   {1.2329951186702604, -0.13962113508087252, 0.015379632796214666,
                    0.068098012204793379, -0.10103765591661544, 0.093719560640988972,
                    -0.066357843495891829, 0.037225294259082766, -0.016011739363003259,
                    0.0050534061954830877, -0.0011351168046419696, -0.0006427418454999485});
    const ExpParts parts = reduce_exp(-(size * size), exponent_bias(size.type()));
    const Real exponential = (parts.tail + 1.0) * power_of_two(parts.k.bits);
    const Real upper_tail = exponential * p / (1.0 + 2.0 * size);
    const Real tail = narrow(choose(x < 0.0, 2.0 - upper_tail, upper_tail));
    return choose(x == x, tail, x);
}

}  // namespace

Expr erf(const Expr& argument) {
    const Real x = require_float(argument, "erf");
    const Real size = magnitude(x);

    // Beyond the small range: 1 - 2^p(|x|), p approximates log2(erfc) so that the error of erfc is
    // even.
    const Real clamped = at_most(size, x.is_double() ? 6.0 : 4.0);
    const Real log2_erfc = polynomial(
        clamped,
        {-5.716120824e-03, -1.606116652e+00, -9.518408775e-01, -1.231382787e-01, 1.987756602e-02,
         -1.487427857e-03},
        {-1.5605924848017455e-06, -1.627891710737366, -0.9185181318455224, -0.1480723517540817,
         0.027212669436355502, 0.000848129822520047, -0.0030331642144287825, 0.0013310770093129328,
         -0.00033497066613854675, 4.1378063352753994e-05, 4.869832817633584e-06,
         -3.766540764224367e-06, 9.74383766343742e-07, -1.5355428241820837e-07,
         1.5475127013193963e-08, -9.248911742774126e-10, 2.5108191086823837e-11});
    const Whole k = nearest_whole(log2_erfc, exponent_bias(x.type()));
    const Real fraction_power = exp2m1_fraction(log2_erfc - k.value) + 1.0;
    const Real large = 1.0 - fraction_power * power_of_two(k.bits);

    return flip_sign(choose(size < erf_small_limit(x.type()), erf_small(size), large),
                     sign_bits(x));
}

Expr erfc(const Expr& argument) {
    const Real x = require_float(argument, "erfc");
    return x.is_double() ? erfc_of_double(x) : erfc_of_single(x);
}

}  // namespace latent::codegen::math
