#include <cmath>
#include <limits>

#include "codegen/math/detail.h"
#include "codegen/math/math.h"

// All polynomials are minimax (Remez exchange) on [0, pi / 4].

namespace latent::codegen::math {

using namespace detail;

namespace {

// A magnitude as quadrant * pi / 2 + angle, with |angle| <= pi / 4 (and a little).
struct ReducedAngle {
    Real angle;
    Expr quadrant;  // modulo 4 in its low bits; as wide as the angle
};

// For f32 arguments up to this one: Cody and Waite, with multiply-adds that round once. The first
// difference is exact, for its digits are those of pi / 2 or the argument's, and what the second
// one loses is kept. With pi / 2 to 2^-76, multiples below 2^16 of it are left by 2^-60, and
// nothing of f32 is nearer to one than 2^-28.
constexpr double largest_usual = 0x1p16;

struct ReducedSingle {
    DoubleReal angle;
    Expr quadrant;
};

ReducedSingle reduce_usual_single(const Real& size) {
    const double two_over_pi = 0.6366197723675814;
    const Whole n = nearest_multiple(size, two_over_pi);
    const Real first = multiply_add(n.value, -0x1.921fb6p+0, size);
    const double second = 0x1.777a5cp-25;
    const Real product = n.value * second;
    const DoubleReal angle = fast_two_sum(first, product);
    const Real lost = angle.low + multiply_add(n.value, second, -product);
    return {{angle.high, multiply_add(n.value, 0x1.ee59dap-50, lost)}, n.bits};
}

// For f32, but the result is f64. Right for every argument: 1 / (2 pi) is taken in
// pieces of 29 bits, whose products with a 24-bit number are exact in f64, and after each product
// only the fraction of the turn is kept. The sum is exact for as long as there are whole turns to
// drop. The last piece needs no such care.
ReducedAngle reduce_single(const Real& size) {
    const Real x = widen(size);
    const Real first = x * 0x1.45f306dp-3;
    Real turns = first - Real(Halide::round(first));
    for (const double piece :
         {0x1.9391054p-32, 0x1.4fe13abp-61, 0x1.d1f534dp-90, 0x1.b81b6c5p-119}) {
        const Real sum = turns + x * piece;
        turns = sum - Real(Halide::round(sum));
    }
    // The shift's unit in the last place is a quarter.
    const double shift = 0x1.8p50;
    const Real shifted = turns + shift;
    const Real rest = (turns - (shifted - shift)) + x * 0x1.5993c439041fep-150;
    const double two_pi = 6.283185307179586;
    return {rest * two_pi, bits_of(shifted)};
}

// Cody and Waite: pi / 2 in three pieces of 24 bits, whose products with a number of up to 29 bits
// are exact, and a fourth. What the third subtraction loses goes into the last.
ReducedAngle reduce_double(const Real& size) {
    const double two_over_pi = 0.6366197723675814;
    const Whole n = nearest_whole(size * two_over_pi);
    const Real rest = (size - n.value * 0x1.921fb4p+0) - n.value * 0x1.4442dp-24;
    const DoubleReal difference = two_sum(rest, n.value * -0x1.846988p-48);
    const Real angle = difference.high + (difference.low - n.value * 0x1.8cc51701b839ap-72);
    // Arguments beyond the range of this reduction still give something between -1 and 1.
    return {clamp(angle, -0.8, 0.8), n.bits};
}

Real sine_of_angle(const Real& angle) {
    const Real square = angle * angle;
    const Real p =
        polynomial(square, {-1.666665524e-01, 8.332155645e-03, -1.951463200e-04},
                   {-0.1666666666666663, 0.008333333333322005, -0.0001984126982949584,
                    2.7557313587726946e-06, -2.5050742323410352e-08, 1.589590557828268e-10});
    return angle + angle * square * p;
}

Real cosine_of_angle(const Real& angle) {
    const Real square = angle * angle;
    const Real p =
        polynomial(square, {4.166664556e-02, -1.388730947e-03, 2.443242920e-05},
                   {0.041666666666666595, -0.0013888888888872895, 2.4801587288748156e-05,
                    -2.755731414861744e-07, 2.087569657207771e-09, -1.13583104763117e-11});
    return 1.0 - (0.5 * square - square * square * p);
}

Expr is_odd(const Expr& quadrant) {
    const Expr one = Halide::Internal::make_one(quadrant.type());
    return (quadrant & one) == one;
}

// The sign bit set in the last two of four quadrants.
Expr sign_of_half_turn(const Expr& quadrant, const Type& type) {
    return sign_bits(from_bits(quadrant << (type.bits() - 2)));
}

// The conversions of the reduction take its argument for finite.
Real nan_if_infinite(const Real& size, const Real& result) {
    return choose(size < std::numeric_limits<double>::infinity(), result,
                  std::numeric_limits<double>::quiet_NaN());
}

// sin(angle + quadrant pi / 2)
Real sine_of_quadrant(const Real& angle, const Expr& quadrant) {
    const Real value = choose(is_odd(quadrant), cosine_of_angle(angle), sine_of_angle(angle));
    return flip_sign(value, sign_of_half_turn(quadrant, angle.type()));
}

// sin(size + quadrants pi / 2), with another sign where that is set.
Real sine_of_quadrants(const Real& size, const Expr& sign, int quadrants) {
    const auto sine = [&](const Real& angle, const Expr& quadrant) {
        return sine_of_quadrant(
            angle, quadrant + Halide::Internal::make_const(quadrant.type(), quadrants));
    };
    if (size.is_double()) {
        const ReducedAngle reduced = reduce_double(size);
        return flip_sign(sine(reduced.angle, reduced.quadrant), sign);
    }
    const ReducedSingle usual = reduce_usual_single(size);
    const ReducedAngle rare = reduce_single(size);
    const Real value = unless_rare(
        size < largest_usual, sine(usual.angle.high + usual.angle.low, usual.quadrant),
        nan_if_infinite(
            size, sine(narrow(rare.angle), Halide::cast(bits_type(size.type()), rare.quadrant))));
    return flip_sign(value, sign);
}

Real quotient_of_angle(const ReducedAngle& reduced) {
    const Real sine = sine_of_angle(reduced.angle);
    const Real cosine = cosine_of_angle(reduced.angle);
    const Expr odd = is_odd(reduced.quadrant);
    return choose(odd, -cosine, sine) / choose(odd, sine, cosine);
}

// Of an angle and what is left of it: the tangent, or what -1 is divided by it, each with what
// rounding has left of it.
Real tangent_of_angle(const ReducedSingle& reduced) {
    const auto& [angle, left] = reduced.angle;
    const Real square = angle * angle;
    const Real p =
        polynomial(square, {3.333335196e-01, 1.333258517e-01, 5.406902759e-02, 2.123391516e-02,
                            1.096392320e-02, -7.642561347e-05, 4.459792555e-03});
    const DoubleReal tangent =
        fast_two_sum(angle, multiply_add(angle * square, p, multiply_add(left, square, left)));
    const Real quotient = -1.0 / tangent.high;
    const Real error = multiply_add(quotient, tangent.low,
                                    multiply_add(quotient, tangent.high, quotient.constant(1.0)));
    return choose(is_odd(reduced.quadrant), multiply_add(quotient, error, quotient), tangent.high);
}

}  // namespace

Expr sin(const Expr& argument) {
    const Real x = require_float(argument, "sin");
    return sine_of_quadrants(magnitude(x), sign_bits(x), 0);
}

Expr cos(const Expr& argument) {
    const Real x = require_float(argument, "cos");
    return sine_of_quadrants(magnitude(x), bits_constant(x.type(), 0), 1);
}

Expr tan(const Expr& argument) {
    const Real x = require_float(argument, "tan");
    const Real size = magnitude(x);
    if (x.is_double()) {
        return flip_sign(quotient_of_angle(reduce_double(size)), sign_bits(x));
    }
    // The error of an angle rounded to f32 would add too much.
    const Real rare = nan_if_infinite(size, narrow(quotient_of_angle(reduce_single(size))));
    const Real value =
        unless_rare(size < largest_usual, tangent_of_angle(reduce_usual_single(size)), rare);
    return flip_sign(value, sign_bits(x));
}

}  // namespace latent::codegen::math
