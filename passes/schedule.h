#pragma once

#include <span>

#include "ir/region.h"

namespace latent::passes {

/// The schedule that a region gets on a machine unless one is handed in: a function of the region,
/// the machine, and the size class of the extents (so that a changed batch size changes no key).
ir::Schedule default_schedule(const ir::Region& region, const ir::Classification& classification,
                              const ir::Machine& machine, std::span<const std::int64_t> extents);

}  // namespace latent::passes
