#include <cmath>

#include "passes/differentiation/partials.h"

// Derivatives of elementwise ops of several operands.

namespace latent::passes {

using ir::Op;

namespace {

Term power(const Term& base, double exponent) {
    if (exponent == 0) {
        return base.filled(1);
    }
    return exponent == 1 ? base : apply(Op::pow, base, base.filled(exponent));
}

/// select(x <= least, least, x), as relu is: the result, too, is at most `least` just where x is.
/// So x need not be kept beside it for the gradient.
bool cuts_off(const ir::Node& select) {
    const ir::Node& condition = *select.operand(0).node;
    if (condition.op() != Op::less_equal || condition.operand(0) != select.operand(2)) {
        return false;
    }
    const auto least = repeated_constant(select.operand(1));
    return condition.operand(1) == select.operand(1) ||
           (least && least == repeated_constant(condition.operand(1)));
}

/// By the base of pow.
void pow_base(Partial& p) {
    const Term base = p.operand(0);
    const Term exponent = p.operand(1);
    if (const auto constant = repeated_constant(exponent.value())) {
        const double n = constant->as_double();
        if (n == 0) {
            return p.give_zero();
        }
        const Term slope = n * power(base, n - 1);
        return p.give(n >= 1 ? p.times(slope) : p.times_unbounded(slope));
    }
    const Term zero = exponent.filled(0);
    const Term slope = exponent * apply(Op::pow, base, exponent - exponent.filled(1));
    // x^0 is one everywhere, at zero too, where the formula has 0 * infinity.
    p.give(p.times_unbounded(select(apply(Op::equal, exponent, zero), zero, slope)));
}

/// By the exponent of pow: out * log(base). 0^n is zero for every positive n, and its slope with
/// it; 0^0 is taken to lie on that line.
void pow_exponent(Partial& p) {
    const Term base = p.operand(0);
    const Term zero = base.filled(0);
    const Term flat = apply(Op::bitwise_and, apply(Op::equal, base, zero),
                            apply(Op::greater_equal, p.operand(1), zero));
    const Term slope = p.result() * apply(Op::log, base);
    p.give(p.times_unbounded(select(flat, zero, slope)));
}

}  // namespace

void partial_mul(Partial& p) {
    const Term factor = p.operand(1 - p.which());
    const auto constant = repeated_constant(factor.value());
    // A factor known to be finite and not zero cannot make a NaN of a zero or an infinity.
    const bool harmless =
        constant && std::isfinite(constant->as_double()) && constant->as_double() != 0;
    p.give(harmless ? p.times_constant(factor) : p.times(factor));
}

void partial_div(Partial& p) {
    const Term divisor = p.operand(1);
    if (p.which() == 0) {
        const auto constant = repeated_constant(divisor.value());
        const bool harmless =
            constant && constant->as_double() != 0 && std::isfinite(constant->as_double());
        return p.give(harmless ? p.incoming() / divisor : p.over_unbounded(divisor));
    }
    p.give(-p.unbounded(p.incoming() / divisor * p.result(), p.result()));
}

void partial_remainder(Partial& p) {
    // a - floor(a / b) * b
    if (p.which() == 0) {
        return p.give(p.incoming());
    }
    p.give(-p.times_unbounded(apply(Op::floor_divide, p.operand(0), p.operand(1))));
}

void partial_pow(Partial& p) {
    if (p.which() == 0) {
        pow_base(p);
    } else {
        pow_exponent(p);
    }
}

void partial_maximum_minimum(Partial& p) {
    const Op beats = p.node().op() == Op::maximum ? Op::greater : Op::less;
    const Term incoming = p.incoming();
    const Term mine = p.operand(p.which());
    const Term other = p.operand(1 - p.which());
    const Term wins =
        apply(Op::bitwise_or, apply(beats, mine, other), apply(Op::not_equal, mine, mine));
    const Term tie = select(apply(Op::equal, mine, other), 0.5 * incoming, incoming.filled(0));
    p.give_masked(select(wins, incoming, tie));
}

void partial_atan2(Partial& p) {
    const Term y = p.operand(0);
    const Term x = p.operand(1);
    const Term squares = y * y + x * x;
    const Term scaled = p.incoming() / squares;
    if (p.which() == 0) {
        return p.give(p.unbounded(scaled * x, x / squares));
    }
    p.give(-p.unbounded(scaled * y, y / squares));
}

void partial_select(Partial& p) {
    const Term zero = p.incoming().filled(0);
    const Term condition =
        cuts_off(p.node()) ? apply(Op::less_equal, p.result(), p.operand(1)) : p.operand(0);
    p.give_masked(p.which() == 1 ? select(condition, p.incoming(), zero)
                                 : select(condition, zero, p.incoming()));
}

}  // namespace latent::passes
