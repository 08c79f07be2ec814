#include <cmath>

#include "passes/vjp.h"

// Elementwise rules of more than one operand. Of several operands, terms are made only for those
// that need them: nodes of the others would be built for nothing.

namespace latent::passes {

using ir::Op;

namespace {

/// ct * factor. A factor known to be finite cannot turn a zero cotangent into NaN.
Term times_operand(const VjpContext& c, std::size_t factor) {
    const auto constant = repeated_constant(c.node().operand(factor));
    const Term product = c.cotangent() * c.operand(factor);
    return constant && std::isfinite(constant->as_double()) ? product : c.bounded(product);
}

Term power(const Term& base, double exponent) {
    if (exponent == 0) {
        return base.filled(1);
    }
    return exponent == 1 ? base : apply(Op::pow, base, base.filled(exponent));
}

/// The cotangent of the base of pow.
Term pow_base(const VjpContext& c) {
    const Term base = c.operand(0);
    const Term exponent = c.operand(1);
    if (const auto constant = repeated_constant(exponent.value())) {
        const double n = constant->as_double();
        const Term product = c.cotangent() * (n * power(base, n - 1));
        return n >= 1 ? c.bounded(product) : c.guarded(product);
    }
    const Term zero = exponent.filled(0);
    const Term slope = exponent * apply(Op::pow, base, exponent - exponent.filled(1));
    // x^0 is one everywhere, at zero too, where the formula has 0 * infinity.
    return c.guarded(c.cotangent() * select(apply(Op::equal, exponent, zero), zero, slope));
}

/// The cotangent of the exponent of pow: out * log(base). 0^n is zero for every positive n, and its
/// slope with it; 0^0 is taken to lie on that line.
Term pow_exponent(const VjpContext& c) {
    const Term base = c.operand(0);
    const Term zero = base.filled(0);
    const Term flat = apply(Op::bitwise_and, apply(Op::equal, base, zero),
                            apply(Op::greater_equal, c.operand(1), zero));
    const Term slope = c.result() * apply(Op::log, base);
    return c.guarded(c.cotangent() * select(flat, zero, slope));
}

}  // namespace

void vjp_sub(const VjpContext& c) {
    c.contribute(0, c.cotangent());
    if (c.needs(1)) {
        c.contribute(1, -c.cotangent());
    }
}

void vjp_mul(const VjpContext& c) {
    for (const std::size_t i : {0, 1}) {
        if (c.needs(i)) {
            c.contribute(i, times_operand(c, 1 - i));
        }
    }
}

void vjp_div(const VjpContext& c) {
    const Term quotient = c.cotangent() / c.operand(1);
    if (c.needs(0)) {
        const auto divisor = repeated_constant(c.node().operand(1));
        const bool finite =
            divisor && divisor->as_double() != 0 && !std::isnan(divisor->as_double());
        c.contribute(0, finite ? quotient : c.guarded(quotient));
    }
    if (c.needs(1)) {
        c.contribute(1, -c.guarded(quotient * c.result()));
    }
}

void vjp_remainder(const VjpContext& c) {
    // a - floor(a / b) * b
    c.contribute(0, c.cotangent());
    if (c.needs(1)) {
        const Term multiple = apply(Op::floor_divide, c.operand(0), c.operand(1));
        c.contribute(1, -c.guarded(c.cotangent() * multiple));
    }
}

void vjp_pow(const VjpContext& c) {
    if (c.needs(0)) {
        const auto exponent = repeated_constant(c.node().operand(1));
        if (!exponent || exponent->as_double() != 0) {
            c.contribute(0, pow_base(c));
        }
    }
    if (c.needs(1)) {
        c.contribute(1, pow_exponent(c));
    }
}

void vjp_maximum_minimum(const VjpContext& c) {
    const Op beats = c.node().op() == Op::maximum ? Op::greater : Op::less;
    const Term ct = c.cotangent();
    for (const std::size_t i : {0, 1}) {
        if (c.needs(i)) {
            const Term mine = c.operand(i);
            const Term other = c.operand(1 - i);
            const Term wins =
                apply(Op::bitwise_or, apply(beats, mine, other), apply(Op::not_equal, mine, mine));
            const Term tie = select(apply(Op::equal, mine, other), 0.5 * ct, ct.filled(0));
            c.contribute_masked(i, select(wins, ct, tie));
        }
    }
}

void vjp_atan2(const VjpContext& c) {
    const Term y = c.operand(0);
    const Term x = c.operand(1);
    const Term scaled = c.cotangent() / (y * y + x * x);
    if (c.needs(0)) {
        c.contribute(0, c.guarded(scaled * x));
    }
    if (c.needs(1)) {
        c.contribute(1, -c.guarded(scaled * y));
    }
}

void vjp_select(const VjpContext& c) {
    const Term ct = c.cotangent();
    if (c.needs(1)) {
        c.contribute_masked(1, select(c.operand(0), ct, ct.filled(0)));
    }
    if (c.needs(2)) {
        c.contribute_masked(2, select(c.operand(0), ct.filled(0), ct));
    }
}

}  // namespace latent::passes
