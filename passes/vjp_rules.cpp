#include <numbers>

#include "passes/special_functions.h"
#include "passes/vjp.h"

namespace latent::passes {

using ir::Op;

namespace {

Term erf_derivative(const Term& x) {
    return 2.0 * std::numbers::inv_sqrtpi * apply(Op::exp, -(x * x));
}

}  // namespace

void apply_vjp(const VjpContext& c) {
    const Term ct = c.cotangent();
    const auto x = [&] { return c.operand(0); };
    const auto out = [&] { return c.result(); };
    switch (c.node().op()) {
        // No gradient flows here: see no_gradient_reason.
        case Op::constant:
        case Op::scalar:
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
        case Op::argsort:
        case Op::equal:
        case Op::not_equal:
        case Op::less:
        case Op::less_equal:
        case Op::greater:
        case Op::greater_equal:
            throw InternalError("a cotangent for an op without a gradient");

        // Piecewise constant: the gradient is zero.
        case Op::sign:
        case Op::floor:
        case Op::ceil:
        case Op::round:
        case Op::trunc:
        case Op::floor_divide:
            return;

        // One operand, bounded derivative.
        case Op::neg:
            return c.contribute(0, -ct);
        case Op::abs:
            return c.contribute(0, c.bounded(ct * apply(Op::sign, x())));
        case Op::sin:
            return c.contribute(0, c.bounded(ct * apply(Op::cos, x())));
        case Op::cos:
            return c.contribute(0, -c.bounded(ct * apply(Op::sin, x())));
        case Op::atan:
            return c.contribute(0, c.bounded(ct / (1.0 + x() * x())));
        case Op::tanh:
            return c.contribute(0, c.bounded(ct * (1.0 - out() * out())));
        case Op::asinh:
            return c.contribute(0, c.bounded(ct / apply(Op::sqrt, 1.0 + x() * x())));
        case Op::sigmoid:
            // Not 1 - out: that has lost sigmoid(-x) to rounding where x is far above zero.
            return c.contribute(0, c.bounded(ct * (out() * apply(Op::sigmoid, -x()))));
        case Op::erf:
            return c.contribute(0, c.bounded(ct * erf_derivative(x())));
        case Op::erfc:
            return c.contribute(0, -c.bounded(ct * erf_derivative(x())));
        case Op::cast: {
            const Term back(ir::cast(ct.value(), c.operand_type(0).dtype, c.location()),
                            c.location());
            return c.contribute(0, back);
        }

        // One operand, unbounded derivative.
        case Op::sqrt:
            return c.contribute(0, c.guarded(ct / (2.0 * out())));
        case Op::exp:
            return c.contribute(0, c.guarded(ct * out()));
        case Op::expm1:
            // Not out + 1: that has lost exp(x) to rounding where x is far below zero.
            return c.contribute(0, c.guarded(ct * apply(Op::exp, x())));
        case Op::log:
            return c.contribute(0, c.guarded(ct / x()));
        case Op::log1p:
            return c.contribute(0, c.guarded(ct / (1.0 + x())));
        case Op::tan:
            return c.contribute(0, c.guarded(ct * (1.0 + out() * out())));
        // Products of differences keep what 1 - x^2 would cancel near one.
        case Op::asin:
            return c.contribute(0, c.guarded(ct / apply(Op::sqrt, (1.0 - x()) * (1.0 + x()))));
        case Op::acos:
            return c.contribute(0, -c.guarded(ct / apply(Op::sqrt, (1.0 - x()) * (1.0 + x()))));
        case Op::acosh:
            return c.contribute(0, c.guarded(ct / apply(Op::sqrt, (-1.0 + x()) * (1.0 + x()))));
        case Op::atanh:
            return c.contribute(0, c.guarded(ct / ((1.0 - x()) * (1.0 + x()))));
        case Op::sinh:
            return c.contribute(0, c.guarded(ct * apply(Op::cosh, x())));
        case Op::cosh:
            return c.contribute(0, c.guarded(ct * apply(Op::sinh, x())));
        case Op::erfinv: {
            const Term inverse_gaussian = apply(Op::exp, out() * out());
            return c.contribute(
                0, c.guarded(ct * (0.5 / std::numbers::inv_sqrtpi * inverse_gaussian)));
        }
        case Op::lgamma: {
            const Term derivative(digamma(x().value(), c.location()), c.location());
            return c.contribute(0, c.guarded(ct * derivative));
        }

        // Several operands.
        case Op::add:
            c.contribute(0, ct);
            return c.contribute(1, ct);
        case Op::sub:
            return vjp_sub(c);
        case Op::mul:
            return vjp_mul(c);
        case Op::div:
            return vjp_div(c);
        case Op::remainder:
            return vjp_remainder(c);
        case Op::pow:
            return vjp_pow(c);
        case Op::maximum:
        case Op::minimum:
            return vjp_maximum_minimum(c);
        case Op::atan2:
            return vjp_atan2(c);
        case Op::select:
            return vjp_select(c);

        case Op::reduce_sum:
            return vjp_reduce_sum(c);
        case Op::reduce_prod:
            return vjp_reduce_prod(c);
        case Op::reduce_max:
        case Op::reduce_min:
            return vjp_reduce_max_min(c);
        case Op::contraction:
            return vjp_contraction(c);

        case Op::cumulative_sum:
            return vjp_cumulative_sum(c);
        case Op::cumulative_max:
            return vjp_cumulative_max(c);
        case Op::linear_recurrence:
            return vjp_linear_recurrence(c);

        case Op::permute:
            return vjp_permute(c);
        case Op::reshape:
            return vjp_reshape(c);
        case Op::broadcast:
            return vjp_broadcast(c);
        case Op::slice:
            return vjp_slice(c);
        case Op::flip:
            return vjp_flip(c);
        case Op::window:
            return vjp_window(c);
        case Op::pad:
            return vjp_pad(c);
        case Op::concat:
            return vjp_concat(c);
        case Op::gather:
            return vjp_gather(c);
        case Op::fold:
            return vjp_fold(c);
        case Op::scatter_add:
            return vjp_scatter_add(c);
    }
}

}  // namespace latent::passes
