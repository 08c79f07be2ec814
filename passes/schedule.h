#pragma once

#include <span>

#include "ir/region.h"

namespace latent::passes {

/// The schedule that a region gets on a machine unless one is handed in: a function of the region,
/// the machine, and the size class of the extents (so that a changed batch size changes no key).
ir::Schedule default_schedule(const ir::Region& region, const ir::Classification& classification,
                              const ir::Machine& machine, std::span<const std::int64_t> extents);

/// Register tiles in a block of rows of a contraction, the unit of its parallel work: few enough to
/// give several threads work, no more than the caches bear. It depends on the extents alone,
/// changes no bit of the result, and reaches the kernel as an argument.
std::int64_t row_block(const ir::Schedule& schedule, const ir::Region& region,
                       std::span<const std::int64_t> extents);

}  // namespace latent::passes
