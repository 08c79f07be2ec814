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

// For f32, but the result is f64. Right for every argument, with no branch: 1 / (2 pi) is taken in
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

// The result has the type of the argument.
ReducedAngle reduce_angle(const Real& size) {
    if (size.is_double()) {
        return reduce_double(size);
    }
    const ReducedAngle wide = reduce_single(size);
    return {narrow(wide.angle), Halide::cast(bits_type(size.type()), wide.quadrant)};
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

// In f32 the conversions of the reduction take its argument for finite.
Real nan_if_infinite(const Real& size, const Real& result) {
    return choose(size < std::numeric_limits<double>::infinity(), result,
                  std::numeric_limits<double>::quiet_NaN());
}

}  // namespace

Expr sin(const Expr& argument) {
    const Real x = require_float(argument, "sin");
    const Real size = magnitude(x);
    const ReducedAngle reduced = reduce_angle(size);
    const Real value = choose(is_odd(reduced.quadrant), cosine_of_angle(reduced.angle),
                              sine_of_angle(reduced.angle));
    const Expr sign = sign_bits(x) ^ sign_of_half_turn(reduced.quadrant, x.type());
    return nan_if_infinite(size, flip_sign(value, sign));
}

Expr cos(const Expr& argument) {
    const Real x = require_float(argument, "cos");
    const Real size = magnitude(x);
    const ReducedAngle reduced = reduce_angle(size);
    const Real value = choose(is_odd(reduced.quadrant), sine_of_angle(reduced.angle),
                              cosine_of_angle(reduced.angle));
    const Expr next_quadrant =
        reduced.quadrant + Halide::Internal::make_one(reduced.quadrant.type());
    return nan_if_infinite(size, flip_sign(value, sign_of_half_turn(next_quadrant, x.type())));
}

Expr tan(const Expr& argument) {
    const Real x = require_float(argument, "tan");
    const Real size = magnitude(x);
    // In f32, too, the quotient is found in f64: the error of a rounded angle would add too much.
    const ReducedAngle reduced = x.is_double() ? reduce_double(size) : reduce_single(size);
    const Real sine = sine_of_angle(reduced.angle);
    const Real cosine = cosine_of_angle(reduced.angle);
    const Expr odd = is_odd(reduced.quadrant);
    const Real quotient = choose(odd, -cosine, sine) / choose(odd, sine, cosine);
    const Real value = x.is_double() ? quotient : narrow(quotient);
    return nan_if_infinite(size, flip_sign(value, sign_bits(x)));
}

}  // namespace latent::codegen::math
