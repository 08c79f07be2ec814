#pragma once

#include <cstdint>
#include <span>

#include "ir/region.h"

namespace latent::passes {

/// Vectors, tiles and the ends of rows of an elementwise kernel.
void schedule_pointwise(ir::Schedule& schedule, const ir::Region& region,
                        const ir::Machine& machine, std::span<const std::int64_t> extents);

/// Gives a pointwise schedule the tiles for an input that its vectors would gather because it lies
/// along another atom, with rows of a cache line; none where no input does.
void choose_tile(ir::Schedule& schedule, const ir::Region& region,
                 std::span<const std::int64_t> extents);

/// Whether the last vectors of a row may be stored over a part of those before them: in pointwise
/// kernels of several rows (of one alone the end counts for nothing, and lengths of all kinds share
/// a kernel) that are at least as long.
bool can_overlap_ends(const ir::Schedule& schedule, const ir::Region& region,
                      std::span<const std::int64_t> extents);

}  // namespace latent::passes
