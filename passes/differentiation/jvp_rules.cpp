#include <array>

#include "passes/differentiation/jvp.h"

namespace latent::passes {

using ir::Op;
using ir::Value;

namespace {

/// The sum of what each operand that moves contributes.
Differential jvp_elementwise(const JvpContext& c) {
    Differential sum;
    for (std::size_t i = 0; i < c.node().operands().size(); ++i) {
        if (!c.moves(i)) {
            continue;
        }
        const Differential part = times_derivative(c.node(), i, c.differential(i));
        if (sum.value && part.value) {
            sum.value = (Term(sum.value, c.location()) + Term(part.value, c.location())).value();
        } else if (part.value) {
            sum.value = part.value;
        }
        sum.masked = sum.masked || part.masked;
        sum.unbounded = sum.unbounded || part.unbounded;
    }
    return sum;
}

Differential jvp_add(const JvpContext& c) {
    return c.carry(!c.moves(0)   ? c.tangent(1)
                   : !c.moves(1) ? c.tangent(0)
                                 : c.tangent(0) + c.tangent(1));
}

Differential jvp_sub(const JvpContext& c) {
    return c.carry(!c.moves(0)   ? -c.tangent(1)
                   : !c.moves(1) ? c.tangent(0)
                                 : c.tangent(0) - c.tangent(1));
}

Differential jvp_select(const JvpContext& c) {
    const Term chosen = select(c.operand(0), Term(c.tangent_or_zero(1), c.location()),
                               Term(c.tangent_or_zero(2), c.location()));
    return c.moves(1) && c.moves(2) ? c.carry(chosen) : c.carry_masked(chosen.value());
}

}  // namespace

Differential apply_jvp(const JvpContext& c) {
    switch (c.node().op()) {
        // No gradient flows here: see no_gradient_reason.
        case Op::constant:
        case Op::scalar:
        case Op::shape_number:
        case Op::parameter:
        case Op::buffer:
        case Op::iota:
        case Op::stop_gradient:
        case Op::bitwise_not:
        case Op::bitwise_and:
        case Op::bitwise_or:
        case Op::bitwise_xor:
        case Op::shift_left:
        case Op::shift_right:
        case Op::random_bits:
        case Op::reduce_argmax:
        case Op::reduce_argmin:
        case Op::argsort:
        case Op::equal:
        case Op::not_equal:
        case Op::less:
        case Op::less_equal:
        case Op::greater:
        case Op::greater_equal:
            throw InternalError("a tangent for an op without a derivative");

        // Linear: the op itself on the tangents.
        case Op::reduce_sum:
        case Op::cumulative_sum:
        case Op::permute:
        case Op::reshape:
        case Op::broadcast:
        case Op::slice:
        case Op::flip:
        case Op::window:
        case Op::optimization_barrier:
        case Op::cast: {
            const Value tangent = c.tangent(0).value();
            return c.same_op(std::span(&tangent, 1));
        }
        case Op::fold: {
            // Windows may leave gaps, where nothing lands.
            const Value tangent = c.tangent(0).value();
            return c.carry_masked(c.same_op(std::span(&tangent, 1)).value);
        }
        case Op::gather: {
            const std::array operands{c.tangent(0).value(), c.node().operand(1)};
            return c.same_op(operands);
        }
        case Op::add:
            return jvp_add(c);
        case Op::sub:
            return jvp_sub(c);
        case Op::select:
            return jvp_select(c);
        case Op::contraction:
            return jvp_contraction(c);
        case Op::pad:
        case Op::concat:
        case Op::interleave:
            return jvp_pad_or_concat(c);
        case Op::scatter_add:
            return jvp_scatter_add(c);

        // Elementwise: the derivatives are in partials.cpp.
        case Op::neg:
        case Op::abs:
        case Op::sign:
        case Op::floor:
        case Op::ceil:
        case Op::round:
        case Op::trunc:
        case Op::sqrt:
        case Op::exp:
        case Op::expm1:
        case Op::log:
        case Op::log2:
        case Op::log10:
        case Op::log1p:
        case Op::sin:
        case Op::cos:
        case Op::tan:
        case Op::asin:
        case Op::acos:
        case Op::atan:
        case Op::sinh:
        case Op::cosh:
        case Op::tanh:
        case Op::asinh:
        case Op::acosh:
        case Op::atanh:
        case Op::sigmoid:
        case Op::erf:
        case Op::erfc:
        case Op::erfinv:
        case Op::lgamma:
        case Op::mul:
        case Op::div:
        case Op::floor_divide:
        case Op::remainder:
        case Op::pow:
        case Op::maximum:
        case Op::minimum:
        case Op::atan2:
            return jvp_elementwise(c);

        case Op::reduce_prod:
            return jvp_reduce_prod(c);
        case Op::reduce_max:
        case Op::reduce_min:
            return jvp_reduce_max_min(c);
        case Op::cumulative_max:
            return jvp_cumulative_max(c);
        case Op::linear_recurrence:
            return jvp_linear_recurrence(c);
        case Op::custom_vjp:
            return jvp_custom(c);
    }
    throw InternalError("an op without a row in ir/ops.def");
}

}  // namespace latent::passes
