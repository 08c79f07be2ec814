#include <algorithm>

#include "ir/region.h"
#include "passes/rewriting/rule.h"
#include "passes/rewriting/view_algebra.h"

// Single elements that are put side by side, and elements that are spread with a number between
// them, as a choice by position: rows of a few elements, which one elementwise kernel computes and
// stores as they lie, with what makes the elements and what uses the rows. Parts that are copied
// each to places of their own are stored element by element.

namespace latent::passes {

namespace {

using ir::Op;
using ir::Shape;
using ir::Value;

bool is_short_row(std::int64_t elements) {
    return elements > 1 && elements <= ir::longest_row_side_by_side;
}

/// `value`, of the shape `rows` without its last dimension, at each place of the rows.
Value at_each_place(const Value& value, const Shape& rows, const std::source_location& location) {
    ir::Axes axes;
    for (std::size_t axis = 0; axis + 1 < rows.size(); ++axis) {
        axes.push_back(static_cast<std::int64_t>(axis));
    }
    return ir::broadcast(value, rows.span(), axes.span(), location);
}

/// `chosen` at `place` of each row, `other` elsewhere.
Value choose(std::int64_t place, const Value& chosen, const Value& other,
             const std::source_location& location) {
    const Shape& rows = other.type().shape;
    const auto last = static_cast<std::int64_t>(rows.size()) - 1;
    const Value position = ir::broadcast(ir::iota(DType::i32, rows[rows.size() - 1], location),
                                         rows.span(), std::span(&last, 1), location);
    const Value wanted = ir::full(ir::Literal(DType::i32, place), rows.span(), location);
    return ir::make(Op::select, {ir::make(Op::equal, position, wanted, location), chosen, other},
                    location);
}

Value concat_of_single_elements(const ir::Node& node, const RuleContext&) {
    const Shape& rows = node.type().shape;
    const std::size_t last = rows.size() - 1;
    const auto is_single = [&](const Value& part) { return part.type().shape[last] == 1; };
    if (node.attributes_as<ir::ConcatAttributes>().axis != static_cast<std::int64_t>(last) ||
        !is_short_row(rows[last]) || node.type().element_count() == 0 ||
        !std::ranges::all_of(node.operands(), is_single)) {
        return {};
    }
    const auto part = [&](std::size_t i) {
        const Value element =
            ir::reshape(node.operand(i), rows.span().first(last), node.location());
        return at_each_place(element, rows, node.location());
    };
    std::size_t i = node.operands().size() - 1;
    Value result = part(i);
    while (i-- > 0) {
        result = choose(static_cast<std::int64_t>(i), part(i), result, node.location());
    }
    return result;
}

/// Along the last axis, where whole rows come of it: the gradient of every second element.
Value spread_elements(const ir::Node& node, const RuleContext&) {
    const auto& [low, high, interior] = node.attributes_as<ir::PadAttributes>();
    const Shape& elements = node.operand(0).type().shape;
    const std::size_t rank = elements.size();
    if (rank == 0 || rank == ir::max_rank || node.operand(0).type().element_count() == 0) {
        return {};
    }
    const std::size_t last = rank - 1;
    for (std::size_t i = 0; i < last; ++i) {
        if (low[i] != 0 || high[i] != 0 || interior[i] != 0) {
            return {};
        }
    }
    const std::int64_t period = interior[last] + 1;
    if (!is_short_row(period) || low[last] < 0 || high[last] < 0 ||
        low[last] + high[last] != interior[last]) {
        return {};
    }
    Shape rows = elements;
    rows.push_back(period);
    const Value fill = ir::broadcast(node.operand(1), rows.span(), {}, node.location());
    const Value spread = choose(low[last], at_each_place(node.operand(0), rows, node.location()),
                                fill, node.location());
    return ir::reshape(spread, node.type().shape.span(), node.location());
}

/// Along the last axis as rows of one turn each, side by side, in one kernel that reads what takes
/// turns and stores it in vectors. What is left of the last turn, or that turn where nothing is, is
/// copied by itself, so that lengths of all kinds share these kernels.
Value turns_along_last_axis(const ir::Node& node, const RuleContext&) {
    const auto count = static_cast<std::int64_t>(node.operands().size());
    const Shape& shape = node.type().shape;
    const std::size_t last = shape.size() - 1;
    const std::int64_t turns = (shape[last] - 1) / count;
    if (node.attributes_as<ir::ConcatAttributes>().axis != static_cast<std::int64_t>(last) ||
        !is_short_row(count) || node.type().element_count() == 0 || turns == 0 ||
        shape.size() == ir::max_rank) {
        return {};
    }
    Shape rows = shape;
    rows[last] = turns;
    rows.push_back(count);
    const auto of_operand = [&](std::int64_t i, std::int64_t start, std::int64_t stop) {
        const Value& operand = node.operand(static_cast<std::size_t>(i));
        StridedView view = whole(operand.type().shape);
        view[last] = {start, 1, stop - start};
        return take(operand, view, node.location());
    };
    Value whole_turns = at_each_place(of_operand(count - 1, 0, turns), rows, node.location());
    for (std::int64_t i = count - 1; i-- > 0;) {
        whole_turns = choose(i, at_each_place(of_operand(i, 0, turns), rows, node.location()),
                             whole_turns, node.location());
    }
    Shape run = shape;
    run[last] = turns * count;
    std::vector<Value> parts{ir::reshape(whole_turns, run.span(), node.location())};
    for (std::int64_t i = 0; turns * count + i < shape[last]; ++i) {
        parts.push_back(of_operand(i, turns, turns + 1));
    }
    return ir::make(Op::concat, node.attributes(), parts, node.location());
}

}  // namespace

ir::Graph interleave(const ir::Graph& graph, PassContext& context) {
    static const RuleSet rules({
        {"concat_of_single_elements", {Op::concat}, concat_of_single_elements},
        {"spread_elements", {Op::pad}, spread_elements},
        {"turns_along_last_axis", {Op::interleave}, turns_along_last_axis},
    });
    return rules.apply(graph, context);
}

}  // namespace latent::passes
