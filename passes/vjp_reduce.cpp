#include <vector>

#include "passes/partials.h"
#include "passes/vjp.h"

// Rules of reductions and of the contraction.

namespace latent::passes {

using ir::Op;
using ir::Value;

namespace {

const ir::Axes& reduced_axes(const ir::Node& reduction) {
    return reduction.attributes_as<ir::ReduceAttributes>().axes;
}

Value element_of_pair(const Value& pairs, std::int64_t which,
                      const std::source_location& location) {
    const ir::Shape& shape = pairs.type().shape;
    const ir::SliceAttributes range{{0, 0, which}, {shape[0], shape[1], which + 1}, {1, 1, 1}};
    return ir::make(Op::slice, range, std::span(&pairs, 1), location);
}

/// For `rows` [r,n], the product of all other elements of the row in place of each element.
///
/// A binary tree: on the way up each node is the product of its two children; on the way down what
/// is outside of a node is what is outside of its parent times its sibling. Multiplications only
/// (3n of them), so nothing is divided by a zero and every derivative is exact.
Value products_of_others_in_rows(const Value& rows, const std::source_location& location) {
    const std::int64_t count = rows.type().shape[0];
    const std::int64_t extent = rows.type().shape[1];
    const ir::Literal one = ir::Literal::one(rows.type().dtype);
    std::int64_t padded = 1;
    while (padded < extent) {
        padded *= 2;
    }
    const Value fill = ir::constant(one, location);
    Value products = ir::make(Op::pad, ir::PadAttributes{{0, 0}, {0, padded - extent}, {0, 0}},
                              std::vector{rows, fill}, location);
    std::vector<Value> levels;
    for (std::int64_t half = padded / 2; half > 0; half /= 2) {
        const Value pairs = ir::reshape(products, ir::Shape{count, half, 2}.span(), location);
        levels.push_back(pairs);
        products = ir::reshape(
            ir::make(Op::mul,
                     {element_of_pair(pairs, 0, location), element_of_pair(pairs, 1, location)},
                     location),
            ir::Shape{count, half}.span(), location);
    }
    Value outside = ir::full(one, ir::Shape{count, 1}.span(), location);
    for (std::size_t level = levels.size(); level-- > 0;) {
        const ir::Shape& shape = levels[level].type().shape;
        const Value siblings =
            ir::make(Op::flip, ir::FlipAttributes{{2}}, std::span(&levels[level], 1), location);
        const Value inherited =
            ir::broadcast(outside, shape.span(), ir::Axes{0, 1}.span(), location);
        outside = ir::reshape(ir::make(Op::mul, {inherited, siblings}, location),
                              ir::Shape{count, shape[1] * 2}.span(), location);
    }
    return ir::make(Op::slice, ir::SliceAttributes{{0, 0}, {count, extent}, {1, 1}},
                    std::span(&outside, 1), location);
}

/// The kept axes, then the reduced ones.
ir::Axes reduced_last(std::size_t rank, const ir::Axes& reduced) {
    ir::Axes order;
    for (std::int64_t axis = 0; axis < static_cast<std::int64_t>(rank); ++axis) {
        if (std::ranges::find(reduced, axis) == reduced.end()) {
            order.push_back(axis);
        }
    }
    order.append(reduced.span());
    return order;
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

Term products_of_others(const ir::Node& node) {
    const ir::Type& type = node.operand(0).type();
    const ir::Axes order = reduced_last(type.rank(), reduced_axes(node));
    const Value ordered = ir::permute(node.operand(0), order.span(), node.location());
    const std::int64_t count = node.type().element_count();
    const ir::Shape matrix{count, type.element_count() / count};
    const Value others = products_of_others_in_rows(
        ir::reshape(ordered, matrix.span(), node.location()), node.location());
    return {ir::permute(ir::reshape(others, ordered.type().shape.span(), node.location()),
                        inverse_permutation(order).span(), node.location()),
            node.location()};
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
