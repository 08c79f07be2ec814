#pragma once

#include <cstdint>
#include <span>

#include "ir/node_map.h"

namespace latent::passes {

/// Whether contractions, reductions and indexed reads are at hand (or about to be stored anyway),
/// or would have to be computed again as well.
enum class Anchors : std::uint8_t { stored, computed_again };

/// What reading an element costs, in units of a cheap arithmetic instruction.
inline constexpr int read_cost = 2;

/// What computing one element of a node from memory costs, in the same units, where `operands` is
/// the sum of what its operands cost: about 10 for a transcendental function. What is ready counts
/// as a read, and so do contractions and indexed reads if stored; anchors that are computed again
/// cost more than any limit.
int recompute_cost(const ir::Node& node, std::int64_t operands, Anchors anchors);
/// That of each node, in an order of operands before users; anchors are stored.
ir::NodeMap<int> recompute_costs(std::span<const ir::Node* const> order);

/// Whether each node, in such an order, is computed from several stored arrays, element by element:
/// apart from what is one for a row of them, numbers, and what is broadcast or reduced.
ir::NodeMap<bool> computed_from_several(std::span<const ir::Node* const> order);

}  // namespace latent::passes
