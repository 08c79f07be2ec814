#pragma once

#include <vector>

namespace latent::passes {

struct RegionOrder {
    std::vector<int> sequence;  ///< what is needed comes first, higher levels before lower ones
    /// A region's level counts from the end: one more than the highest among the regions that need
    /// it. So a region sits as late as its users allow, unless it is released early.
    std::vector<int> levels;
};

/// `needs[i]` are the regions that region i needs, each once. InternalError where regions need each
/// other.
RegionOrder order_regions(const std::vector<std::vector<int>>& needs);

}  // namespace latent::passes
