#include "passes/differentiation/partials.h"
#include "passes/differentiation/vjp.h"

namespace latent::passes {

using ir::Op;

namespace {

void vjp_elementwise(const VjpContext& c) {
    const Differential incoming{c.cotangent().value(), c.masked(), c.unbounded()};
    for (std::size_t i = 0; i < c.node().operands().size(); ++i) {
        if (c.needs(i)) {
            const Differential part = times_derivative(c.node(), i, incoming);
            c.contribute(i, {part.value, part.masked, c.unbounded()});
        }
    }
}

}  // namespace

void apply_vjp(const VjpContext& c) {
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
            throw InternalError("a cotangent for an op without a gradient");

            // The derivatives are in partials.cpp.

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
        case Op::add:
        case Op::sub:
        case Op::mul:
        case Op::div:
        case Op::floor_divide:
        case Op::remainder:
        case Op::pow:
        case Op::maximum:
        case Op::minimum:
        case Op::atan2:
        case Op::select:
            return vjp_elementwise(c);
        case Op::cast: {
            const Term back(ir::cast(c.cotangent().value(), c.operand_type(0).dtype, c.location()),
                            c.location());
            return c.contribute(0, back);
        }

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
        case Op::optimization_barrier:
            return c.contribute(0, c.cotangent());
        case Op::window:
            return vjp_window(c);
        case Op::pad:
            return vjp_pad(c);
        case Op::concat:
            return vjp_concat(c);
        case Op::interleave:
            return vjp_interleave(c);
        case Op::gather:
            return vjp_gather(c);
        case Op::fold:
            return vjp_fold(c);
        case Op::scatter_add:
            return vjp_scatter_add(c);
        case Op::custom_vjp:
            return vjp_custom(c);
    }
}

}  // namespace latent::passes
