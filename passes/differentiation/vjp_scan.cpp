#include "passes/differentiation/partials.h"
#include "passes/differentiation/vjp.h"

// Rules of scans. A cotangent flows against the direction of the scan, so each rule is a scan in
// the other direction.

namespace latent::passes {

using ir::Op;
using ir::Value;

namespace {

const ir::ScanAttributes& attributes_of(const ir::Node& scan) {
    return scan.attributes_as<ir::ScanAttributes>();
}

ir::ScanAttributes backwards(const ir::Node& scan) {
    return {attributes_of(scan).axis, !attributes_of(scan).reverse};
}

/// g[k] = b[k] + a[k+1] * g[k+1], in the scan's order.
Term recur_backwards(const ir::Node& scan, const Term& a, const Term& b) {
    return {ir::make(Op::linear_recurrence, backwards(scan),
                     std::vector{moved(scan, a, false).value(), b.value()}, scan.location()),
            scan.location()};
}

}  // namespace

Term moved(const ir::Node& scan, const Term& value, bool later) {
    const auto axis = static_cast<std::size_t>(attributes_of(scan).axis);
    const std::size_t rank = value.type().rank();
    ir::PadAttributes pad{ir::Dims(rank, 0), ir::Dims(rank, 0), ir::Dims(rank, 0)};
    const std::int64_t up = later != attributes_of(scan).reverse ? 1 : -1;
    pad.low[axis] = up;
    pad.high[axis] = -up;
    const Value zero = ir::constant(ir::Literal::zero(value.type().dtype), scan.location());
    return {ir::make(Op::pad, pad, std::vector{value.value(), zero}, scan.location()),
            scan.location()};
}

Term is_largest_so_far(const ir::Node& node) {
    const Term x(node.operand(0), node.location());
    const Term largest({ir::NodeRef::share(node)}, node.location());
    return apply(Op::bitwise_or, apply(Op::equal, x, largest), apply(Op::not_equal, x, x));
}

void vjp_cumulative_sum(const VjpContext& c) {
    const Value ct = c.cotangent().value();
    c.contribute(
        0, {ir::make(Op::cumulative_sum, backwards(c.node()), std::span(&ct, 1), c.location()),
            c.location()});
}

/// An element that is the largest so far (the last of equal ones) takes the cotangents of the
/// results up to the next such element.
void vjp_cumulative_max(const VjpContext& c) {
    const Term is_largest = is_largest_so_far(c.node());
    const Term zero = c.cotangent().filled(0);
    const Term carried = select(is_largest, zero, zero.filled(1));
    const Term sums = recur_backwards(c.node(), carried, c.cotangent());
    c.contribute(0, select(is_largest, sums, zero));
}

/// With g[k] = ct[k] + a[k+1] * g[k+1]: the derivative by b is g, by a[k] it is g[k] * s[k-1].
void vjp_linear_recurrence(const VjpContext& c) {
    const Term sums = recur_backwards(c.node(), c.operand(0), c.cotangent());
    c.contribute(1, sums);
    if (c.needs(0)) {
        c.contribute(0, c.bounded(sums * moved(c.node(), c.result(), true)));
    }
}

}  // namespace latent::passes
