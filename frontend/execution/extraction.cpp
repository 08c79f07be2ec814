#include "frontend/execution/extraction.h"

#include <map>
#include <utility>

#include "ir/builder.h"
#include "passes/partition/recompute_cost.h"

namespace latent::detail {

namespace {

/// What computing a handle's value again may cost before an evaluation keeps it.
constexpr int cheap_to_recompute = 8;

/// Of larger graphs an extractor does not keep the memory.
constexpr std::size_t most_nodes_kept = std::size_t{1} << 17;

bool is_number(const ir::Node& node) {
    return node.op() == ir::Op::scalar || node.op() == ir::Op::shape_number;
}

bool is_input(const ir::CanonicalNode& entry) {
    return entry.is_input || is_number(*entry.node);
}

/// Whether an evaluation that computes a value that a handle names keeps it.
bool is_kept(const ir::Node& node, int cost) {
    // Numbers that depend on data are always kept: they count steps, and would otherwise grow
    // without end.
    const bool is_count = node.type().rank() == 0 && ir::category(node.op()) != ir::Category::leaf;
    return cost > (is_count ? 0 : cheap_to_recompute);
}

}  // namespace

ExtractedGraph& Extractor::extract(std::span<const ir::Value> roots) {
    if (extracted_.order.size() > most_nodes_kept) {
        *this = {};
    }
    ExtractedGraph& extracted = extracted_;
    extracted.order.clear();
    extracted.inputs.clear();
    extracted.wanted.clear();
    extracted.is_claimed = false;
    costs_.clear();
    ir::NodeMap<bool> among_roots;
    if (roots.size() > 1) {
        for (const ir::Value& root : roots) {
            among_roots.insert(root.node.get(), true);
        }
    }
    const auto is_root = [&](const ir::Node& node) {
        return roots.size() == 1 ? &node == roots[0].node.get() : among_roots.contains(&node);
    };
    ir::StructuralHasher hasher;
    const auto visit = [&](const ir::Node& node, bool has_data,
                           std::span<const std::uint32_t> operands) {
        hasher.add(node, has_data, operands);
        extracted.order.push_back({&node, has_data});
        std::int64_t operand_costs = 0;
        for (const std::uint32_t operand : operands) {
            operand_costs += costs_[operand];
        }
        const int cost =
            passes::recompute_cost(node, operand_costs, passes::Anchors::computed_again);
        costs_.push_back(cost);
        if (has_data || is_number(node)) {
            extracted.inputs.push_back(&node);
        }
        if (has_data) {
            return;
        }
        extracted.is_claimed = extracted.is_claimed || node.slot().claimed();
        if ((node.handles() != 0 && is_kept(node, cost)) || is_root(node)) {
            hasher.add(extracted.order.size());
            extracted.wanted.push_back({ir::NodeRef::share(node)});
        }
    };
    walk_.run(roots, [](const ir::Node& node) { return node.slot().ready(); }, visit);
    extracted.key = hasher.result();
    return extracted;
}

ExtractedGraph extract(std::span<const ir::Value> roots) {
    return std::move(Extractor().extract(roots));
}

ir::Graph detach(const ExtractedGraph& extracted) {
    ir::NodeMap<ir::Value> copies(extracted.order.size());
    std::vector<ir::Value> operands;
    std::map<std::pair<DType, std::uint64_t>, ir::Value> shape_numbers;
    std::int64_t next_parameter = 0;
    for (const ir::CanonicalNode& entry : extracted.order) {
        const ir::Node& node = *entry.node;
        if (is_input(entry)) {
            ir::Value input = ir::parameter(next_parameter++, node.type(), node.location());
            if (!entry.is_input && node.op() == ir::Op::shape_number) {
                // Its value is part of the key, so equal ones are equal in every call of this plan.
                const auto& number = node.attributes_as<ir::ConstantAttributes>().value;
                input =
                    shape_numbers.try_emplace({number.dtype(), number.bits()}, input).first->second;
            }
            copies[&node] = std::move(input);
            continue;
        }
        if (node.op() == ir::Op::custom_vjp) {
            copies[&node] = copies.at(node.operand(0).node.get());
            continue;
        }
        operands.clear();
        for (const ir::Value& operand : node.operands()) {
            operands.push_back(copies.at(operand.node.get()));
        }
        copies[&node] = {ir::Node::create(
            {node.op(), node.attributes(), operands, node.type(), node.location(), false})};
    }
    ir::Graph graph;
    for (const ir::Value& value : extracted.wanted) {
        graph.results.push_back(copies.at(value.node.get()));
    }
    return graph;
}

}  // namespace latent::detail
