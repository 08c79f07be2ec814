#include "ir/hash.h"

namespace latent::ir {

namespace {

/// Two hashes that differ in seed and in how they see each value.
class Hasher128 {
  public:
    void add(std::uint64_t value) {
        hash_.lo = hash_combine(hash_.lo, value);
        hash_.hi = hash_combine(hash_.hi, (value ^ 0xd1b54a32d192ed03ULL) * 0xaef17502108ef2d9ULL);
    }

    void add(const Type& type) {
        add(static_cast<std::uint64_t>(type.dtype));
        add(type.rank());
        for (const std::int64_t extent : type.shape) {
            add(static_cast<std::uint64_t>(extent));
        }
    }

    Hash128 result() const { return hash_; }

  private:
    Hash128 hash_{0x243f6a8885a308d3ULL, 0x13198a2e03707344ULL};
};

}  // namespace

std::vector<CanonicalNode> canonical_order(std::span<const Value> results,
                                           const std::function<bool(const Node&)>& stop) {
    // Depth-first with an explicit stack; a node is appended when its last operand has been.
    struct Visit {
        CanonicalNode canonical;
        std::size_t next_operand;
    };
    std::vector<CanonicalNode> order;
    std::vector<Visit> path;
    NodeMap<bool> seen;
    const auto enter = [&](const Value& value) {
        const Node* node = value.node.get();
        if (seen.insert(node, true).second) {
            path.push_back({{node, node->op() == Op::buffer || (stop && stop(*node))}, 0});
        }
    };
    for (const Value& result : results) {
        enter(result);
        while (!path.empty()) {
            auto& [canonical, next_operand] = path.back();
            if (!canonical.is_input && next_operand < canonical.node->operands().size()) {
                enter(canonical.node->operand(next_operand++));
            } else {
                order.push_back(canonical);
                path.pop_back();
            }
        }
    }
    return order;
}

Hash128 structural_hash(std::span<const CanonicalNode> order, std::span<const Value> results) {
    NodeMap<std::uint64_t> positions(order.size());
    Hasher128 hasher;
    const auto add_uses = [&](std::span<const Value> values) {
        hasher.add(values.size());
        for (const Value& value : values) {
            hasher.add(positions.at(value.node.get()));
            hasher.add(value.result);
        }
    };
    for (const auto& [node, is_input] : order) {
        positions.insert(node, positions.size());
        if (is_input) {
            hasher.add(static_cast<std::uint64_t>(Op::buffer));
            hasher.add(node->type());
        } else {
            hasher.add(node->local_hash());
            add_uses(node->operands());
        }
    }
    add_uses(results);
    return hasher.result();
}

Hash128 structural_hash(const Graph& graph) {
    return structural_hash(canonical_order(graph.results), graph.results);
}

}  // namespace latent::ir
