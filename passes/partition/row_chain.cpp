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

/// Whether what is made from `node` by a contraction with something else, or what it is made from,
/// is much smaller than it.
bool is_large_product(const ir::Node& node) {
    return node.op() == ir::Op::contraction &&
           std::ranges::all_of(node.operands(), [&](const ir::Value& operand) {
               return operand.type().element_count() * least_growth <= node.type().element_count();
           });
}

}  // namespace

bool begins_row_chain(const ir::Node& contraction, const ir::Node& weights) {
    const std::int64_t size = weights.type().element_count();
    if (contraction.type().element_count() * least_growth > size ||
        !ir::is_elementwise(weights.op())) {
        return false;
    }
    std::vector<const ir::Node*> pending{&weights};
    ir::NodeMap<bool> seen;
    for (std::size_t next = 0; next < pending.size() && next < search_limit; ++next) {
        const ir::Node& node = *pending[next];
        if (node.op() == ir::Op::contraction) {
            if (is_large_product(node) && node.type().element_count() == size) {
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

RowsOfChains::RowsOfChains(const ir::Graph& graph, std::span<const ir::Node* const> order,
                           std::int64_t least_elements) {
    ir::NodeMap<bool> needed_elsewhere;
    for (const ir::Value& result : graph.results) {
        needed_elsewhere[result.node.get()] = true;
    }
    for (std::size_t i = order.size(); i-- > 0;) {
        const ir::Node& node = *order[i];
        const bool is_row = node.type().element_count() >= least_elements &&
                            (ir::is_elementwise(node.op()) || is_large_product(node)) &&
                            !needed_elsewhere.contains(&node);
        if (is_row) {
            rows_[&node] = true;
        }
        for (const ir::Value& operand : node.operands()) {
            const ir::Node* value = operand.node.get();
            const bool for_rows = node.op() == ir::Op::contraction
                                      ? begins_row_chain(node, *value)
                                      : is_row || ir::category(node.op()) == ir::Category::reduce;
            if (!for_rows) {
                needed_elsewhere[value] = true;
            }
        }
    }
}

}  // namespace latent::passes
