#include "passes/rewriting/simplify_rules.h"

#include <algorithm>
#include <array>

#include "passes/rewriting/view_algebra.h"

// Reductions, pads, concatenations, windows and ranges that do nothing, or no more than a view
// does.

namespace latent::passes {

namespace {

using ir::Dims;
using ir::Op;
using ir::Value;

/// Nothing to combine: the sum, product, maximum or minimum of one element is that element, and its
/// position that of the extreme.
Value reduce_of_single_elements(const ir::Node& node, const RuleContext&) {
    const ir::Shape& shape = node.operand(0).type().shape;
    const bool single = std::ranges::all_of(
        node.attributes_as<ir::ReduceAttributes>().axes,
        [&](std::int64_t axis) { return shape[static_cast<std::size_t>(axis)] == 1; });
    return single ? ir::reshape(node.operands().back(), node.type().shape.span(), node.location())
                  : Value{};
}

/// The dimensions of a shape of that rank that are not in `axes`.
ir::Axes complement(const ir::Axes& axes, std::size_t rank) {
    ir::Axes others;
    for (std::size_t i = 0; i < rank; ++i) {
        if (!contains(axes, static_cast<std::int64_t>(i))) {
            others.push_back(static_cast<std::int64_t>(i));
        }
    }
    return others;
}

/// Two reductions of a kind are one over the axes of both, where the order of arithmetic cannot be
/// told: not for sums and products of floats.
Value merge_reductions(const ir::Node& node, const RuleContext& context) {
    const Value& inner = node.operand(0);
    const bool ordering = node.op() == Op::reduce_max || node.op() == Op::reduce_min;
    if (inner.op() != node.op() || !context.used_once(inner) ||
        (is_floating(node.type().dtype) && !ordering)) {
        return {};
    }
    const Value& source = inner.node->operand(0);
    ir::Axes axes = inner.node->attributes_as<ir::ReduceAttributes>().axes;
    const ir::Axes kept = complement(axes, source.type().rank());
    for (const std::int64_t axis : node.attributes_as<ir::ReduceAttributes>().axes) {
        axes.push_back(kept[static_cast<std::size_t>(axis)]);
    }
    return ir::reduce(node.op(), source, axes.span(), node.location());
}

/// The maximum over repetitions of an element is the element.
Value order_of_repeated_elements(const ir::Node& node, const RuleContext&) {
    const Value& inner = node.operand(0);
    if (inner.op() != Op::broadcast || inner.type().element_count() == 0) {
        return {};
    }
    const auto& axes = node.attributes_as<ir::ReduceAttributes>().axes;
    const auto& source_axes = inner.node->attributes_as<ir::BroadcastAttributes>().axes;
    const ir::Axes kept = complement(axes, inner.type().rank());
    ir::Axes reduced_of_source;
    ir::Axes result_axes;
    for (std::size_t i = 0; i < source_axes.size(); ++i) {
        if (contains(axes, source_axes[i])) {
            reduced_of_source.push_back(static_cast<std::int64_t>(i));
        } else {
            result_axes.push_back(static_cast<std::int64_t>(position_of(kept, source_axes[i])));
        }
    }
    if (reduced_of_source.size() == axes.size()) {
        return {};
    }
    const Value& source = inner.node->operand(0);
    const Value reduced =
        reduced_of_source.empty()
            ? source
            : ir::reduce(node.op(), source, reduced_of_source.span(), node.location());
    return ir::broadcast(reduced, node.type().shape.span(), result_axes.span(), node.location());
}

Value concat_of_one(const ir::Node& node, const RuleContext&) {
    return node.operands().size() == 1 ? node.operand(0) : Value{};
}

/// A slice or flip that takes all along the axis of a concatenation is one of slices. Where the
/// concatenation has other users, a small part only of one of few values: the whole may be stored
/// for them, and would be read there. (The columns that padding repeats, beside rows that it has
/// repeated.)
Value part_of_concat(const ir::Node& node, const RuleContext& context) {
    constexpr std::int64_t least_times_larger = 8;
    constexpr std::size_t most_parts = 4;
    const Value& inner = node.operand(0);
    if (inner.op() != Op::concat || node.type().element_count() == 0) {
        return {};
    }
    const auto& attributes = inner.node->attributes_as<ir::ConcatAttributes>();
    const auto axis = static_cast<std::size_t>(attributes.axis);
    StridedView view = strided_view_of(node);
    const bool is_small =
        inner.node->operands().size() <= most_parts &&
        node.type().element_count() * least_times_larger <= inner.type().element_count();
    if (view[axis] != Range{0, 1, inner.type().shape[axis]} ||
        !(is_small || context.used_once(inner))) {
        return {};
    }
    std::vector<Value> parts;
    for (const Value& part : inner.node->operands()) {
        view[axis].count = part.type().shape[axis];
        parts.push_back(take(part, view, node.location()));
    }
    return ir::make(Op::concat, attributes, parts, node.location());
}

/// Single elements that are put side by side, and seen across, are put one after the other.
Value permute_of_single_elements(const ir::Node& node, const RuleContext& context) {
    const Value& inner = node.operand(0);
    const auto& permutation = node.attributes_as<ir::PermuteAttributes>().permutation;
    const auto last = static_cast<std::int64_t>(permutation.size()) - 1;
    if (inner.op() != Op::concat || !context.used_once(inner) ||
        inner.node->attributes_as<ir::ConcatAttributes>().axis != last ||
        permutation[permutation.size() - 1] == last ||
        std::ranges::any_of(inner.node->operands(), [](const Value& part) {
            return part.type().shape[part.type().rank() - 1] != 1;
        })) {
        return {};
    }
    std::vector<Value> parts;
    for (const Value& part : inner.node->operands()) {
        parts.push_back(ir::permute(part, permutation.span(), node.location()));
    }
    return ir::make(Op::concat,
                    ir::ConcatAttributes{static_cast<std::int64_t>(position_of(permutation, last))},
                    parts, node.location());
}

bool all_zero(const ir::Dims& dims) {
    return std::ranges::all_of(dims, [](std::int64_t v) { return v == 0; });
}

/// A pad that adds nothing is a slice, or nothing at all.
Value pad_that_only_cuts(const ir::Node& node, const RuleContext&) {
    const auto& [low, high, interior] = node.attributes_as<ir::PadAttributes>();
    const auto adds = [](std::int64_t v) { return v > 0; };
    if (std::ranges::any_of(low, adds) || std::ranges::any_of(high, adds) || !all_zero(interior)) {
        return {};
    }
    StridedView view;
    for (std::size_t i = 0; i < low.size(); ++i) {
        view.push_back({-low[i], 1, node.type().shape[i]});
    }
    return take(node.operand(0), view, node.location());
}

/// A contiguous slice of a pad pads less, or cuts. Not where it holds padding alone on one axis.
Value slice_of_pad(const ir::Node& node, const RuleContext& context) {
    const Value& inner = node.operand(0);
    if (inner.op() != Op::pad || !context.used_once(inner)) {
        return {};
    }
    const auto& slice = node.attributes_as<ir::SliceAttributes>();
    ir::PadAttributes pad = inner.node->attributes_as<ir::PadAttributes>();
    for (std::size_t i = 0; i < slice.start.size(); ++i) {
        const std::int64_t extent = inner.type().shape[i];
        if (slice.step[i] != 1 || slice.start[i] >= extent - pad.high[i] ||
            slice.stop[i] <= pad.low[i]) {
            return {};
        }
        pad.low[i] -= slice.start[i];
        pad.high[i] -= extent - slice.stop[i];
    }
    return ir::make(Op::pad, pad, inner.operands(), node.location());
}

/// Positions of windows that hold single elements, one after the other.
ir::Axes trivial_windows(const ir::Dims& size, const ir::Dims& stride) {
    ir::Axes positions;
    for (std::size_t i = 0; i < size.size(); ++i) {
        if (size[i] == 1 && stride[i] == 1) {
            positions.push_back(static_cast<std::int64_t>(i));
        }
    }
    return positions;
}

ir::Dims without_positions(const ir::Dims& dims, const ir::Axes& positions) {
    ir::Dims result;
    for (std::size_t i = 0; i < dims.size(); ++i) {
        if (!contains(positions, static_cast<std::int64_t>(i))) {
            result.push_back(dims[i]);
        }
    }
    return result;
}

/// Trivial windows only add a dimension of extent 1.
Value drop_trivial_windows(const ir::Node& node, const RuleContext&) {
    ir::WindowAttributes window = node.attributes_as<ir::WindowAttributes>();
    const ir::Axes trivial = trivial_windows(window.size, window.stride);
    if (trivial.empty()) {
        return {};
    }
    Value result = node.operand(0);
    if (trivial.size() < window.axes.size()) {
        window = {without_positions(window.axes, trivial), without_positions(window.size, trivial),
                  without_positions(window.stride, trivial),
                  without_positions(window.dilation, trivial)};
        result = ir::make(Op::window, window, std::span(&result, 1), node.location());
    }
    return ir::reshape(result, node.type().shape.span(), node.location());
}

/// Windows of single elements with gaps between them are a slice.
Value slice_of_single_elements(const ir::Node& node, const RuleContext&) {
    ir::WindowAttributes window = node.attributes_as<ir::WindowAttributes>();
    const ir::Shape& shape = node.operand(0).type().shape;
    StridedView view = whole(shape);
    for (std::size_t i = 0; i < window.axes.size(); ++i) {
        if (window.size[i] == 1 && window.stride[i] > 1) {
            const auto axis = static_cast<std::size_t>(window.axes[i]);
            const std::int64_t count = node.type().shape[axis];
            view[axis] = {0, count > 1 ? window.stride[i] : 1, count};
            window.stride[i] = 1;
        }
    }
    if (window == node.attributes_as<ir::WindowAttributes>()) {
        return {};
    }
    const Value elements =
        is_whole(view, shape) ? node.operand(0) : take(node.operand(0), view, node.location());
    return ir::make(Op::window, window, std::span(&elements, 1), node.location());
}

/// The transpose of drop_trivial_windows.
Value drop_trivial_folds(const ir::Node& node, const RuleContext&) {
    ir::FoldAttributes fold = node.attributes_as<ir::FoldAttributes>();
    const ir::Axes trivial = trivial_windows(fold.size, fold.stride);
    if (trivial.empty()) {
        return {};
    }
    ir::Shape shape(node.operand(0).type().shape.span().first(node.type().rank()));
    shape.append(without_positions(fold.size, trivial).span());
    Value result = ir::reshape(node.operand(0), shape.span(), node.location());
    if (trivial.size() < fold.axes.size()) {
        fold = {without_positions(fold.axes, trivial), without_positions(fold.size, trivial),
                without_positions(fold.stride, trivial), without_positions(fold.dilation, trivial),
                without_positions(fold.extent, trivial)};
        result = ir::make(Op::fold, fold, std::span(&result, 1), node.location());
    }
    return result;
}

/// The transpose of slice_of_single_elements: zeros go between what is there already, so a product
/// that makes it has none of them as rows.
Value pad_of_single_elements(const ir::Node& node, const RuleContext& context) {
    ir::FoldAttributes fold = node.attributes_as<ir::FoldAttributes>();
    const std::size_t rank = node.type().rank();
    ir::PadAttributes pad{Dims(rank, 0), Dims(rank, 0), Dims(rank, 0)};
    for (std::size_t i = 0; i < fold.axes.size(); ++i) {
        const auto axis = static_cast<std::size_t>(fold.axes[i]);
        const std::int64_t count = node.operand(0).type().shape[axis];
        if (fold.size[i] == 1 && fold.stride[i] > 1 && count > 0) {
            pad.interior[axis] = fold.stride[i] - 1;
            pad.high[axis] = fold.extent[i] - ((count - 1) * fold.stride[i] + 1);
            fold.stride[i] = 1;
            fold.extent[i] = count;
        }
    }
    if (fold == node.attributes_as<ir::FoldAttributes>()) {
        return {};
    }
    const Value folded = ir::make(Op::fold, fold, std::span(&node.operand(0), 1), node.location());
    const Value elements = drop_trivial_folds(*folded.node, context);
    const Value zero = ir::constant(ir::Literal::zero(node.type().dtype), node.location());
    return ir::make(Op::pad, pad, std::array{elements, zero}, node.location());
}

/// A slice or flip of integers 0, 1, 2, ... is arithmetic on them, which fuses; the view would read
/// memory.
Value view_of_range(const ir::Node& node, const RuleContext&) {
    const Value& inner = node.operand(0);
    if (inner.op() != Op::iota || is_floating(node.type().dtype)) {
        return {};
    }
    const Range range = strided_view_of(node)[0];
    const auto constant = [&](std::int64_t value) {
        return ir::full(ir::Literal(node.type().dtype, value), node.type().shape.span(),
                        node.location());
    };
    Value result = ir::iota(node.type().dtype, range.count, node.location());
    if (range.step != 1) {
        result = ir::make(Op::mul, {result, constant(range.step)}, node.location());
    }
    if (range.start != 0) {
        result = ir::make(Op::add, {result, constant(range.start)}, node.location());
    }
    return result;
}

}  // namespace

std::vector<Rule> structural_rules() {
    return {
        {"reduce_of_single_elements", ops_of(ir::Category::reduce), reduce_of_single_elements},
        {"merge_reductions",
         {Op::reduce_sum, Op::reduce_prod, Op::reduce_max, Op::reduce_min},
         merge_reductions},
        {"order_of_repeated_elements",
         {Op::reduce_max, Op::reduce_min},
         order_of_repeated_elements},
        {"concat_of_one", {Op::concat}, concat_of_one},
        {"part_of_concat", {Op::slice, Op::flip}, part_of_concat},
        {"permute_of_single_elements", {Op::permute}, permute_of_single_elements},
        {"pad_that_only_cuts", {Op::pad}, pad_that_only_cuts},
        {"slice_of_pad", {Op::slice}, slice_of_pad},
        {"drop_trivial_windows", {Op::window}, drop_trivial_windows},
        {"slice_of_single_elements", {Op::window}, slice_of_single_elements},
        {"drop_trivial_folds", {Op::fold}, drop_trivial_folds},
        {"pad_of_single_elements", {Op::fold}, pad_of_single_elements},
        {"view_of_range", {Op::slice, Op::flip}, view_of_range},
    };
}

}  // namespace latent::passes
