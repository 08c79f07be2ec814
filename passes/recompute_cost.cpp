#include "passes/recompute_cost.h"

#include <algorithm>

namespace latent::passes {

namespace {

constexpr int read_cost = 2;
constexpr int transcendental_cost = 10;
constexpr int division_cost = 4;
constexpr int saturated = 1 << 20;

int own_cost(ir::Op op) {
    switch (op) {
        case ir::Op::constant:
        case ir::Op::scalar:
        case ir::Op::iota:
        case ir::Op::stop_gradient:
            return 0;
        case ir::Op::div:
        case ir::Op::sqrt:
        case ir::Op::floor_divide:
        case ir::Op::remainder:
            return division_cost;
        default:
            return ir::is_transcendental(op) ? transcendental_cost : 1;
    }
}

}  // namespace

ir::NodeMap<int> recompute_costs(std::span<const ir::Node* const> order, Anchors anchors) {
    ir::NodeMap<int> costs(order.size());
    for (const ir::Node* node : order) {
        const ir::Category category = ir::category(node->op());
        int cost = 0;
        if (node->op() == ir::Op::parameter || node->slot().ready()) {
            cost = node->type().rank() == 0 ? 0 : read_cost;
        } else if (category == ir::Category::scan) {
            cost = saturated;
        } else if (anchors == Anchors::computed_again &&
                   (category == ir::Category::contract || category == ir::Category::index ||
                    category == ir::Category::reduce)) {
            cost = saturated;
        } else if (category == ir::Category::contract || category == ir::Category::index) {
            cost = read_cost;
        } else {
            cost = category == ir::Category::view ? 0 : own_cost(node->op());
            for (const ir::Value& operand : node->operands()) {
                cost = std::min(saturated, cost + *costs.find(operand.node.get()));
            }
        }
        costs[node] = cost;
    }
    return costs;
}

}  // namespace latent::passes
