#include "passes/partition/seen_through_views.h"

#include <algorithm>

namespace latent::passes {

const ir::Node& seen_through_views(const ir::Value& value) {
    const ir::Node* node = value.node.get();
    while (ir::category(node->op()) == ir::Category::view) {
        node = node->operand(0).node.get();
    }
    return *node;
}

bool reads_windows(const ir::Node& contraction) {
    return std::ranges::any_of(contraction.operands(), [](const ir::Value& operand) {
        const ir::Node* seen = operand.node.get();
        while (seen->op() != ir::Op::window && ir::category(seen->op()) == ir::Category::view) {
            seen = seen->operand(0).node.get();
        }
        return seen->op() == ir::Op::window;
    });
}

}  // namespace latent::passes
