#pragma once

#include <span>

#include "ir/node.h"

namespace latent::detail {

/// Settles the slots of `roots`, and those of the pending values in their cone that user handles name. Safe to call from
/// several threads on graphs that share nodes; each value is computed once.
void evaluate(std::span<const ir::Value> roots);

}  // namespace latent::detail
