#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "passes/partition/region_order.h"

namespace latent::passes {

/// A value that regions store and read.
struct StoredValue {
    std::int64_t bytes = 0;
    bool is_result = false;  ///< which is kept to the end
};

/// The values that are stored, and for each region the positions of those that it stores or reads,
/// each once.
struct StorageUses {
    std::vector<StoredValue> values;
    std::vector<std::vector<int>> uses;
};

/// Has regions run before their level that leave less in memory than they find: the last reader of
/// large values that stores smaller ones, such as the gradient of a layer's weights, which would
/// else wait beside the others for the optimiser, with all activations. They get levels of their
/// own. Only where this lowers the most that is stored at once.
/// `needs[i]` are the regions that region i needs, each once.
RegionOrder release_early(RegionOrder order, const std::vector<std::vector<int>>& needs,
                          const StorageUses& stored);

}  // namespace latent::passes
