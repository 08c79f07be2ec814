#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "ir/graph.h"
#include "ir/small_vector.h"

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
    void add(const Node& node, bool is_input, std::span<const std::uint32_t> operands) {
        if (is_input) {
            add_input(node.type());
            return;
        }
        // One number first: only the last step waits for the node before.
        std::uint64_t own = node.local_hash();
        std::size_t i = 0;
        for (; i + 1 < operands.size(); i += 2) {
            own = hash_combine(own, operands[i] | std::uint64_t{operands[i + 1]} << 32);
        }
        if (i < operands.size()) {
            own = hash_combine(own, operands[i]);
        }
        add(own);
    }
    void add(std::uint64_t value) {
        hash_.lo = hash_combine(hash_.lo, value);
        hash_.hi = hash_combine(hash_.hi, (value ^ 0xd1b54a32d192ed03ULL) * 0xaef17502108ef2d9ULL);
    }
    Hash128 result() const { return hash_; }

  private:
    void add_input(const Type& type);

    Hash128 hash_{0x243f6a8885a308d3ULL, 0x13198a2e03707344ULL};
};

/// Walks over graphs, one after the other in the same memory.
class CanonicalWalk {
  public:
    /// Visits the nodes that `results` need in an order that depends on structure alone: operands
    /// before users, in the order in which a walk from the results meets them. (topological_order
    /// follows the order of creation, which may differ between equal graphs.) Nodes for which
    /// `is_input(node)` is true have no operands here; it is asked once for each node.
    /// `visit(node, is_input, operands)` gets the operands' positions in the order.
    template <typename IsInput, typename Visit>
    void run(std::span<const Value> results, IsInput&& is_input, Visit&& visit) {
        positions_.clear();
        path_.clear();
        operands_.clear();
        std::uint32_t visited = 0;
        const auto enter = [&](const Node& node) {
            const auto [position, is_new] = positions_.insert(&node, 0);
            if (is_new) {
                const bool input = is_input(node);
                if (!input && !node.operands().empty()) {
                    if (!path_.empty()) {
                        node.prefetch_beyond(*path_.back().node);
                    }
                    path_.push_back({&node, &position, 0});
                    return;
                }
                visit(node, input, std::span<const std::uint32_t>());
                position = visited++;
            }
            operands_.push_back(position);
        };
        for (const Value& result : results) {
            enter(*result.node);
            while (!path_.empty()) {
                Open& top = path_.back();
                const std::span<const Value> below = top.node->operands();
                if (top.next_operand < below.size()) {
                    enter(*below[top.next_operand++].node);
                    continue;
                }
                const std::size_t first = operands_.size() - below.size();
                visit(*top.node, false, operands_.span().subspan(first));
                *top.position = visited;
                operands_.shrink(first);
                operands_.push_back(visited++);
                path_.pop_back();
            }
            operands_.clear();
        }
    }

  private:
    /// A node whose operands are being visited.
    struct Open {
        const Node* node;
        std::uint32_t* position;
        std::uint32_t next_operand;
    };

    // Depth-first with an explicit stack; a node is visited when its last operand has been.
    SmallVector<Open, 32> path_;
    NodeMap<std::uint32_t> positions_;
    /// Where the operands that the nodes of the path have got so far are, those of its end last.
    SmallVector<std::uint32_t, 32> operands_;
};

/// A walk in memory of its own.
template <typename IsInput, typename Visit>
void walk_canonically(std::span<const Value> results, IsInput&& is_input, Visit&& visit) {
    CanonicalWalk().run(results, std::forward<IsInput>(is_input), std::forward<Visit>(visit));
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
