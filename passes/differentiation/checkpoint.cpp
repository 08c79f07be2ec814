#include "passes/differentiation/checkpoint.h"

#include <algorithm>

#include "ir/builder.h"
#include "ir/gradient_rule.h"
#include "ir/graph.h"
#include "passes/differentiation/jvp.h"
#include "passes/differentiation/vjp.h"

namespace latent::passes {

using ir::Node;
using ir::NodeMap;
using ir::Op;
using ir::Value;

namespace {

// Operands of a checkpoint: the result, leaves, inputs, and what else requires a gradient. The
// leaves are operands so that a checkpoint inside of another one can be rebuilt on other operands.

Value barrier(const Value& value, const std::source_location& location) {
    return ir::make(Op::optimization_barrier, {value}, location);
}

/// What belongs to the function has been made after its leaves. What was made before, data that
/// came to be since, and what has forgotten its operands are inputs like any other.
class Inside {
  public:
    explicit Inside(std::span<const Value> leaves) {
        for (const Value& leaf : leaves) {
            leaves_.insert(leaf.node.get(), true);
            first_ = std::min(first_, leaf.node->id());
        }
    }
    bool contains(const Node& node) const {
        return node.id() > first_ && !node.operands().empty() && !leaves_.contains(&node);
    }
    std::vector<const Node*> order(const Value& result) const {
        return ir::topological_order(std::span(&result, 1),
                                     [this](const Node& node) { return !contains(node); });
    }

  private:
    NodeMap<bool> leaves_;
    std::uint64_t first_ = UINT64_MAX;
};

/// Recomputes what is inside, and differentiates that.
class Recompute final : public ir::GradientRule {
  public:
    explicit Recompute(std::size_t count) : count_(count) {}

    std::vector<Cotangent> cotangents(const Node& node, const Cotangent& cotangent) const override {
        const Again again = replay(node);
        const auto found =
            propagate_to(again.inputs, again.result,
                         {cotangent.value, true, cotangent.masked, cotangent.unbounded});
        std::vector<Cotangent> parts(count_);
        for (const passes::Cotangent& part : found) {
            parts.push_back({part.value, part.masked, part.unbounded});
        }
        return parts;
    }

    std::optional<Cotangent> tangent(const Node& node,
                                     std::span<const Cotangent> tangents) const override {
        const Again again = replay(node);
        std::vector<Differential> moves;
        for (const Cotangent& moved : tangents.subspan(count_)) {
            moves.push_back({moved.value, moved.masked, moved.unbounded});
        }
        const auto moved = move_along(std::span(&again.result, 1), again.inputs, moves).front();
        return moved ? Cotangent{moved->value, moved->masked, moved->unbounded} : Cotangent{};
    }

  private:
    /// The function once more.
    struct Again {
        Value result;
        std::vector<Value> inputs;  // and what it captures, behind barriers
    };

    Again replay(const Node& node) const {
        const auto operands = node.operands();
        const auto leaves = operands.subspan(1, count_);
        NodeMap<Value> again;
        std::vector<Value> behind;
        for (const Value& value : operands.subspan(1 + count_)) {
            behind.push_back(barrier(value, node.location()));
            again[value.node.get()] = behind.back();
        }
        for (std::size_t i = 0; i < leaves.size(); ++i) {
            again[leaves[i].node.get()] = behind[i];
        }
        return {replay(operands[0].operands()[0], Inside(leaves), again), std::move(behind)};
    }

    static Value replay(const Value& result, const Inside& inside, NodeMap<Value>& again) {
        std::vector<Value> operands;
        for (const Node* node : inside.order(result)) {
            if (again.contains(node)) {
                continue;
            }
            const Value value{ir::NodeRef::share(*node)};
            if (!inside.contains(*node)) {
                again[node] = node->op() == Op::constant ? value : barrier(value, node->location());
                continue;
            }
            operands.clear();
            for (const Value& operand : node->operands()) {
                operands.push_back(again.at(operand.node.get()));
            }
            again[node] = ir::with_operands(*node, operands);
        }
        return again.at(result.node.get());
    }

    std::size_t count_;
};

}  // namespace

std::vector<Value> checkpoint_leaves(std::span<const Value> inputs,
                                     const std::source_location& location) {
    std::vector<Value> leaves;
    for (const Value& input : inputs) {
        // A leaf of differentiation, so that nothing built on it forgets its operands.
        leaves.push_back({Node::create({.op = Op::stop_gradient,
                                        .attributes = {},
                                        .operands = std::span(&input, 1),
                                        .type = input.type(),
                                        .location = location,
                                        .requires_grad = is_floating(input.type().dtype)})});
    }
    return leaves;
}

Value checkpoint(const Value& result, std::span<const Value> leaves, std::span<const Value> inputs,
                 const std::source_location& location) {
    std::vector<Value> operands{ir::make(Op::stop_gradient, {result}, location)};
    operands.insert(operands.end(), leaves.begin(), leaves.end());
    operands.insert(operands.end(), inputs.begin(), inputs.end());
    const Inside inside(leaves);
    NodeMap<bool> known;
    for (const Value& operand : operands) {
        known[operand.node.get()] = true;
    }
    for (const Node* node : inside.order(result)) {
        if (node->requires_grad() && !inside.contains(*node) && !known.contains(node)) {
            operands.push_back({ir::NodeRef::share(*node)});
        }
    }
    // The leaves require a gradient, but none is asked through them.
    const bool requires_grad =
        std::ranges::any_of(std::span(operands).subspan(1 + leaves.size()),
                            [](const Value& operand) { return operand.node->requires_grad(); });
    return {Node::create(
        {.op = Op::custom_vjp,
         .attributes = ir::CustomVjpAttributes{std::make_shared<Recompute>(leaves.size())},
         .operands = operands,
         .type = result.type(),
         .location = location,
         .requires_grad = requires_grad && is_floating(result.type().dtype)})};
}

}  // namespace latent::passes
