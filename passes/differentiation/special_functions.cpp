#include "passes/differentiation/special_functions.h"

#include <array>
#include <limits>
#include <numbers>
#include <ranges>
#include <span>

#include "passes/differentiation/vjp.h"

namespace latent::passes {

using ir::Op;

namespace {

Term polynomial(const Term& x, std::span<const double> coefficients) {
    Term sum = x.filled(coefficients.back());
    for (const double coefficient :
         coefficients.first(coefficients.size() - 1) | std::views::reverse) {
        sum = coefficient + x * sum;
    }
    return sum;
}

// The quotients below were fitted with weights in 80 digits, to 2^-55 of the result; all of their
// terms are positive, so that nothing cancels.

// On [1/2, 2], from x digamma(x) / (x - zero).
Term digamma_near_zero(const Term& x) {
    constexpr double zero = 1.4616321449683622;
    constexpr double rest_of_zero = 9.549995429965697e-17;
    const Term numerator = polynomial(
        x, std::array{0.68416667181331174724, 2.2628484946250472867, 2.1932937168925517112,
                      0.85561178059158072296, 0.14013930988583570537, 0.0084700623297999662885,
                      0.00012039300507828033973});
    const Term denominator =
        polynomial(x, std::array{1.0, 2.046069762858714758, 1.406850648632819046,
                                 0.40883270975930592188, 0.050243121461199661994,
                                 0.0022093123283899399502, 0.000020323028967557702742});
    const Term distance = (x - x.filled(zero)) - x.filled(rest_of_zero);
    return distance * (numerator / (x * denominator));
}

// From 2 on: log(x) - r (1/2 + r S(r^2)) with r = 1/x, where S begins like the asymptotic series.
Term digamma_far(const Term& x) {
    const Term reciprocal = x.filled(1) / x;
    const Term square = reciprocal * reciprocal;
    const Term numerator = polynomial(
        square, std::array{0.083333333333291721688, 1.0135168746967813878, 3.6135290156029979023,
                           4.3647069884041678741, 1.519959385727282403, 0.071058553134544845869});
    const Term denominator = polynomial(
        square, std::array{1.0, 12.262202496218728907, 44.54094940430827112, 56.296663549548008745,
                           22.270412531726285901, 1.7636088242783614681});
    return apply(Op::log, x) - reciprocal * (0.5 + reciprocal * (numerator / denominator));
}

// For x >= 1/2.
Term digamma_of_positive(const Term& x) {
    const Term bound = x.filled(2);
    const Term near_zero = digamma_near_zero(apply(Op::minimum, x, bound));
    const Term far = digamma_far(apply(Op::maximum, x, bound));
    return select(apply(Op::less, x, bound), near_zero, far);
}

Term digamma_of_double(const Term& x) {
    // Reflection: digamma(1 - x) - digamma(x) = pi / tan(pi x).
    const Term reflected = apply(Op::less, x, x.filled(0.5));
    const Term positive = digamma_of_positive(select(reflected, 1.0 - x, x));
    const Term rest = x - apply(Op::round, x);
    const Term cotangent = x.filled(std::numbers::pi) / apply(Op::tan, std::numbers::pi * rest);
    const Term value = select(reflected, positive - cotangent, positive);
    const Term whole = apply(Op::equal, rest, x.filled(0));
    const Term pole = apply(Op::bitwise_and, whole, reflected);
    const Term not_a_number = x.filled(std::numeric_limits<double>::quiet_NaN());
    const Term at_pole = select(apply(Op::less, x, x.filled(0)), not_a_number, x.filled(-1) / x);
    return select(pole, at_pole, value);
}

}  // namespace

ir::Value digamma(const ir::Value& x, const std::source_location& location) {
    const Term wide(ir::cast(x, DType::f64, location), location);
    return ir::cast(digamma_of_double(wide).value(), x.type().dtype, location);
}

}  // namespace latent::passes
