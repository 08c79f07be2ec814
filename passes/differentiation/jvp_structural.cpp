#include <array>
#include <vector>

#include "ir/gradient_rule.h"
#include "passes/differentiation/jvp.h"
#include "passes/differentiation/vjp.h"

// Jacobian-vector rules of reductions, scans, contractions, movement and boundaries.

namespace latent::passes {

using ir::Op;
using ir::Value;

namespace {

Term make_term(const JvpContext& c, Op op, const Term& a, const Term& b) {
    const std::array operands{a.value(), b.value()};
    return {ir::make(op, c.node().attributes(), operands, c.location()), c.location()};
}

}  // namespace

Differential jvp_reduce_prod(const JvpContext& c) {
    if (c.operand(0).type().element_count() == 0) {
        return {};  // a product of nothing does not move
    }
    const Differential& tangent = c.differential(0);
    const Term others = products_of_others(c.node());
    // Products overflow: the derivative has no bound.
    Partial partial(c.node(), 0, tangent);
    const Term product = partial.times_unbounded(others);
    Differential result = c.carry(sum_over_reduced(c.node(), product));
    result.unbounded = true;
    return result;
}

Differential jvp_reduce_max_min(const JvpContext& c) {
    const Term chosen = chosen_elements(c.node());
    const Term zero = c.operand(0).filled(0);
    const Term count = sum_over_reduced(c.node(), select(chosen, c.operand(0).filled(1), zero));
    const Term total = sum_over_reduced(c.node(), select(chosen, c.tangent(0), zero));
    return c.carry(total / count);
}

/// Each result moves with the largest element so far, the last of equal ones.
Differential jvp_cumulative_max(const JvpContext& c) {
    const Term is_largest = is_largest_so_far(c.node());
    const Term zero = c.operand(0).filled(0);
    const Term carried = select(is_largest, zero, zero.filled(1));
    const Term taken = select(is_largest, c.tangent(0), zero);
    const std::array operands{carried.value(), taken.value()};
    return c.carry(ir::make(Op::linear_recurrence, c.node().attributes(), operands, c.location()));
}

/// s'[k] = a[k] * s'[k-1] + (a'[k] * s[k-1] + b'[k])
Differential jvp_linear_recurrence(const JvpContext& c) {
    if (!c.moves(0)) {
        return c.carry(make_term(c, Op::linear_recurrence, c.operand(0), c.tangent(1)));
    }
    const Term scaled = c.times(0, c.tangent(0), moved(c.node(), c.result(), true));
    return c.carry(make_term(c, Op::linear_recurrence, c.operand(0),
                             c.moves(1) ? scaled + c.tangent(1) : scaled));
}

Differential jvp_contraction(const JvpContext& c) {
    if (!c.moves(1)) {
        return c.carry(make_term(c, Op::contraction, c.tangent(0), c.operand(1)));
    }
    const Term second = make_term(c, Op::contraction, c.operand(0), c.tangent(1));
    return c.carry(c.moves(0) ? make_term(c, Op::contraction, c.tangent(0), c.operand(1)) + second
                              : second);
}

Differential jvp_pad_or_concat(const JvpContext& c) {
    std::vector<Value> tangents;
    bool all_move = true;
    for (std::size_t i = 0; i < c.node().operands().size(); ++i) {
        tangents.push_back(c.tangent_or_zero(i));
        all_move = all_move && c.moves(i);
    }
    const Differential result = c.same_op(tangents);
    return all_move ? result : c.carry_masked(result.value);
}

Differential jvp_scatter_add(const JvpContext& c) {
    if (!c.moves(2)) {
        return c.carry(c.tangent(0));
    }
    const std::array operands{c.tangent_or_zero(0), c.node().operand(1), c.tangent(2).value()};
    const Differential result = c.same_op(operands);
    return c.moves(0) ? result : c.carry_masked(result.value);
}

namespace {

/// The node's rule gives J^T w, which is linear in w; what that gives from a cotangent u, with
/// respect to w, is J u. Nothing says which of the rule's factors have a bound.
Differential transposed(const JvpContext& c, const ir::GradientRule& rule) {
    const Term w = c.result().filled(1);
    const auto parts = rule.cotangents(c.node(), {w.value(), false, false});
    Differential sum{{}, true, true};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (!c.moves(i + 1) || !parts[i].value) {
            continue;
        }
        const Differential& tangent = c.differential(i + 1);
        const Value part = propagate_to(std::span(&w.value(), 1), parts[i].value,
                                        {tangent.value, true, tangent.masked, true})
                               .front()
                               .value;
        if (part) {
            sum.value = sum.value ? ir::make(Op::add, {sum.value, part}, c.location()) : part;
        }
    }
    return sum;
}

}  // namespace

Differential jvp_custom(const JvpContext& c) {
    const auto& rule = c.node().attributes_as<ir::CustomVjpAttributes>().rule;
    if (rule == nullptr) {
        ir::raise<GradientError>(c.location(), "custom_vjp: a node from text has no rule");
    }
    std::vector<ir::GradientRule::Cotangent> tangents;
    for (std::size_t i = 1; i < c.node().operands().size(); ++i) {
        const Differential& tangent = c.differential(i);
        tangents.push_back({tangent.value, tangent.masked, tangent.unbounded});
    }
    if (const auto moved = rule->tangent(c.node(), tangents)) {
        return {moved->value, moved->masked, moved->unbounded};
    }
    return transposed(c, *rule);
}

}  // namespace latent::passes
