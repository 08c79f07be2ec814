#include "passes/rewriting/simplify_rules.h"

namespace latent::passes {

namespace {

std::vector<Rule> all_rules() {
    std::vector<Rule> rules = arithmetic_rules();
    const std::vector<Rule> structural = structural_rules();
    rules.insert(rules.end(), structural.begin(), structural.end());
    return rules;
}

}  // namespace

ir::Graph simplify(const ir::Graph& graph, PassContext& context) {
    static const RuleSet rules(all_rules());
    return rules.apply(graph, context);
}

}  // namespace latent::passes
