#include <algorithm>

#include "ir/rounding.h"
#include "passes/differentiation/partials.h"
#include "passes/differentiation/vjp.h"

// The derivative of a product by its factors. Multiplications only, so that nothing is divided by a
// zero and every further derivative is exact.

namespace latent::passes {

using ir::Op;
using ir::Value;

namespace {

/// Products are taken along the middle one of three dimensions.
constexpr std::int64_t along = 1;
/// Along fewer elements than this, one product after the other is short enough.
constexpr std::int64_t least_folded = 64;
/// As many neighbours make vectors.
constexpr std::int64_t neighbours = 16;

Value filled(double number, const Value& like, const std::source_location& location) {
    return Term(like, location).filled(number).value();
}

Value padded(const Value& x, double fill, std::int64_t low, std::int64_t high,
             const std::source_location& location) {
    const Value value = ir::constant(ir::Literal(x.type().dtype, fill), location);
    return ir::make(Op::pad, ir::PadAttributes{{0, low, 0}, {0, high, 0}, {0, 0, 0}},
                    std::vector{x, value}, location);
}

/// In place of each element the product of those before it, or after it.
Value products_up_to(const Value& x, bool from_end, const std::source_location& location) {
    const ir::Shape& shape = x.type().shape;
    const std::int64_t last = shape[along] - 1;
    const Value factors = padded(x, 0, from_end ? -1 : 1, from_end ? 1 : -1, location);
    const Value positions = ir::broadcast(ir::iota(DType::i32, shape[along], location),
                                          shape.span(), std::span(&along, 1), location);
    const Value first = filled(from_end ? static_cast<double>(last) : 0, positions, location);
    // To add -0 changes nothing, a zero's sign included.
    const Value addends = ir::make(Op::select,
                                   {ir::make(Op::equal, {positions, first}, location),
                                    filled(1, x, location), filled(-0.0, x, location)},
                                   location);
    return ir::make(Op::linear_recurrence, ir::ScanAttributes{along, from_end},
                    std::vector{factors, addends}, location);
}

Value products_before_and_after(const Value& x, const std::source_location& location) {
    return ir::make(
        Op::mul, {products_up_to(x, false, location), products_up_to(x, true, location)}, location);
}

/// For `x` [outer, n, inner], the product of all others along n in place of each element. Where
/// elements along n are neighbours in memory, n is folded into rows: then products run down
/// columns, which are neighbours, and across the products of whole columns, which are few.
Value products_of_others_along(const Value& x, const std::source_location& location) {
    const ir::Shape shape = x.type().shape;
    const std::int64_t count = shape[along];
    const std::int64_t inner = shape[2];
    if (inner >= neighbours || count < least_folded) {
        return products_before_and_after(x, location);
    }
    std::int64_t width = neighbours;
    while (width * width < count) {
        width *= 2;
    }
    const std::int64_t rows = ir::ceiling_quotient(count, width);
    const ir::Shape folded{shape[0], rows, width * inner};
    const Value columns =
        ir::reshape(padded(x, 1, 0, rows * width - count, location), folded.span(), location);
    const Value totals =
        ir::reshape(ir::reduce(Op::reduce_prod, columns, std::span(&along, 1), location),
                    ir::Shape{shape[0], width, inner}.span(), location);
    const Value outside = ir::reshape(products_before_and_after(totals, location),
                                      ir::Shape{shape[0], width * inner}.span(), location);
    const Value products =
        ir::make(Op::mul,
                 {ir::broadcast_over(outside, folded.span(), std::span(&along, 1), location),
                  products_before_and_after(columns, location)},
                 location);
    const Value unfolded =
        ir::reshape(products, ir::Shape{shape[0], rows * width, inner}.span(), location);
    return padded(unfolded, 0, 0, count - rows * width, location);
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

/// Whether the axes, in increasing order, are neighbours.
bool adjacent(const ir::Axes& axes) {
    return axes.empty() ||
           axes[axes.size() - 1] - axes[0] == static_cast<std::int64_t>(axes.size()) - 1;
}

/// The three dimensions of a tensor whose axes are reduced side by side: what is outside of them,
/// their elements, what is inside.
ir::Shape three_dimensions(const ir::Shape& shape, const ir::Axes& reduced) {
    ir::Shape result{1, 1, 1};
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const auto axis = static_cast<std::int64_t>(i);
        const bool outside = reduced.empty() || axis < reduced[0];
        const bool inside = !outside && axis > reduced[reduced.size() - 1];
        result[outside ? 0 : inside ? 2 : 1] *= shape[i];
    }
    return result;
}

}  // namespace

Term products_of_others(const ir::Node& node) {
    const std::source_location& location = node.location();
    const ir::Axes& reduced = node.attributes_as<ir::ReduceAttributes>().axes;
    const std::size_t rank = node.operand(0).type().rank();
    ir::Axes order = reduced_last(rank, reduced);
    ir::Axes side_by_side = reduced;
    if (adjacent(reduced)) {
        std::ranges::sort(order);
    } else {
        for (std::size_t i = 0; i < reduced.size(); ++i) {
            side_by_side[i] = static_cast<std::int64_t>(rank - reduced.size() + i);
        }
    }
    const Value ordered = ir::permute(node.operand(0), order.span(), location);
    const ir::Shape shape = ordered.type().shape;
    const Value others = products_of_others_along(
        ir::reshape(ordered, three_dimensions(shape, side_by_side).span(), location), location);
    return {ir::permute(ir::reshape(others, shape.span(), location),
                        inverse_permutation(order).span(), location),
            location};
}

}  // namespace latent::passes
