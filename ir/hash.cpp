#include "ir/hash.h"

namespace latent::ir {

void StructuralHasher::add_input(const Type& type) {
    std::uint64_t own = hash_combine(static_cast<std::uint64_t>(Op::buffer),
                                     static_cast<std::uint64_t>(type.dtype) | type.rank() << 8);
    for (const std::int64_t extent : type.shape) {
        own = hash_combine(own, static_cast<std::uint64_t>(extent));
    }
    add(own);
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
