#pragma once

#include <cstdint>
#include <span>

#include "ir/region.h"

namespace latent::passes {

/// The schedule of a row chain; `schedule` has what all templates share.
void schedule_row_chain(ir::Schedule& schedule, const ir::Region& region,
                        const ir::Classification& classification, const ir::Machine& machine,
                        std::span<const std::int64_t> extents);

/// Blocks of rows (of `block_rows` register tiles) in a task of a row chain.
std::int64_t row_chain_block(const ir::Schedule& schedule, const ir::Region& region,
                             const ir::Classification& classification,
                             std::span<const std::int64_t> extents);

}  // namespace latent::passes
