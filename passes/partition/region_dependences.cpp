#include "passes/partition/region_dependences.h"

#include <algorithm>

namespace latent::passes {

void RegionDependences::add_beside(int added, int known) {
    for (std::size_t i = 0, count = overwrites_.size(); i < count; ++i) {
        const auto [later, earlier] = overwrites_[i];
        if (later == known) {
            overwrites_.emplace_back(added, earlier);
        } else if (earlier == known) {
            overwrites_.emplace_back(later, added);
        }
    }
}

void RegionDependences::add_alias(const ir::Node& view, std::vector<int> readers) {
    const ir::Node* stored = view.operand(0).node.get();
    alias_of_[&view] = stored;
    if (const std::vector<int>* above = alias_readers_.find(&view)) {
        readers.insert(readers.end(), above->begin(), above->end());
    }
    std::vector<int>& known = alias_readers_[stored];
    known.insert(known.end(), readers.begin(), readers.end());
}

std::vector<int> RegionDependences::needs(std::span<const OpenRegion> regions, int region) const {
    std::vector<int> needed;
    for (const auto& [later, earlier] : overwrites_) {
        if (later == region) {
            needed.push_back(earlier);
        }
    }
    for (const OpenRegion::Load& load : regions[static_cast<std::size_t>(region)].loads()) {
        const ir::Node* stored = load.value;
        while (const ir::Node* const* below = alias_of_.find(stored)) {
            stored = *below;
        }
        if (const std::vector<int>* writers = writers_.find(stored)) {
            needed.insert(needed.end(), writers->begin(), writers->end());
        }
    }
    std::ranges::sort(needed);
    const auto repeated = std::ranges::unique(needed);
    needed.erase(repeated.begin(), repeated.end());
    std::erase(needed, region);
    return needed;
}

bool RegionDependences::depends(std::span<const OpenRegion> regions, int region, int on) const {
    return passes::depends(regions.size(), region, on,
                           [&](int step) { return needs(regions, step); });
}

bool RegionDependences::waits_for_alias_of(std::span<const OpenRegion> regions, int region,
                                           const ir::Node& stored) const {
    const std::vector<int>* readers = alias_readers_.find(&stored);
    return readers != nullptr && std::ranges::any_of(*readers, [&](int reader) {
               return depends(regions, region, reader);
           });
}

}  // namespace latent::passes
