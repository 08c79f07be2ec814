#include "ir/gradient_rule.h"
#include "passes/differentiation/vjp.h"

namespace latent::passes {

void vjp_custom(const VjpContext& c) {
    const auto& rule = c.node().attributes_as<ir::CustomVjpAttributes>().rule;
    if (rule == nullptr) {
        ir::raise<GradientError>(c.location(), "custom_vjp: a node from text has no rule");
    }
    const auto parts =
        rule->cotangents(c.node(), {c.cotangent().value(), c.masked(), c.unbounded()});
    for (std::size_t i = 0; i < parts.size(); ++i) {
        c.contribute(i + 1, {parts[i].value, parts[i].masked, parts[i].unbounded});
    }
}

}  // namespace latent::passes
