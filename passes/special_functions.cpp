#include "passes/special_functions.h"

#include <limits>
#include <numbers>

#include "passes/vjp.h"

namespace latent::passes {

using ir::Op;

namespace {

// log(x) - 1/(2 x) - sum of B(2 k) / (2 k x^(2 k)). For x >= 10.5 what follows the seventh term is
// below 2^-53.
Term asymptotic_digamma(const Term& x) {
    const Term reciprocal = x.filled(1) / x;
    const Term square = reciprocal * reciprocal;
    Term sum = x.filled(-1.0 / 12);
    for (const double coefficient :
         {691.0 / 32760, -1.0 / 132, 1.0 / 240, -1.0 / 252, 1.0 / 120, -1.0 / 12}) {
        sum = coefficient + square * sum;
    }
    return apply(Op::log, x) + (square * sum - 0.5 * reciprocal);
}

// For x >= 1/2: digamma(x) = digamma(x + 1) - 1/x brings it to where the series is accurate.
Term digamma_of_positive(const Term& x) {
    constexpr int steps = 10;
    Term sum = x.filled(1) / x;
    for (int i = 1; i < steps; ++i) {
        sum = sum + x.filled(1) / (i + x);
    }
    return asymptotic_digamma(steps + x) - sum;
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
