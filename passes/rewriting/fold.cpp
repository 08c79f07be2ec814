#include <vector>

#include "passes/rewriting/literal_arithmetic.h"
#include "passes/rewriting/rule.h"
#include "passes/rewriting/view_algebra.h"

namespace latent::passes {

namespace {

ir::Value fold_elementwise(const ir::Node& node, const RuleContext&) {
    std::vector<ir::Literal> literals;
    for (const ir::Value& operand : node.operands()) {
        const ir::Literal* literal = constant_of(operand);
        if (literal == nullptr) {
            return {};
        }
        literals.push_back(*literal);
    }
    const std::optional<ir::Literal> result = evaluate(node.op(), literals, node.type().dtype);
    return result ? ir::full(*result, node.type().shape.span(), node.location()) : ir::Value{};
}

}  // namespace

ir::Graph fold_constants(const ir::Graph& graph, PassContext& context) {
    static const RuleSet rules({{"fold_elementwise", elementwise_ops(), fold_elementwise}});
    return rules.apply(graph, context);
}

}  // namespace latent::passes
