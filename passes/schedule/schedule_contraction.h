#pragma once

#include <cstdint>
#include <span>

#include "ir/region.h"

namespace latent::passes {

/// The schedule of a contraction; `schedule` has what all templates share.
void schedule_contraction(ir::Schedule& schedule, const ir::Region& region,
                          const ir::Classification& classification, const ir::Machine& machine,
                          std::span<const std::int64_t> extents);

}  // namespace latent::passes
