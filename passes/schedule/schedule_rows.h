#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ir/region.h"

namespace latent::passes {

/// Vectors and partial sums of kernels with reductions along their rows.
void schedule_row(ir::Schedule& schedule, const ir::Region& region,
                  const ir::Classification& classification, const ir::Machine& machine,
                  std::span<const std::int64_t> extents);

/// Those of kernels that end in a reduction.
void schedule_reduction(ir::Schedule& schedule, const ir::Region& region,
                        const ir::Classification& classification, const ir::Machine& machine,
                        std::span<const std::int64_t> extents);

/// Which stages of a row that several loops over it use are worth more than a store and a load.
enum class KeptStages : std::uint8_t { none, transcendental, all };

/// Those stages of a row or reduction template, in order.
std::vector<int> kept_stages(const ir::Region& region, const ir::Classification& classification,
                             KeptStages worth);

}  // namespace latent::passes
