#include "passes/rewriting/rule.h"

#include <fmt/format.h>

namespace latent::passes {

namespace {

/// More rewrites of one node in a row than any chain of rules needs: a guard against rules that
/// undo each other.
constexpr int most_rewrites_of_a_node = 32;

}  // namespace

void UseCounts::replace(const ir::Node& node, const ir::Value& replacement) {
    if (counted_) {
        const std::uint32_t inherited = counts_.at(&node);
        counts_[replacement.node.get()] += inherited;
    } else {
        replaced_.emplace_back(&node, replacement);
    }
}

std::uint32_t UseCounts::of(const ir::Value& value) const {
    if (!counted_) {
        count();
    }
    const std::uint32_t* found = counts_.find(value.node.get());
    return found == nullptr ? 0 : *found;
}

void UseCounts::count() const {
    for (const ir::Node* node : ir::topological_order(graph_.results)) {
        for (const ir::Value& operand : node->operands()) {
            ++counts_[operand.node.get()];
        }
    }
    for (const ir::Value& result : graph_.results) {
        ++counts_[result.node.get()];
    }
    for (const auto& [node, replacement] : replaced_) {
        const std::uint32_t inherited = counts_.at(node);
        counts_[replacement.node.get()] += inherited;
    }
    counted_ = true;
}

std::vector<ir::Op> ops_of(ir::Category category) {
    std::vector<ir::Op> ops;
    for (const ir::OpInfo& info : ir::all_ops()) {
        if (info.category == category) {
            ops.push_back(info.op);
        }
    }
    return ops;
}

std::vector<ir::Op> elementwise_ops() {
    std::vector<ir::Op> ops;
    for (const ir::OpInfo& info : ir::all_ops()) {
        if (ir::is_elementwise(info.op)) {
            ops.push_back(info.op);
        }
    }
    return ops;
}

RuleSet::RuleSet(std::vector<Rule> rules) : rules_(std::move(rules)), by_op_(ir::all_ops().size()) {
    for (const Rule& rule : rules_) {
        for (const ir::Op op : rule.roots) {
            by_op_[static_cast<std::size_t>(op)].push_back(&rule);
        }
    }
}

ir::Value RuleSet::apply_once(const ir::Value& value, const RuleContext& rule_context,
                              PassContext& context) const {
    for (const Rule* rule : by_op_[static_cast<std::size_t>(value.op())]) {
        if (!context.has_fuel()) {
            return {};
        }
        ir::Value replacement = rule->apply(*value.node, rule_context);
        if (!replacement) {
            continue;
        }
        if (replacement.type() != value.type()) {
            throw InternalError(fmt::format("rule {} replaced {} by {}", rule->name,
                                            ir::to_string(value.type()),
                                            ir::to_string(replacement.type())));
        }
        context.spend(rule->name);
        return replacement;
    }
    return {};
}

ir::Graph RuleSet::apply(const ir::Graph& graph, PassContext& context) const {
    UseCounts uses(graph);
    const RuleContext rule_context(context.float_mode(), uses);
    return ir::rewrite(graph, [&](const ir::Node& node, std::span<const ir::Value> operands) {
        ir::Value value = ir::with_operands(node, operands);
        for (int i = 0; i < most_rewrites_of_a_node; ++i) {
            ir::Value replacement = apply_once(value, rule_context, context);
            if (!replacement) {
                break;
            }
            value = std::move(replacement);
        }
        if (value.node.get() != &node) {
            uses.replace(node, value);
        }
        return value;
    });
}

}  // namespace latent::passes
