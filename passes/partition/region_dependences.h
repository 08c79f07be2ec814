#pragma once

#include <span>
#include <utility>
#include <vector>

#include "ir/node_map.h"
#include "passes/partition/open_region.h"
#include "passes/partition/region_order.h"

namespace latent::passes {

/// Whether a step (of `count`) needs another one, directly or by way of others; `needs(step)` are
/// those that it needs directly. It needs itself.
template <typename Needs>
bool depends(std::size_t count, int step, int on, const Needs& needs) {
    std::vector<int> pending{step};
    std::vector<bool> seen(count, false);
    while (!pending.empty()) {
        const int next = pending.back();
        pending.pop_back();
        if (next == on) {
            return true;
        }
        if (seen[static_cast<std::size_t>(next)]) {
            continue;
        }
        seen[static_cast<std::size_t>(next)] = true;
        const std::vector<int>& needed = needs(next);
        pending.insert(pending.end(), needed.begin(), needed.end());
    }
    return false;
}

/// Which regions have to run before which, while they still grow: one that reads a stored value
/// runs after all that write it, under whatever name it is read, and one that changes a result in
/// place runs after what it changes. Regions are named by their positions among `regions`.
class RegionDependences {
  public:
    void add_writer(const ir::Node* stored, int region) { writers_[stored].push_back(region); }
    void add_overwrite(int later, int earlier) { overwrites_.emplace_back(later, earlier); }
    /// A region that writes another part of what `known` writes: what overwrites one, or is
    /// overwritten by it, stands so to the other too.
    void add_beside(int added, int known);
    /// `view` has the bytes of its operand, and these regions read them.
    void add_alias(const ir::Node& view, std::vector<int> readers);

    bool depends(std::span<const OpenRegion> regions, int region, int on) const;
    /// Whether a region needs one that reads `stored` by an alias, and so makes no request for it.
    bool waits_for_alias_of(std::span<const OpenRegion> regions, int region,
                            const ir::Node& stored) const;
    /// The regions that `region` needs directly, each once, without itself.
    std::vector<int> needs(std::span<const OpenRegion> regions, int region) const;

  private:
    ir::NodeMap<std::vector<int>> writers_;
    ir::NodeMap<const ir::Node*> alias_of_;        ///< a view and the value whose bytes it shares
    ir::NodeMap<std::vector<int>> alias_readers_;  ///< of such a value
    std::vector<std::pair<int, int>> overwrites_;  ///< later and earlier
};

}  // namespace latent::passes
