#include "ir/hash.h"

namespace latent::ir {

void StructuralHasher::add(std::uint64_t value) {
    hash_.lo = hash_combine(hash_.lo, value);
    hash_.hi = hash_combine(hash_.hi, (value ^ 0xd1b54a32d192ed03ULL) * 0xaef17502108ef2d9ULL);
}

void StructuralHasher::add(const Node& node, bool is_input,
                           std::span<const std::uint32_t> operands) {
    if (!is_input) {
        // One number first: only the last step waits for the node before.
        std::uint64_t own = hash_combine(node.local_hash(), operands.size());
        for (const std::uint32_t operand : operands) {
            own = hash_combine(own, operand);
        }
        add(own);
        return;
    }
    add(static_cast<std::uint64_t>(Op::buffer));
    add(static_cast<std::uint64_t>(node.type().dtype));
    add(node.type().rank());
    for (const std::int64_t extent : node.type().shape) {
        add(static_cast<std::uint64_t>(extent));
    }
}

namespace {

bool is_buffer(const Node& node) {
    return node.op() == Op::buffer;
}

}  // namespace

std::vector<CanonicalNode> canonical_order(std::span<const Value> results) {
    std::vector<CanonicalNode> order;
    walk_canonically(results, is_buffer,
                     [&](const Node& node, bool is_input, std::span<const std::uint32_t>) {
                         order.push_back({&node, is_input});
                     });
    return order;
}

Hash128 structural_hash(const Graph& graph) {
    StructuralHasher hasher;
    NodeMap<std::uint32_t> positions;
    std::uint32_t visited = 0;
    walk_canonically(graph.results, is_buffer,
                     [&](const Node& node, bool is_input, std::span<const std::uint32_t> operands) {
                         hasher.add(node, is_input, operands);
                         positions[&node] = visited++;
                     });
    hasher.add(graph.results.size());
    for (const Value& result : graph.results) {
        hasher.add(positions.at(result.node.get()));
    }
    return hasher.result();
}

}  // namespace latent::ir
