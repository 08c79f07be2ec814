#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "ir/graph.h"

namespace latent::ir {

struct Hash128 {
    std::uint64_t lo = 0;
    std::uint64_t hi = 0;
    auto operator<=>(const Hash128&) const = default;
};

/// A node of a canonical order. Of an input only the type counts: it is a buffer, or what is below
/// it is of no interest.
struct CanonicalNode {
    const Node* node;
    bool is_input;
};

/// The nodes that `results` need in an order that depends on structure alone: operands before
/// users, in the order in which a walk from the results meets them. (topological_order follows the
/// order of creation, which may differ between equal graphs.) Nodes for which `stop` is true are
/// inputs; it is asked once for each node.
std::vector<CanonicalNode> canonical_order(std::span<const Value> results,
                                           const std::function<bool(const Node&)>& stop = nullptr);

/// A hash of ops, attributes, types and of who uses what, that is equal for graphs of equal
/// structure wherever and in whatever order they were built. Shared and repeated nodes are told
/// apart (`a + a` is not `a + b`). Values of scalars and data of inputs are no part of it.
/// `order` is the canonical order of `results`.
Hash128 structural_hash(std::span<const CanonicalNode> order, std::span<const Value> results);
Hash128 structural_hash(const Graph& graph);

}  // namespace latent::ir

template <>
struct std::hash<latent::ir::Hash128> {
    std::size_t operator()(const latent::ir::Hash128& value) const noexcept { return value.lo; }
};
