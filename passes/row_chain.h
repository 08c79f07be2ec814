#pragma once

#include <cstdint>
#include <span>

#include "ir/node.h"
#include "ir/region.h"

namespace latent::passes {

/// Whether `weights`, an operand of `contraction`, should be computed a few rows at a time in the
/// kernel of the contraction: where it comes from a product, by elementwise operations and
/// reductions, that is much larger than what it is made from and what is made of it, as the scores
/// of attention are.
bool begins_row_chain(const ir::Node& contraction, const ir::Node& weights);

/// The schedule of a row chain; `schedule` has what all templates share.
void schedule_row_chain(ir::Schedule& schedule, const ir::Region& region,
                        const ir::Classification& classification, const ir::Machine& machine,
                        std::span<const std::int64_t> extents);

/// Blocks of rows (of `block_rows` register tiles) in a task of a row chain.
std::int64_t row_chain_block(const ir::Schedule& schedule, const ir::Region& region,
                             const ir::Classification& classification,
                             std::span<const std::int64_t> extents);

}  // namespace latent::passes
