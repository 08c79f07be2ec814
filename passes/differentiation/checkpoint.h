#pragma once

#include <source_location>
#include <span>
#include <vector>

#include "ir/node.h"

namespace latent::passes {

/// Stand-ins for `inputs`, on which a function to checkpoint is built: its values inside are not
/// those of the graph outside.
std::vector<ir::Value> checkpoint_leaves(std::span<const ir::Value> inputs,
                                         const std::source_location& location);

/// `result`, which was built from `leaves`, the stand-ins of `inputs`, as a function of `inputs`
/// (one at least) and of whatever older value that requires a gradient it was built from too. Its
/// gradient does not use the values inside: it computes them again, from behind an optimization
/// barrier, so that no rewrite takes them for those of the forward computation.
ir::Value checkpoint(const ir::Value& result, std::span<const ir::Value> leaves,
                     std::span<const ir::Value> inputs, const std::source_location& location);

}  // namespace latent::passes
