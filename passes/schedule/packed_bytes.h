#pragma once

#include <cstdint>
#include <span>

#include "ir/region.h"

namespace latent::passes {

/// Bytes of the packed copy of an operand that all tasks of a contraction share while it runs, as
/// `codegen/lower` allocates it: of the whole depth and the columns of a cache block, or, where
/// sums are in vectors along the depth, all rows. 0 where there is none.
std::int64_t packed_bytes(const ir::Schedule& schedule, const ir::Region& region,
                          std::span<const std::int64_t> extents);

}  // namespace latent::passes
