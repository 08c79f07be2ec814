#include "passes/partition/row_chain.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "ir/node_map.h"
#include "passes/partition/seen_through_views.h"

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

/// Whether a product is much larger than what it is made from.
bool is_large_product(const ir::Node& node) {
    return node.op() == ir::Op::contraction &&
           std::ranges::all_of(node.operands(), [&](const ir::Value& operand) {
               return operand.type().element_count() * least_growth <= node.type().element_count();
           });
}

bool is_minus_infinity(const ir::Value& value) {
    const ir::Node& node = seen_through_views(value);
    return node.op() == ir::Op::constant && is_floating(node.type().dtype) &&
           node.attributes_as<ir::ConstantAttributes>().value.as_double() ==
               -std::numeric_limits<double>::infinity();
}

/// Whether a select puts minus infinity where one position passes another, as causal attention
/// does.
bool hides_by_position(const ir::Node& node) {
    if (node.op() != ir::Op::select ||
        (!is_minus_infinity(node.operand(1)) && !is_minus_infinity(node.operand(2)))) {
        return false;
    }
    const ir::Node& condition = *node.operand(0).node;
    const bool compares = condition.op() == ir::Op::less || condition.op() == ir::Op::less_equal ||
                          condition.op() == ir::Op::greater ||
                          condition.op() == ir::Op::greater_equal;
    return compares && std::ranges::all_of(condition.operands(), [](const ir::Value& operand) {
               return seen_through_views(operand).op() == ir::Op::iota;
           });
}

/// What the rows of a chain are computed from.
struct RowChain {
    bool from_product = false;
    bool hides_by_position = false;  ///< about half of the terms are absent
};

RowChain find_row_chain(const ir::Node& contraction, const ir::Node& weights) {
    RowChain found;
    const std::int64_t size = weights.type().element_count();
    if (contraction.type().element_count() * least_growth > size ||
        !ir::is_elementwise(weights.op())) {
        return found;
    }
    std::vector<const ir::Node*> pending{&weights};
    ir::NodeMap<bool> seen;
    for (std::size_t next = 0; next < pending.size() && next < search_limit; ++next) {
        const ir::Node& node = *pending[next];
        if (node.op() == ir::Op::contraction) {
            found.from_product = found.from_product ||
                                 (is_large_product(node) && node.type().element_count() == size);
            continue;
        }
        found.hides_by_position = found.hides_by_position || hides_by_position(node);
        if (!is_in_row(node.op())) {
            continue;
        }
        for (const ir::Value& operand : node.operands()) {
            if (!seen.contains(operand.node.get())) {
                seen[operand.node.get()] = true;
                pending.push_back(operand.node.get());
            }
        }
    }
    return found;
}

}  // namespace

bool begins_row_chain(const ir::Node& contraction, const ir::Node& weights) {
    return find_row_chain(contraction, weights).from_product;
}

RowsOfChains::RowsOfChains(const ir::Graph& graph, std::span<const ir::Node* const> order,
                           std::int64_t least_elements) {
    const std::int64_t least_where_hidden = least_elements / 16;
    ir::NodeMap<bool> needed_elsewhere;
    for (const ir::Value& result : graph.results) {
        needed_elsewhere[result.node.get()] = true;
    }
    for (std::size_t i = order.size(); i-- > 0;) {
        const ir::Node& node = *order[i];
        const bool is_row = node.type().element_count() >= least_where_hidden &&
                            (ir::is_elementwise(node.op()) || is_large_product(node)) &&
                            !needed_elsewhere.contains(&node);
        if (is_row) {
            rows_[&node] = true;
        }
        for (const ir::Value& operand : node.operands()) {
            const ir::Node* value = operand.node.get();
            bool for_rows = is_row || ir::category(node.op()) == ir::Category::reduce;
            if (node.op() == ir::Op::contraction) {
                const RowChain chain = find_row_chain(node, *value);
                for_rows = chain.from_product &&
                           value->type().element_count() >=
                               (chain.hides_by_position ? least_where_hidden : least_elements);
            }
            if (!for_rows) {
                needed_elsewhere[value] = true;
            }
        }
    }
}

}  // namespace latent::passes
