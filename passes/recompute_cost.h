#pragma once

#include <span>

#include "ir/node_map.h"

namespace latent::passes {

/// What computing one element of each node from memory costs, in units of a cheap arithmetic instruction: 2 for a read, about
/// 10 for a transcendental function. Contractions and indexed reads count as a read, since they are stored anyway;
/// so does what is ready.
ir::NodeMap<int> recompute_costs(std::span<const ir::Node* const> order);

}  // namespace latent::passes
