#include <cmath>
#include <limits>

#include "codegen/math/detail.h"
#include "codegen/math/math.h"

namespace latent::codegen::math {

using namespace detail;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// A constant, and what its rounding to the type lost.
struct SplitConstant {
    double high;
    double low;
};

// fraction * pi, for a power of two.
SplitConstant pi_times(double fraction, const Type& type) {
    return type.bits() == 64
               ? SplitConstant{3.141592653589793 * fraction, 1.2246467991473532e-16 * fraction}
               : SplitConstant{3.1415927410125732 * fraction, -8.742278000372485e-08 * fraction};
}

Real subtract_from(const SplitConstant& constant, const Real& x) {
    return constant.high - (x - constant.low);
}

struct ArcSine {
    Expr large;  // whether |x| is nearer to 1 than to 0
    // asin(|x|), or for large |x| asin(sqrt((1 - |x|) / 2)) = acos(|x|) / 2, is root + tail.
    Real root;
    Real tail;

    Real value() const { return root + tail; }
    Real twice() const { return value() + value(); }
};

ArcSine reduce_arc_sine(const Real& x) {
    const Real size = magnitude(x);
    // Near cos(1): there acos(|x|) falls below 1, where its unit in the last place is that of asin.
    const Expr large = size > 0.5403;
    const Real square = choose(large, 0.5 * (1.0 - size), size * size);
    const Real root = choose(large, Halide::sqrt(square.expr()), size);
    // Minimax on [0, 0.5405].
    const Real p = polynomial(
        square,
        {1.666688174e-01, 7.489996403e-02, 4.613699391e-02, 2.091672085e-02, 4.761975259e-02},
        {0.1666666666666768, 0.07499999999731063, 0.04464285739239058, 0.03038193280413237,
         0.02237247854284378, 0.017347151602197203, 0.014031114876243374, 0.011012224598430482,
         0.012816042097691046, -0.003516625694466641, 0.03822117012910514, -0.0429715475625871,
         0.04555844867933538});
    return {large, root, root * square * p};
}

// atan(low / high) for 0 <= low <= high and high > 0, of which the sum is finite.
Real angle_in_octant(const Real& low, const Real& high) {
    // atan(t) = pi / 4 + atan((t - 1) / (t + 1)) brings t beyond 0.55 to at most 0.29 below zero.
    // (Cephes, atan.c; its bound, tan(pi / 8), leaves results below 1/2 to which the roundings of
    // that quotient are large.)
    const Expr upper = low > 0.55 * high;
    const Real t = choose(upper, low - high, low) / choose(upper, low + high, high);
    const Real square = t * t;
    // Minimax on [0, 0.5505].
    const Real p = polynomial(
        square,
        {-3.333331571e-01, 1.999883693e-01, -1.425990482e-01, 1.084289827e-01, -7.627954303e-02,
         3.393978475e-02},
        {-0.33333333333333143, 0.19999999999949624, -0.14285714281051687, 0.11111110893226212,
         -0.090909030659445005, 0.07692200166300264, -0.066653623771495667, 0.05871261471660792,
         -0.051959187774064274, 0.044696744597160456, -0.034405154307480804, 0.020073990691265783,
         -0.006273826075607176});
    const Real angle = t + t * square * p;
    const SplitConstant quarter_pi = pi_times(0.25, t.type());
    return choose(upper, quarter_pi.high + (angle + quarter_pi.low), angle);
}

}  // namespace

Expr asin(const Expr& argument) {
    const Real x = require_float(argument, "asin");
    const ArcSine reduced = reduce_arc_sine(x);
    // Where the result falls below 1, a rounding of pi / 2 - 2 root would count twice.
    const SplitConstant half_pi = pi_times(0.5, x.type());
    const Real high = x.constant(half_pi.high);
    const DoubleReal difference = fast_two_sum(high, -(reduced.root + reduced.root));
    const Real complement =
        difference.high + (difference.low + (half_pi.low - (reduced.tail + reduced.tail)));
    return flip_sign(choose(reduced.large, complement, reduced.value()), sign_bits(x));
}

Expr acos(const Expr& argument) {
    const Real x = require_float(argument, "acos");
    const ArcSine reduced = reduce_arc_sine(x);
    const Real twice = reduced.twice();
    const Real large = choose(x < 0.0, subtract_from(pi_times(1.0, x.type()), twice), twice);
    const Real small =
        subtract_from(pi_times(0.5, x.type()), flip_sign(reduced.value(), sign_bits(x)));
    return choose(reduced.large, large, small);
}

Expr atan(const Expr& argument) {
    const Real x = require_float(argument, "atan");
    const Real size = magnitude(x);
    const Expr steep = size > 1.0;
    const Real angle = angle_in_octant(choose(steep, 1.0, size), choose(steep, size, 1.0));
    const Real complement = subtract_from(pi_times(0.5, x.type()), angle);
    return flip_sign(choose(steep, complement, angle), sign_bits(x));
}

Expr atan2(const Expr& ordinate, const Expr& abscissa) {
    require_same_type(ordinate, abscissa, "atan2");
    const Real y = require_float(ordinate, "atan2");
    const Real x = require_float(abscissa, "atan2");
    const Real height = magnitude(y);
    const Real width = magnitude(x);
    const Expr steep = height > width;
    const Real smaller = choose(steep, width, height);
    const Real larger = choose(steep, height, width);

    // Two infinities count as equal, two zeros as a vanishing angle; the sum must not overflow, and
    // denormals are too coarse to be compared after a product.
    const Expr both_infinite = smaller == infinity;
    const int bias = exponent_bias(x.type());
    constexpr int raise = 64;
    const Real upscale =
        choose(larger < std::ldexp(1.0, raise - bias), std::ldexp(1.0, raise), x.constant(1.0));
    const Real factor = choose(larger > std::ldexp(1.0, bias - 1), 0.25, upscale);
    const Real low = choose(both_infinite, 1.0, smaller * factor);
    const Real high = choose(both_infinite || larger == 0.0, 1.0, larger * factor);

    const Real octant = angle_in_octant(low, high);
    const Real quadrant = choose(steep, subtract_from(pi_times(0.5, x.type()), octant), octant);
    const Expr left = sign_bits(x) != Halide::Internal::make_zero(bits_type(x.type()));
    const Real half_plane =
        choose(left, subtract_from(pi_times(1.0, x.type()), quadrant), quadrant);
    return choose(x != x || y != y, x + y, flip_sign(half_plane, sign_bits(y)));
}

}  // namespace latent::codegen::math
