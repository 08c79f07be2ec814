#include <algorithm>
#include <array>

#include "passes/rewriting/literal_arithmetic.h"
#include "passes/rewriting/rule.h"
#include "passes/rewriting/view_algebra.h"

namespace latent::passes {

namespace {

using ir::Op;
using ir::Value;

// --- Elementwise ---------------------------------------------------------------------------------

/// The op that gives the same with its operands exchanged, for orderings; others stay.
Op mirrored(Op op) {
    switch (op) {
        case Op::less:
            return Op::greater;
        case Op::less_equal:
            return Op::greater_equal;
        case Op::greater:
            return Op::less;
        case Op::greater_equal:
            return Op::less_equal;
        default:
            return op;
    }
}

Value constant_to_the_right(const ir::Node& node, const RuleContext&) {
    const Value& left = node.operand(0);
    const Value& right = node.operand(1);
    const Op op = mirrored(node.op());
    if (constant_of(left) == nullptr || constant_of(right) != nullptr ||
        (op == node.op() && !commutes(op, left.type().dtype))) {
        return {};
    }
    return ir::make(op, {right, left}, node.location());
}

/// Gradients have been taken by the time passes run.
Value drop_stop_gradient(const ir::Node& node, const RuleContext&) {
    return node.operand(0);
}

/// The bits of whole numbers that a dtype holds all of, without the sign; and whether it has one.
struct WholeRange {
    int bits = 0;
    bool has_sign = false;
};

WholeRange whole_range(DType dtype) {
    switch (dtype) {
        case DType::boolean:
            return {1, false};
        case DType::u8:
            return {8, false};
        case DType::i8:
            return {7, true};
        case DType::i16:
            return {15, true};
        case DType::i32:
            return {31, true};
        case DType::i64:
            return {63, true};
        case DType::f16:
            return {11, true};
        case DType::bf16:
            return {8, true};
        case DType::f32:
            return {24, true};
        case DType::f64:
            return {53, true};
    }
    throw InternalError("a value of no dtype");
}

/// Whether every value of `narrow` is one of `wide`.
bool holds_exactly(DType wide, DType narrow) {
    if (is_floating(narrow)) {
        return is_floating(wide) && promote(wide, narrow) == wide;
    }
    const WholeRange outer = whole_range(wide);
    const WholeRange inner = whole_range(narrow);
    // 2^bits itself, the magnitude of the least integer, is a float too.
    return inner.bits <= outer.bits && (outer.has_sign || !inner.has_sign);
}

Value drop_identity_cast(const ir::Node& node, const RuleContext&) {
    return node.operand(0).type().dtype == node.type().dtype ? node.operand(0) : Value{};
}

/// A cast goes around another that lost nothing.
Value merge_casts(const ir::Node& node, const RuleContext&) {
    const Value& inner = node.operand(0);
    if (inner.op() != Op::cast ||
        !holds_exactly(inner.type().dtype, inner.node->operand(0).type().dtype)) {
        return {};
    }
    return ir::cast(inner.node->operand(0), node.type().dtype, node.location());
}

// --- Views ---------------------------------------------------------------------------------------

/// Every view of a value whose elements are all the same is a broadcast of that element.
Value view_of_uniform(const ir::Node& node, const RuleContext&) {
    const Value* source = uniform_source(node.operand(0));
    if (source == nullptr || node.op() == Op::optimization_barrier ||
        (node.op() == Op::broadcast && source == &node.operand(0))) {
        return {};
    }
    return ir::broadcast(*source, node.type().shape.span(), {}, node.location());
}

Value merge_permutes(const ir::Node& node, const RuleContext&) {
    const Value& inner = node.operand(0);
    if (inner.op() != Op::permute) {
        return {};
    }
    const auto& first = inner.node->attributes_as<ir::PermuteAttributes>().permutation;
    ir::Axes merged;
    for (const std::int64_t axis : node.attributes_as<ir::PermuteAttributes>().permutation) {
        merged.push_back(first[static_cast<std::size_t>(axis)]);
    }
    return ir::permute(inner.node->operand(0), merged.span(), node.location());
}

/// A permute that keeps the order of all dimensions but those of extent 1 moves no element.
Value permute_to_reshape(const ir::Node& node, const RuleContext&) {
    const ir::Shape& shape = node.operand(0).type().shape;
    std::int64_t previous = -1;
    for (const std::int64_t axis : node.attributes_as<ir::PermuteAttributes>().permutation) {
        if (shape[static_cast<std::size_t>(axis)] == 1) {
            continue;
        }
        if (axis < previous) {
            return {};
        }
        previous = axis;
    }
    return ir::reshape(node.operand(0), node.type().shape.span(), node.location());
}

/// permute(broadcast x) -> broadcast(permute x): x is smaller, and often has one dimension only.
Value permute_of_broadcast(const ir::Node& node, const RuleContext&) {
    const Value& inner = node.operand(0);
    if (inner.op() != Op::broadcast) {
        return {};
    }
    const auto& axes = inner.node->attributes_as<ir::BroadcastAttributes>().axes;
    const auto& permutation = node.attributes_as<ir::PermuteAttributes>().permutation;
    ir::Axes source_permutation;
    ir::Axes new_axes;
    for (std::size_t i = 0; i < permutation.size(); ++i) {
        if (contains(axes, permutation[i])) {
            source_permutation.push_back(
                static_cast<std::int64_t>(position_of(axes, permutation[i])));
            new_axes.push_back(static_cast<std::int64_t>(i));
        }
    }
    const Value source =
        ir::permute(inner.node->operand(0), source_permutation.span(), node.location());
    return ir::broadcast(source, node.type().shape.span(), new_axes.span(), node.location());
}

/// pad(permute x) -> permute(pad x): what is padded is stored, in the order in which it lies.
/// (Channels that lie last stay last, and a convolution reads them as neighbours.)
Value pad_of_permute(const ir::Node& node, const RuleContext&) {
    const Value& inner = node.operand(0);
    if (inner.op() != Op::permute) {
        return {};
    }
    const auto& permutation = inner.node->attributes_as<ir::PermuteAttributes>().permutation;
    const auto& pad = node.attributes_as<ir::PadAttributes>();
    ir::PadAttributes source = pad;
    for (std::size_t i = 0; i < permutation.size(); ++i) {
        const auto axis = static_cast<std::size_t>(permutation[i]);
        source.low[axis] = pad.low[i];
        source.high[axis] = pad.high[i];
        source.interior[axis] = pad.interior[i];
    }
    const std::array operands{inner.node->operand(0), node.operand(1)};
    return ir::permute(ir::make(Op::pad, source, operands, node.location()), permutation.span(),
                       node.location());
}

Value drop_identity_reshape(const ir::Node& node, const RuleContext&) {
    return node.operand(0).type().shape == node.type().shape ? node.operand(0) : Value{};
}

Value merge_reshapes(const ir::Node& node, const RuleContext&) {
    const Value& inner = node.operand(0);
    return inner.op() == Op::reshape
               ? ir::reshape(inner.node->operand(0), node.type().shape.span(), node.location())
               : Value{};
}

/// reshape(broadcast x) -> broadcast(reshape x) where no dimension of the result mixes repeated
/// with other elements.
Value reshape_of_broadcast(const ir::Node& node, const RuleContext&) {
    const Value& inner = node.operand(0);
    if (inner.op() != Op::broadcast) {
        return {};
    }
    const std::optional<ReshapeGroups> groups =
        reshape_groups(inner.type().shape, node.type().shape);
    if (!groups) {
        return {};
    }
    const auto& axes = inner.node->attributes_as<ir::BroadcastAttributes>().axes;
    ir::Shape source_shape;
    ir::Axes new_axes;
    for (const ReshapeGroup& group : *groups) {
        const auto kept = static_cast<std::size_t>(std::ranges::count_if(
            group.from, [&](std::int64_t dim) { return contains(axes, dim); }));
        if (kept == 0) {
            continue;
        }
        if (kept != group.from.size()) {
            return {};
        }
        for (const std::int64_t dim : group.to) {
            source_shape.push_back(node.type().shape[static_cast<std::size_t>(dim)]);
            new_axes.push_back(dim);
        }
    }
    const Value source = ir::reshape(inner.node->operand(0), source_shape.span(), node.location());
    return ir::broadcast(source, node.type().shape.span(), new_axes.span(), node.location());
}

Value drop_identity_broadcast(const ir::Node& node, const RuleContext&) {
    return node.operand(0).type().shape == node.type().shape ? node.operand(0) : Value{};
}

/// A broadcast that only adds dimensions of extent 1 repeats nothing. (One of a rank-0 value stays
/// what view_of_uniform makes of it.)
Value broadcast_to_reshape(const ir::Node& node, const RuleContext&) {
    if (node.operand(0).type().rank() == 0) {
        return {};
    }
    const auto& axes = node.attributes_as<ir::BroadcastAttributes>().axes;
    for (std::size_t i = 0; i < node.type().rank(); ++i) {
        if (node.type().shape[i] != 1 && !contains(axes, static_cast<std::int64_t>(i))) {
            return {};
        }
    }
    return ir::reshape(node.operand(0), node.type().shape.span(), node.location());
}

Value merge_broadcasts(const ir::Node& node, const RuleContext&) {
    const Value& inner = node.operand(0);
    if (inner.op() != Op::broadcast) {
        return {};
    }
    const auto& outer_axes = node.attributes_as<ir::BroadcastAttributes>().axes;
    ir::Axes merged;
    for (const std::int64_t axis : inner.node->attributes_as<ir::BroadcastAttributes>().axes) {
        merged.push_back(outer_axes[static_cast<std::size_t>(axis)]);
    }
    return ir::broadcast(inner.node->operand(0), node.type().shape.span(), merged.span(),
                         node.location());
}

/// Dimensions of extent 1 that a reshape adds to the source of a broadcast are made by the
/// broadcast itself.
Value broadcast_of_unit_reshape(const ir::Node& node, const RuleContext&) {
    const Value& inner = node.operand(0);
    const ir::Shape& shape = inner.type().shape;
    if (inner.op() != Op::reshape || !contains(shape, 1) ||
        !differ_by_unit_dimensions(shape, inner.node->operand(0).type().shape)) {
        return {};
    }
    const auto& axes = node.attributes_as<ir::BroadcastAttributes>().axes;
    ir::Axes kept;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        if (shape[i] != 1) {
            kept.push_back(axes[i]);
        }
    }
    const Value source =
        ir::reshape(inner.node->operand(0), without_unit_dimensions(shape).span(), node.location());
    return ir::broadcast(source, node.type().shape.span(), kept.span(), node.location());
}

/// Slices and flips in a row become at most one slice and above it one flip; those of all elements
/// in order disappear.
Value merge_strided_views(const ir::Node& node, const RuleContext&) {
    constexpr int longest = 3;  // above what this rule left, a slice and a flip
    StridedView view = strided_view_of(node);
    const Value* source = &node.operand(0);
    for (int length = 1; length < longest && is_strided_view(source->op()); ++length) {
        view = compose(view, strided_view_of(*source->node));
        source = &source->node->operand(0);
    }
    const Value merged = take(*source, view, node.location());
    return same_strided_views(merged, Value{ir::NodeRef::share(node)}) ? Value{} : merged;
}

/// Each windowed axis is a dimension more or less.
Value drop_window_of_no_axes(const ir::Node& node, const RuleContext&) {
    return node.type().rank() == node.operand(0).type().rank() ? node.operand(0) : Value{};
}

std::vector<Op> operands_exchangeable() {
    std::vector<Op> ops = ops_of(ir::Category::binary);
    const std::vector<Op> compares = ops_of(ir::Category::compare);
    ops.insert(ops.end(), compares.begin(), compares.end());
    return ops;
}

}  // namespace

ir::Graph canonicalise(const ir::Graph& graph, PassContext& context) {
    static const RuleSet rules({
        {"constant_to_the_right", operands_exchangeable(), constant_to_the_right},
        {"drop_stop_gradient", {Op::stop_gradient}, drop_stop_gradient},
        {"drop_identity_cast", {Op::cast}, drop_identity_cast},
        {"merge_casts", {Op::cast}, merge_casts},
        {"merge_strided_views", {Op::slice, Op::flip}, merge_strided_views},
        {"drop_window_of_no_axes", {Op::window, Op::fold}, drop_window_of_no_axes},
        {"drop_identity_reshape", {Op::reshape}, drop_identity_reshape},
        {"drop_identity_broadcast", {Op::broadcast}, drop_identity_broadcast},
        {"view_of_uniform", ops_of(ir::Category::view), view_of_uniform},
        {"merge_permutes", {Op::permute}, merge_permutes},
        {"permute_to_reshape", {Op::permute}, permute_to_reshape},
        {"permute_of_broadcast", {Op::permute}, permute_of_broadcast},
        {"pad_of_permute", {Op::pad}, pad_of_permute},
        {"merge_reshapes", {Op::reshape}, merge_reshapes},
        {"reshape_of_broadcast", {Op::reshape}, reshape_of_broadcast},
        {"broadcast_to_reshape", {Op::broadcast}, broadcast_to_reshape},
        {"merge_broadcasts", {Op::broadcast}, merge_broadcasts},
        {"broadcast_of_unit_reshape", {Op::broadcast}, broadcast_of_unit_reshape},
    });
    return rules.apply(graph, context);
}

}  // namespace latent::passes
