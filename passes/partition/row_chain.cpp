#include "passes/partition/row_chain.h"

#include <algorithm>
#include <vector>

#include "ir/node_map.h"

namespace latent::passes {

namespace {

/// How far a product is searched for below the operand of a contraction.
constexpr std::size_t search_limit = 64;

/// A product that is not stored saves more than its packed operands take again where it is so much
/// larger than they are.
constexpr std::int64_t least_growth = 2;

bool is_in_row(ir::Op op) {
    return ir::is_elementwise(op) || ir::category(op) == ir::Category::reduce ||
           op == ir::Op::broadcast || op == ir::Op::reshape || op == ir::Op::permute;
}

}  // namespace

bool begins_row_chain(const ir::Node& contraction, const ir::Node& weights) {
    const std::int64_t size = weights.type().element_count();
    if (contraction.type().element_count() * least_growth > size) {
        return false;
    }
    std::vector<const ir::Node*> pending{&weights};
    ir::NodeMap<bool> seen;
    for (std::size_t next = 0; next < pending.size() && next < search_limit; ++next) {
        const ir::Node& node = *pending[next];
        if (node.op() == ir::Op::contraction) {
            const bool grows = std::ranges::all_of(node.operands(), [&](const ir::Value& operand) {
                return operand.type().element_count() * least_growth <= node.type().element_count();
            });
            if (grows && node.type().element_count() == size) {
                return true;
            }
        } else if (is_in_row(node.op())) {
            for (const ir::Value& operand : node.operands()) {
                if (!seen.contains(operand.node.get())) {
                    seen[operand.node.get()] = true;
                    pending.push_back(operand.node.get());
                }
            }
        }
    }
    return false;
}

}  // namespace latent::passes
