#include <algorithm>
#include <array>

#include "passes/rewriting/contraction_labels.h"
#include "passes/rewriting/rule.h"
#include "passes/rewriting/transposed_convolution.h"
#include "passes/rewriting/view_algebra.h"

// Rules about the labels of contractions. Those that look through the operands or at the user of a
// contraction leave only arithmetic that has to be done:
//  - a permute is another order of labels, so it costs nothing;
//  - an operand that is repeated along a dimension need not have that dimension;
//  - a sum over a dimension of the result that both operands have is a contracted dimension. (The
//  gradient of a weight used
//    by a whole batch is written so.) This fixes the order of a sum that the graph wrote as two: a
//    sum of products is one sum, in the order that the contraction has.

namespace latent::passes {

namespace {

using ir::ContractionAttributes;
using ir::Dims;
using ir::Op;
using ir::Value;

/// A contraction in parts that can be edited.
struct Contraction {
    std::array<Value, 2> operands;
    std::array<Dims, 2> labels;
    Dims out;

    explicit Contraction(const ir::Node& node) : operands{node.operand(0), node.operand(1)} {
        const auto& attributes = node.attributes_as<ContractionAttributes>();
        labels = {attributes.lhs, attributes.rhs};
        out = attributes.out;
    }

    Value build(const std::source_location& location) const {
        return ir::make(Op::contraction, numbered({labels[0], labels[1], out}), operands, location);
    }
};

Value permuted_operands(const ir::Node& node, const RuleContext&) {
    Contraction contraction(node);
    bool changed = false;
    for (std::size_t side = 0; side < 2; ++side) {
        const Value operand = contraction.operands[side];
        if (operand.op() != Op::permute) {
            continue;
        }
        const auto& permutation = operand.node->attributes_as<ir::PermuteAttributes>().permutation;
        Dims labels = contraction.labels[side];
        for (std::size_t i = 0; i < permutation.size(); ++i) {
            labels[static_cast<std::size_t>(permutation[i])] = contraction.labels[side][i];
        }
        contraction.operands[side] = operand.node->operand(0);
        contraction.labels[side] = labels;
        changed = true;
    }
    return changed ? contraction.build(node.location()) : Value{};
}

Value permuted_result(const ir::Node& node, const RuleContext& context) {
    const Value& inner = node.operand(0);
    if (inner.op() != Op::contraction || !context.used_once(inner)) {
        return {};
    }
    Contraction contraction(*inner.node);
    const Dims labels = contraction.out;
    contraction.out = {};
    for (const std::int64_t axis : node.attributes_as<ir::PermuteAttributes>().permutation) {
        contraction.out.push_back(labels[static_cast<std::size_t>(axis)]);
    }
    return contraction.build(inner.node->location());
}

/// Takes the dimensions with these labels, along which `operand` is a broadcast, away again.
void drop_repeated(Value& operand, Dims& labels, const Dims& dropped,
                   const std::source_location& location) {
    const auto& axes = operand.node->attributes_as<ir::BroadcastAttributes>().axes;
    ir::Shape shape;
    ir::Axes new_axes;
    Dims kept;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        if (contains(dropped, labels[i])) {
            continue;
        }
        if (contains(axes, static_cast<std::int64_t>(i))) {
            new_axes.push_back(static_cast<std::int64_t>(shape.size()));
        }
        shape.push_back(operand.type().shape[i]);
        kept.push_back(labels[i]);
    }
    operand = ir::broadcast(operand.node->operand(0), shape.span(), new_axes.span(), location);
    labels = kept;
}

/// An operand that is a broadcast loses the repeated dimensions that the result has. Where the
/// other operand lacks one too, the result is a broadcast along it. (A repeated dimension that is
/// contracted stays: leaving it out would be a factor.)
Value repeated_operands(const ir::Node& node, const RuleContext&) {
    Contraction contraction(node);
    bool changed = false;
    for (std::size_t side = 0; side < 2; ++side) {
        Value& operand = contraction.operands[side];
        if (operand.op() != Op::broadcast) {
            continue;
        }
        const auto& axes = operand.node->attributes_as<ir::BroadcastAttributes>().axes;
        Dims dropped;
        for (std::size_t i = 0; i < contraction.labels[side].size(); ++i) {
            const std::int64_t label = contraction.labels[side][i];
            if (!contains(axes, static_cast<std::int64_t>(i)) && contains(contraction.out, label)) {
                dropped.push_back(label);
            }
        }
        if (!dropped.empty()) {
            drop_repeated(operand, contraction.labels[side], dropped, node.location());
            changed = true;
        }
    }
    if (!changed) {
        return {};
    }
    Dims out;
    ir::Axes axes;
    for (std::size_t i = 0; i < contraction.out.size(); ++i) {
        const std::int64_t label = contraction.out[i];
        if (contains(contraction.labels[0], label) || contains(contraction.labels[1], label)) {
            out.push_back(label);
            axes.push_back(static_cast<std::int64_t>(i));
        }
    }
    contraction.out = out;
    return ir::broadcast(contraction.build(node.location()), node.type().shape.span(), axes.span(),
                         node.location());
}

/// A contraction without the given labels, all of extent 1: its operands are reshaped, and its
/// result lacks them.
Value without_unit_labels(Contraction contraction, const Dims& dropped,
                          const std::source_location& location) {
    const auto drop = [&](Dims& labels) {
        Dims kept;
        for (const std::int64_t label : labels) {
            if (!contains(dropped, label)) {
                kept.push_back(label);
            }
        }
        labels = kept;
    };
    for (std::size_t side = 0; side < 2; ++side) {
        Value& operand = contraction.operands[side];
        ir::Shape shape;
        for (std::size_t i = 0; i < operand.type().rank(); ++i) {
            if (!contains(dropped, contraction.labels[side][i])) {
                shape.push_back(operand.type().shape[i]);
            }
        }
        drop(contraction.labels[side]);
        // Under a reshape that only added these dimensions is the value itself.
        const bool restored =
            operand.op() == Op::reshape && operand.node->operand(0).type().shape == shape;
        operand =
            restored ? operand.node->operand(0) : ir::reshape(operand, shape.span(), location);
    }
    drop(contraction.out);
    return contraction.build(location);
}

/// The dimensions of `larger` (all of extent 1) that `smaller` lacks, the rest being the same in
/// order; the last of several that could be meant. Nothing if there is more to it.
ir::Axes added_unit_dimensions(const ir::Shape& smaller, const ir::Shape& larger) {
    ir::Axes added;
    std::size_t next = 0;
    for (std::size_t i = 0; i < larger.size(); ++i) {
        if (next < smaller.size() && smaller[next] == larger[i]) {
            ++next;
        } else if (larger[i] == 1) {
            added.push_back(static_cast<std::int64_t>(i));
        } else {
            return {};
        }
    }
    return next == smaller.size() ? added : ir::Axes{};
}

/// Dimensions of extent 1 that were added to an operand (by windows of one element, say) are no
/// dimensions of the sum.
Value unit_dimensions_of_operands(const ir::Node& node, const RuleContext&) {
    const Contraction contraction(node);
    Dims dropped;
    for (std::size_t side = 0; side < 2; ++side) {
        const Value& operand = contraction.operands[side];
        if (operand.op() != Op::reshape) {
            continue;
        }
        for (const std::int64_t dim :
             added_unit_dimensions(operand.node->operand(0).type().shape, operand.type().shape)) {
            const std::int64_t label = contraction.labels[side][static_cast<std::size_t>(dim)];
            if (!contains(dropped, label)) {
                dropped.push_back(label);
            }
        }
    }
    if (dropped.empty()) {
        return {};
    }
    return ir::reshape(without_unit_labels(contraction, dropped, node.location()),
                       node.type().shape.span(), node.location());
}

/// The same for dimensions that the user of the result takes away.
Value unit_dimensions_of_result(const ir::Node& node, const RuleContext& context) {
    const Value& inner = node.operand(0);
    if (inner.op() != Op::contraction || !context.used_once(inner)) {
        return {};
    }
    const Contraction contraction(*inner.node);
    Dims dropped;
    for (const std::int64_t dim : added_unit_dimensions(node.type().shape, inner.type().shape)) {
        dropped.push_back(contraction.out[static_cast<std::size_t>(dim)]);
    }
    return dropped.empty() ? Value{}
                           : without_unit_labels(contraction, dropped, inner.node->location());
}

/// A fold that meets its contraction behind dimensions of extent 1 (the one output channel of a
/// group of a depthwise convolution).
Value folded_with_unit_dimensions(const ir::Node& node, const RuleContext& context) {
    const Value& operand = node.operand(0);
    if (operand.op() != Op::reshape || operand.node->operand(0).op() != Op::contraction ||
        !context.used_once(operand)) {
        return {};
    }
    const Value& inner = operand.node->operand(0);
    const ir::Axes added = added_unit_dimensions(inner.type().shape, operand.type().shape);
    auto fold = node.attributes_as<ir::FoldAttributes>();
    const auto is_folded = [&](std::int64_t dim) {
        return contains(fold.axes, dim) ||
               dim >= static_cast<std::int64_t>(node.type().shape.size());
    };
    if (added.empty() || std::ranges::any_of(added, is_folded)) {
        return {};
    }
    for (std::int64_t& axis : fold.axes) {
        axis -= std::ranges::count_if(added, [&](std::int64_t dim) { return dim < axis; });
    }
    const Value folded = ir::make(Op::fold, fold, std::span(&inner, 1), node.location());
    const Value convolution = transposed_convolution(*folded.node, context);
    return convolution ? ir::reshape(convolution, node.type().shape.span(), node.location())
                       : Value{};
}

Value summed_batch(const ir::Node& node, const RuleContext& context) {
    const Value& inner = node.operand(0);
    if (inner.op() != Op::contraction || !context.used_once(inner)) {
        return {};
    }
    Contraction contraction(*inner.node);
    const auto& axes = node.attributes_as<ir::ReduceAttributes>().axes;
    ir::Axes left;  // to be summed still, as dimensions of the new result
    Dims out;
    for (std::size_t i = 0; i < contraction.out.size(); ++i) {
        const std::int64_t label = contraction.out[i];
        const bool summed = contains(axes, static_cast<std::int64_t>(i));
        if (summed && contains(contraction.labels[0], label) &&
            contains(contraction.labels[1], label)) {
            continue;
        }
        if (summed) {
            left.push_back(static_cast<std::int64_t>(out.size()));
        }
        out.push_back(label);
    }
    if (out.size() == contraction.out.size()) {
        return {};
    }
    contraction.out = out;
    const Value result = contraction.build(inner.node->location());
    return left.empty() ? result : ir::reduce(Op::reduce_sum, result, left.span(), node.location());
}

Value number_labels(const ir::Node& node, const RuleContext&) {
    const auto& attributes = node.attributes_as<ContractionAttributes>();
    return numbered(attributes) == attributes ? Value{} : Contraction(node).build(node.location());
}

/// Where an operand has no free dimension, nothing of the other is used twice: the sum of a product
/// (of an outer product, of one number) reads each element once, which is all that a matrix product
/// could win. So is a product without a sum. The products of a sum are not rounded to a narrow
/// dtype.
Value multiply(const ir::Node& node, const RuleContext&) {
    const Contraction contraction(node);
    ir::Dims all = contraction.out;
    bool covers = false;
    bool sums = false;
    for (std::size_t side = 0; side < 2; ++side) {
        const Dims& labels = contraction.labels[side];
        const Dims& others = contraction.labels[1 - side];
        covers = covers || std::ranges::all_of(
                               labels, [&](std::int64_t label) { return contains(others, label); });
        for (const std::int64_t label : labels) {
            if (!contains(all, label)) {
                sums = true;
                all.push_back(label);
            }
        }
    }
    if (sums && !covers) {
        return {};
    }
    // Summed dimensions go last, but in the order of the operand that has all dimensions, so that
    // it is read as it lies.
    const Dims& larger =
        contraction.labels[contraction.labels[0].size() >= contraction.labels[1].size() ? 0 : 1];
    const Dims& order = sums && larger.size() == all.size() ? larger : all;
    ir::Shape shape;
    ir::Axes summed;
    for (std::size_t i = 0; i < order.size(); ++i) {
        const std::size_t side = contains(contraction.labels[0], order[i]) ? 0 : 1;
        shape.push_back(contraction.operands[side].type().shape[position_of(
            contraction.labels[side], order[i])]);
        if (!contains(contraction.out, order[i])) {
            summed.push_back(static_cast<std::int64_t>(i));
        }
    }
    const DType dtype = node.type().dtype;
    std::array<Value, 2> factors;
    for (std::size_t side = 0; side < 2; ++side) {
        const Dims& labels = contraction.labels[side];
        ir::Axes permutation;
        ir::Axes axes;
        for (std::size_t i = 0; i < order.size(); ++i) {
            if (contains(labels, order[i])) {
                permutation.push_back(static_cast<std::int64_t>(position_of(labels, order[i])));
                axes.push_back(static_cast<std::int64_t>(i));
            }
        }
        const Value& operand = contraction.operands[side];
        const Value factor = ir::permute(
            sums ? ir::cast(operand, ir::computing_dtype(dtype), node.location()) : operand,
            permutation.span(), node.location());
        factors[side] = ir::broadcast(factor, shape.span(), axes.span(), node.location());
    }
    Value product = ir::make(Op::mul, {factors[0], factors[1]}, node.location());
    if (!sums) {
        return product;
    }
    const Value sum = ir::cast(ir::reduce(Op::reduce_sum, product, summed.span(), node.location()),
                               dtype, node.location());
    ir::Axes result;
    Dims kept;
    for (const std::int64_t label : order) {
        if (contains(contraction.out, label)) {
            kept.push_back(label);
        }
    }
    for (const std::int64_t label : contraction.out) {
        result.push_back(static_cast<std::int64_t>(position_of(kept, label)));
    }
    return ir::permute(sum, result.span(), node.location());
}

/// Whether a value is there, or is stored before anything reads it: what is elementwise would be
/// computed again at each place that it is repeated to.
bool is_stored(const Value& value) {
    const Value* seen = &value;
    while (ir::category(seen->op()) == ir::Category::view) {
        seen = &seen->node->operand(0);
    }
    const ir::Category category = ir::category(seen->op());
    return category == ir::Category::leaf || category == ir::Category::reduce ||
           seen->op() == Op::contraction;
}

/// A product with one column is one with a vector where the matrix lies along what is summed: sums
/// of rows. (Where it lies along its other dimension, a product with one row streams it; of windows
/// neighbours share what they read.) A sum over a dimension of extent 1 is none.
Value multiply_single_columns(const ir::Node& node, const RuleContext& context) {
    const Contraction contraction(node);
    const auto extent = [&](std::size_t side, std::int64_t label) {
        return contraction.operands[side]
            .type()
            .shape[position_of(contraction.labels[side], label)];
    };
    Dims summed;
    Dims dropped;
    for (const std::int64_t label : contraction.labels[0]) {
        if (!contains(contraction.out, label)) {
            (extent(0, label) == 1 ? dropped : summed).push_back(label);
        }
    }
    for (std::size_t side = 0; side < 2 && summed.size() == 1; ++side) {
        const Dims& others = contraction.labels[1 - side];
        Dims free;
        for (const std::int64_t label : contraction.labels[side]) {
            if (!contains(others, label)) {
                free.push_back(label);
            }
        }
        const bool single = !free.empty() && std::ranges::all_of(free, [&](std::int64_t label) {
            return extent(side, label) == 1;
        });
        if (single && others.back() == summed[0] && is_stored(contraction.operands[side]) &&
            contraction.operands[1 - side].op() != Op::window) {
            dropped.append(free.span());
            break;
        }
    }
    if (dropped.empty()) {
        return {};
    }
    const Value smaller = without_unit_labels(contraction, dropped, node.location());
    const Value product = multiply(*smaller.node, context);
    return product ? ir::reshape(product, node.type().shape.span(), node.location()) : Value{};
}

}  // namespace

ir::Graph simplify_contractions(const ir::Graph& graph, PassContext& context) {
    static const RuleSet rules({
        {"contraction_permuted_operands", {Op::contraction}, permuted_operands},
        {"contraction_repeated_operands", {Op::contraction}, repeated_operands},
        {"contraction_unit_dimensions_of_operands", {Op::contraction}, unit_dimensions_of_operands},
        {"contraction_number_labels", {Op::contraction}, number_labels},
        {"contraction_permuted_result", {Op::permute}, permuted_result},
        {"contraction_unit_dimensions_of_result", {Op::reshape}, unit_dimensions_of_result},
        {"contraction_summed_batch", {Op::reduce_sum}, summed_batch},
        {"transposed_convolution", {Op::fold}, transposed_convolution},
        {"transposed_convolution_with_unit_dimensions", {Op::fold}, folded_with_unit_dimensions},
    });
    return rules.apply(graph, context);
}

ir::Graph multiply_outer_products(const ir::Graph& graph, PassContext& context) {
    static const RuleSet rules(
        {{"multiply_outer_product", {Op::contraction}, multiply},
         {"multiply_single_columns", {Op::contraction}, multiply_single_columns}});
    return rules.apply(graph, context);
}

}  // namespace latent::passes
