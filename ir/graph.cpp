#include "ir/graph.h"

#include <algorithm>

namespace latent::ir {

std::vector<const Node*> topological_order(std::span<const Value> results,
                                           const std::function<bool(const Node&)>& stop) {
    NodeMap<const Node*> seen;
    std::vector<const Node*> pending;
    const auto visit = [&](const Value& value) {
        const Node* node = value.node.get();
        if (seen.insert(node, node).second) {
            pending.push_back(node);
        }
    };
    for (const Value& result : results) {
        visit(result);
    }
    while (!pending.empty()) {
        const Node* node = pending.back();
        pending.pop_back();
        if (stop && stop(*node)) {
            continue;
        }
        for (const Value& operand : node->operands()) {
            visit(operand);
        }
    }
    return seen.in_order();
}

Value with_operands(const Node& node, std::span<const Value> operands) {
    if (std::ranges::equal(node.operands(), operands)) {
        return {NodeRef::share(node)};
    }
    return make(node.op(), node.attributes(), operands, node.location());
}

Graph rewrite(const Graph& graph, const RewriteRule& rule) {
    const std::vector<const Node*> order = topological_order(graph.results);
    NodeMap<Value> replacement(order.size());
    std::vector<Value> operands;
    for (const Node* node : order) {
        operands.clear();
        for (const Value& operand : node->operands()) {
            operands.push_back(replacement.at(operand.node.get()));
        }
        Value value = rule(*node, operands);
        replacement[node] = value ? value : with_operands(*node, operands);
    }
    Graph result;
    for (const Value& value : graph.results) {
        result.results.push_back(replacement.at(value.node.get()));
    }
    return result;
}

}  // namespace latent::ir
