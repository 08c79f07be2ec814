#include <algorithm>
#include <unordered_map>
#include <vector>

#include "passes/pass.h"
#include "passes/rewriting/literal_arithmetic.h"

// Two nodes are one if they have the same op, attributes and operands. Of equal nodes the one
// created first stays, with its location. What is never merged:
//  - buffers and parameters: equal contents are no reason, and the next call may bring others;
//  - scalars: their values are no part of a plan, so a plan must not depend on two of them being
//  equal.
// Random bits are equal where key and counter are: that is what a counter-based generator means.

namespace latent::passes {

namespace {

bool has_own_identity(ir::Op op) {
    return op == ir::Op::buffer || op == ir::Op::parameter || op == ir::Op::scalar;
}

bool has_exchangeable_operands(const ir::Node& node) {
    return node.operands().size() == 2 && commutes(node.op(), node.operand(0).type().dtype);
}

std::uint64_t expression_hash(const ir::Node& node, std::span<const ir::Value> operands) {
    std::uint64_t hash = node.local_hash();
    if (has_exchangeable_operands(node)) {
        return ir::hash_combine(hash, operands[0].node->id() + operands[1].node->id());
    }
    for (const ir::Value& operand : operands) {
        hash = ir::hash_combine(ir::hash_combine(hash, operand.node->id()), operand.result);
    }
    return hash;
}

bool same_expression(const ir::Node& a, const ir::Node& b,
                     std::span<const ir::Value> operands_of_b) {
    if (a.op() != b.op() || a.attributes() != b.attributes() || a.type() != b.type()) {
        return false;
    }
    const std::span<const ir::Value> operands = a.operands();
    return std::ranges::equal(operands, operands_of_b) ||
           (has_exchangeable_operands(a) && operands[0] == operands_of_b[1] &&
            operands[1] == operands_of_b[0]);
}

}  // namespace

ir::Graph eliminate_common_subexpressions(const ir::Graph& graph, PassContext& context) {
    // The rewrite keeps alive what it has made.
    std::unordered_multimap<std::uint64_t, const ir::Node*> expressions;
    return ir::rewrite(graph,
                       [&](const ir::Node& node, std::span<const ir::Value> operands) -> ir::Value {
                           if (has_own_identity(node.op()) || !context.has_fuel()) {
                               return {};
                           }
                           const std::uint64_t hash = expression_hash(node, operands);
                           const auto [first, last] = expressions.equal_range(hash);
                           const auto found = std::find_if(first, last, [&](const auto& entry) {
                               return same_expression(*entry.second, node, operands);
                           });
                           if (found != last) {
                               context.spend("common_subexpression");
                               return {ir::NodeRef::share(*found->second)};
                           }
                           ir::Value value = ir::with_operands(node, operands);
                           expressions.emplace(hash, value.node.get());
                           return value;
                       });
}

}  // namespace latent::passes
