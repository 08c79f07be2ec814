#include "passes/differentiation/partials.h"

#include <numbers>

#include "passes/differentiation/special_functions.h"

namespace latent::passes {

using ir::Op;

namespace {

Term erf_derivative(const Term& x) {
    return 2.0 * std::numbers::inv_sqrtpi * apply(Op::exp, -(x * x));
}

}  // namespace

Term Partial::guard(const Term& product, bool incoming_may_vanish,
                    const std::optional<Term>& derivative) const {
    std::optional<Term> vanishes;
    if (incoming_may_vanish) {
        vanishes = apply(Op::equal, incoming(), product.filled(0));
    }
    if (incoming_.unbounded && derivative) {
        const Term flat = apply(Op::equal, *derivative, product.filled(0));
        vanishes = vanishes ? apply(Op::bitwise_or, *vanishes, flat) : flat;
    }
    return vanishes ? zero_where(*vanishes, product) : product;
}

Differential times_derivative(const ir::Node& node, std::size_t operand,
                              const Differential& incoming) {
    Partial p(node, operand, incoming);
    apply_partial(p);
    return p.outgoing();
}

void apply_partial(Partial& p) {
    const Term x = p.operand(0);
    const Term out = p.result();
    switch (p.node().op()) {
        // Piecewise constant.
        case Op::sign:
        case Op::floor:
        case Op::ceil:
        case Op::round:
        case Op::trunc:
        case Op::floor_divide:
            return p.give_zero();

        // Bounded derivatives.
        case Op::neg:
            return p.give(-p.incoming());
        case Op::abs:
            return p.give(p.times(apply(Op::sign, x)));
        case Op::sin:
            return p.give(p.times(apply(Op::cos, x)));
        case Op::cos:
            return p.give(-p.times(apply(Op::sin, x)));
        case Op::atan:
            return p.give(p.over(1.0 + x * x));
        case Op::tanh:
            return p.give(p.times(1.0 - out * out));
        case Op::asinh:
            return p.give(p.over(apply(Op::sqrt, 1.0 + x * x)));
        case Op::erf:
            return p.give(p.times(erf_derivative(x)));
        case Op::erfc:
            return p.give(-p.times(erf_derivative(x)));
        case Op::sigmoid:
            // Not 1 - out: that has lost sigmoid(-x) to rounding where x is far above zero.
            return p.give(p.times(out * apply(Op::sigmoid, -x)));

        // Unbounded derivatives.
        case Op::sqrt:
            return p.give(p.over_unbounded(2.0 * out));
        case Op::exp:
            return p.give(p.times_unbounded(out));
        case Op::expm1:
            // Not out + 1: that has lost exp(x) to rounding where x is far below zero.
            return p.give(p.times_unbounded(apply(Op::exp, x)));
        case Op::log:
            return p.give(p.over_unbounded(x));
        case Op::log2:
            return p.give(p.over_unbounded(std::numbers::ln2 * x));
        case Op::log10:
            return p.give(p.over_unbounded(std::numbers::ln10 * x));
        case Op::log1p:
            return p.give(p.over_unbounded(1.0 + x));
        case Op::tan:
            return p.give(p.times_unbounded(1.0 + out * out));
        // Products of differences keep what 1 - x^2 would cancel near one.
        case Op::asin:
            return p.give(p.over_unbounded(apply(Op::sqrt, (1.0 - x) * (1.0 + x))));
        case Op::acos:
            return p.give(-p.over_unbounded(apply(Op::sqrt, (1.0 - x) * (1.0 + x))));
        case Op::acosh:
            return p.give(p.over_unbounded(apply(Op::sqrt, (-1.0 + x) * (1.0 + x))));
        case Op::atanh:
            return p.give(p.over_unbounded((1.0 - x) * (1.0 + x)));
        case Op::sinh:
            return p.give(p.times_unbounded(apply(Op::cosh, x)));
        case Op::cosh:
            return p.give(p.times_unbounded(apply(Op::sinh, x)));
        case Op::erfinv:
            return p.give(
                p.times_unbounded(0.5 / std::numbers::inv_sqrtpi * apply(Op::exp, out * out)));
        case Op::lgamma:
            return p.give(p.times_unbounded(
                Term(digamma(x.value(), p.node().location()), p.node().location())));

        // Several operands.
        case Op::add:
            return p.give(p.incoming());
        case Op::sub:
            return p.give(p.which() == 0 ? p.incoming() : -p.incoming());
        case Op::mul:
            return partial_mul(p);
        case Op::div:
            return partial_div(p);
        case Op::remainder:
            return partial_remainder(p);
        case Op::pow:
            return partial_pow(p);
        case Op::maximum:
        case Op::minimum:
            return partial_maximum_minimum(p);
        case Op::atan2:
            return partial_atan2(p);
        case Op::select:
            return partial_select(p);

        // Elementwise, but without a derivative: see no_gradient_reason.
        case Op::stop_gradient:
        case Op::bitwise_not:
        case Op::bitwise_and:
        case Op::bitwise_or:
        case Op::bitwise_xor:
        case Op::shift_left:
        case Op::shift_right:
        case Op::random_bits:
        case Op::equal:
        case Op::not_equal:
        case Op::less:
        case Op::less_equal:
        case Op::greater:
        case Op::greater_equal:
        // Of another dtype on either side: rules of its own.
        case Op::cast:
        // Not elementwise.
        case Op::constant:
        case Op::scalar:
        case Op::shape_number:
        case Op::parameter:
        case Op::buffer:
        case Op::iota:
        case Op::reduce_sum:
        case Op::reduce_prod:
        case Op::reduce_max:
        case Op::reduce_min:
        case Op::cumulative_sum:
        case Op::cumulative_max:
        case Op::linear_recurrence:
        case Op::reduce_argmax:
        case Op::reduce_argmin:
        case Op::argsort:
        case Op::contraction:
        case Op::permute:
        case Op::reshape:
        case Op::broadcast:
        case Op::slice:
        case Op::flip:
        case Op::window:
        case Op::optimization_barrier:
        case Op::pad:
        case Op::concat:
        case Op::interleave:
        case Op::gather:
        case Op::fold:
        case Op::scatter_add:
        case Op::custom_vjp:
            break;
    }
    throw InternalError("no derivative of an op that is not elementwise and differentiable");
}

}  // namespace latent::passes
