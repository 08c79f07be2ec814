#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "ir/graph.h"

namespace latent::ir {

struct Hash128 {
    std::uint64_t lo = 0;
    std::uint64_t hi = 0;
    auto operator<=>(const Hash128&) const = default;
};

/// Collects the hash of a graph, node by node in a canonical order.
class StructuralHasher {
  public:
    /// `operands`: their positions in the order. Of an input only the type counts.
    void add(const Node& node, bool is_input, std::span<const std::uint32_t> operands);
    void add(std::uint64_t value);
    Hash128 result() const { return hash_; }

  private:
    Hash128 hash_{0x243f6a8885a308d3ULL, 0x13198a2e03707344ULL};
};

/// Visits the nodes that `results` need in an order that depends on structure alone: operands
/// before users, in the order in which a walk from the results meets them. (topological_order
/// follows the order of creation, which may differ between equal graphs.) Nodes for which
/// `is_input(node)` is true have no operands here; it is asked once for each node. `visit(node,
/// is_input, operands)` gets the operands' positions in the order.
template <typename IsInput, typename Visit>
void walk_canonically(std::span<const Value> results, IsInput&& is_input, Visit&& visit) {
    // Depth-first with an explicit stack; a node is visited when its last operand has been.
    struct Open {
        const Node* node;
        std::uint32_t* position;
        std::uint32_t next_operand;
    };
    std::vector<Open> path;
    NodeMap<std::uint32_t> positions;
    // Where the operands that the nodes of the path have got so far are, those of its end last.
    std::vector<std::uint32_t> operands;
    std::uint32_t visited = 0;
    const auto enter = [&](const Node& node) {
        const auto [position, is_new] = positions.insert(&node, 0);
        if (is_new) {
            const bool input = is_input(node);
            if (!input && !node.operands().empty()) {
                path.push_back({&node, &position, 0});
                return;
            }
            visit(node, input, std::span<const std::uint32_t>());
            position = visited++;
        }
        operands.push_back(position);
    };
    for (const Value& result : results) {
        enter(*result.node);
        while (!path.empty()) {
            Open& top = path.back();
            const std::span<const Value> below = top.node->operands();
            if (top.next_operand < below.size()) {
                enter(*below[top.next_operand++].node);
                continue;
            }
            const std::size_t first = operands.size() - below.size();
            visit(*top.node, false, std::span<const std::uint32_t>(operands).subspan(first));
            *top.position = visited;
            operands.resize(first);
            operands.push_back(visited++);
            path.pop_back();
        }
        operands.clear();
    }
}

/// A node of a canonical order.
struct CanonicalNode {
    const Node* node;
    bool is_input;
};

/// The nodes of a whole graph in canonical order; buffers are its inputs.
std::vector<CanonicalNode> canonical_order(std::span<const Value> results);

/// A hash of ops, attributes, types and of who uses what, that is equal for graphs of equal
/// structure wherever and in whatever order they were built. Shared and repeated nodes are told
/// apart (`a + a` is not `a + b`). Values of scalars and data of inputs are no part of it.
Hash128 structural_hash(const Graph& graph);

}  // namespace latent::ir

template <>
struct std::hash<latent::ir::Hash128> {
    std::size_t operator()(const latent::ir::Hash128& value) const noexcept { return value.lo; }
};
