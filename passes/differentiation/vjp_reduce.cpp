#include <vector>

#include "passes/differentiation/partials.h"
#include "passes/differentiation/vjp.h"

// Rules of reductions and of the contraction.

namespace latent::passes {

using ir::Op;
using ir::Value;

namespace {

const ir::Axes& reduced_axes(const ir::Node& reduction) {
    return reduction.attributes_as<ir::ReduceAttributes>().axes;
}

}  // namespace

ir::Axes inverse_permutation(const ir::Axes& permutation) {
    ir::Axes inverse(permutation.size(), 0);
    for (std::size_t i = 0; i < permutation.size(); ++i) {
        inverse[static_cast<std::size_t>(permutation[i])] = static_cast<std::int64_t>(i);
    }
    return inverse;
}

Term spread(const ir::Node& reduction, const Value& value) {
    return {ir::broadcast_over(value, reduction.operand(0).type().shape.span(),
                               reduced_axes(reduction).span(), reduction.location()),
            reduction.location()};
}

Term chosen_elements(const ir::Node& node) {
    // A NaN makes the result NaN, which equals nothing: then the NaN elements take its place.
    const Term x(node.operand(0), node.location());
    return apply(Op::bitwise_or, apply(Op::equal, x, spread(node, {ir::NodeRef::share(node)})),
                 apply(Op::not_equal, x, x));
}

Term sum_over_reduced(const ir::Node& reduction, const Term& value) {
    return {ir::reduce(Op::reduce_sum, value.value(), reduced_axes(reduction).span(),
                       reduction.location()),
            reduction.location()};
}

void vjp_reduce_sum(const VjpContext& c) {
    c.contribute(0, spread(c.node(), c.cotangent().value()));
}

void vjp_reduce_prod(const VjpContext& c) {
    if (c.operand_type(0).element_count() == 0) {
        return;  // nothing to give a gradient to
    }
    const Term ct = spread(c.node(), c.cotangent().value());
    c.contribute(0, guarded(ct, ct * products_of_others(c.node())));
}

void vjp_reduce_max_min(const VjpContext& c) {
    const Term chosen = chosen_elements(c.node());
    const Term zero = c.operand(0).filled(0);
    const Term count = sum_over_reduced(c.node(), select(chosen, c.operand(0).filled(1), zero));
    c.contribute_masked(0, select(chosen, spread(c.node(), (c.cotangent() / count).value()), zero));
}

void vjp_contraction(const VjpContext& c) {
    // A label of one operand is in the other one or in the result, so that the sum over what the
    // other two hold and it does not is exactly its cotangent.
    const auto& [lhs, rhs, out] = c.node().attributes_as<ir::ContractionAttributes>();
    const Value ct = c.cotangent().value();
    if (c.needs(0)) {
        const std::vector operands{ct, c.node().operand(1)};
        c.contribute(0, {ir::make(Op::contraction, ir::ContractionAttributes{out, rhs, lhs},
                                  operands, c.location()),
                         c.location()});
    }
    if (c.needs(1)) {
        const std::vector operands{c.node().operand(0), ct};
        c.contribute(1, {ir::make(Op::contraction, ir::ContractionAttributes{lhs, out, rhs},
                                  operands, c.location()),
                         c.location()});
    }
}

}  // namespace latent::passes
