#include "passes/partition/recompute_cost.h"

#include <algorithm>

namespace latent::passes {

namespace {

constexpr int saturated = 1 << 20;

}  // namespace

int recompute_cost(const ir::Node& node, std::int64_t operands, Anchors anchors) {
    if (node.op() == ir::Op::parameter || node.slot().ready()) {
        return node.type().rank() == 0 ? 0 : read_cost;
    }
    const ir::Category category = ir::category(node.op());
    const bool anchor = category == ir::Category::contract || category == ir::Category::index;
    if (category == ir::Category::scan ||
        (anchors == Anchors::computed_again && (anchor || category == ir::Category::reduce))) {
        return saturated;
    }
    if (anchor) {
        return read_cost;
    }
    const int own = category == ir::Category::view ? 0 : ir::arithmetic_cost(node.op());
    return static_cast<int>(std::min<std::int64_t>(saturated, own + operands));
}

ir::NodeMap<int> recompute_costs(std::span<const ir::Node* const> order) {
    ir::NodeMap<int> costs(order.size());
    for (const ir::Node* node : order) {
        std::int64_t operands = 0;
        for (const ir::Value& operand : node->operands()) {
            operands += *costs.find(operand.node.get());
        }
        costs[node] = recompute_cost(*node, operands, Anchors::stored);
    }
    return costs;
}

ir::NodeMap<bool> computed_from_several(std::span<const ir::Node* const> order) {
    ir::NodeMap<bool> from_several(order.size());
    ir::NodeMap<const ir::Node*> only(order.size());  // the one array, if there is one
    for (const ir::Node* node : order) {
        const ir::Category category = ir::category(node->op());
        const bool stored = node->op() == ir::Op::parameter || node->slot().ready() ||
                            category == ir::Category::contract || category == ir::Category::index ||
                            category == ir::Category::scan;
        bool several = false;
        const ir::Node* array = stored && node->type().rank() > 0 ? node : nullptr;
        if (!stored && node->op() != ir::Op::broadcast && category != ir::Category::reduce) {
            for (const ir::Value& operand : node->operands()) {
                const ir::Node* its_own = *only.find(operand.node.get());
                several = several || *from_several.find(operand.node.get()) ||
                          (array != nullptr && its_own != nullptr && its_own != array);
                array = its_own != nullptr ? its_own : array;
            }
        }
        from_several[node] = several;
        only[node] = array;
    }
    return from_several;
}

}  // namespace latent::passes
