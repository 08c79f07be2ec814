#pragma once

#include <cstdint>
#include <span>

#include "ir/region.h"

namespace latent::passes {

/// The schedule that a region gets on a machine unless one is handed in: a function of the region,
/// the machine, and the size class of the extents (so that a changed batch size changes no key).
ir::Schedule default_schedule(const ir::Region& region, const ir::Classification& classification,
                              const ir::Machine& machine, std::span<const std::int64_t> extents);

/// Bytes of an element while it is computed: numbers of fewer than 32 bits take 32.
int computed_bytes(DType dtype);

/// How many terms each element of a contraction sums.
std::int64_t depth_of(const ir::Stage& contraction, std::span<const std::int64_t> extents);

/// Whether the input that a stage loads is contiguous along an atom.
bool is_contiguous(const ir::Region& region, int load, int atom);

/// Register tiles in a block of rows of a contraction (of columns, where these are streamed or
/// swept; of a row chain, blocks of rows), the unit of its parallel work: few enough to give
/// several threads work, no more than the caches bear. It depends on the extents and the machine
/// alone, changes no bit of the result, and reaches the kernel as an argument.
std::int64_t row_block(const ir::Schedule& schedule, const ir::Region& region,
                       const ir::Machine& machine, std::span<const std::int64_t> extents);

/// Whether a contraction copies the columns of a cache block, for all tasks that take them.
inline bool packs_columns(const ir::Schedule& schedule) {
    return schedule.packing == ir::Packing::columns || schedule.packing == ir::Packing::both ||
           schedule.packing == ir::Packing::deep;
}

/// The bytes of a panel of which a contraction packs `Schedule::block_columns` at a time.
constexpr std::int64_t usual_panel_bytes = 1 << 17;

/// Panels of columns that a contraction packs at a time: `Schedule::block_columns`, or fewer where
/// the depth makes them larger than `usual_panel_bytes`, so that all of them stay in the last
/// cache. It too depends on the extents alone, changes no bit, and is an argument.
std::int64_t column_block(const ir::Schedule& schedule, const ir::Region& region,
                          std::span<const std::int64_t> extents);

}  // namespace latent::passes
