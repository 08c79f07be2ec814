#pragma once

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "passes/partition/early_release.h"
#include "passes/partition/open_region.h"
#include "passes/partition/partition.h"
#include "passes/partition/region_dependences.h"
#include "passes/partition/row_chain.h"

namespace latent::passes {

/// One sweep over the graph from the results down. When a node is reached, all its users have been
/// placed, so every request for it is known, and so is every path from it to a region.
class Partitioner {
  public:
    Partitioner(const ir::Graph& graph, const PartitionOptions& options,
                const FusionChoices& choices);

    Partition run();

  private:
    using Requests = std::vector<Request>;

    void demand_storage(const ir::Node* node) { stored_.insert(node, true); }
    bool must_store(const ir::Node& node) const { return stored_.contains(&node); }
    OpenRegion& region(int i) { return regions_[static_cast<std::size_t>(i)]; }

    void place(const ir::Node& node);
    void place_leaf(const ir::Node& node, const Requests& requests);
    void place_view(const ir::Node& node, const Requests& requests);
    void place_computed(const ir::Node& node, Requests requests);

    void read(const ir::Node& node, const Requests& requests);
    bool takes_product_apart(const ir::Node& view, const Request& request, const AtomTable& before);
    bool is_gathered_by_product(const ir::Node& view, const Request& request);
    bool pass_through(const ir::Node& view, const Request& request);
    void request(int region, int instance, const ir::Value& value, Coordinates coordinates);
    void request_operands(int region, int instance, const ir::Node& node,
                          const Coordinates& coordinates);

    /// Why `node` cannot be computed where `place`, requests that one instance can serve, asks for
    /// it; empty if it was absorbed.
    std::string absorb(const ir::Node& node, const Requests& place, int* instance);
    std::vector<Requests> by_place(const Requests& requests);
    bool takes_rows(const ir::Node& node, const Requests& requests);
    std::string absorb_for_all(const ir::Node& node, const Requests& requests);
    bool repays_storage(const ir::Node& node, std::size_t places) const;

    // How what is not absorbed gets its storage (partition_storage.cpp).
    void store(const ir::Node& node, Requests& requests);
    bool store_beside_results(const ir::Node& node, Requests& requests);
    bool join_sibling(const ir::Node& node, const Requests& requests);
    template <typename Fits, typename Add>
    bool join_recent(const ir::Node& node, const Requests& requests, Fits fits, Add add);
    bool keep_joined(const ir::Node& node, int region, int instance, const OpenRegion& before);
    bool waits_for(int region, const ir::Node& node, const Requests& requests) const;
    // Rows that are stored beside sums over them (stored_rows.cpp).
    bool can_store_beside_sums(const ir::Node& rows, const ir::Node& sums) const;
    bool store_beside_sums(const ir::Node& node, const Requests& requests);
    bool sum_stored_rows(const ir::Node& node, const Requests& requests);
    void store_in_new_region(const ir::Node& node);
    bool is_copy(const Request& request) const;
    bool copy_in_parts(const ir::Node& node, const Request& copy);
    void scatter_in_new_region(const ir::Node& node);
    bool depends(int region, int on) const { return dependences_.depends(regions_, region, on); }
    void add_alias(const ir::Node& view, const Requests& readers);
    bool waits_for_alias_of(int region, const ir::Node& stored) const {
        return dependences_.waits_for_alias_of(regions_, region, stored);
    }
    void withdraw(int region, int first_instance);
    void finish();
    StorageUses storage_uses(std::span<const KernelStep> steps) const;

    /// How many of the newest regions are tried for one that reads the same values.
    static constexpr int sibling_search_limit = 64;

    PartitionOptions options_;
    ChosenValues chosen_;
    std::vector<const ir::Node*> order_;
    ir::NodeMap<int> costs_;
    ir::NodeMap<bool> from_several_;
    RowsOfChains rows_of_chains_;
    std::set<int> row_chains_;  ///< regions
    ir::NodeMap<bool> stored_;
    std::vector<const ir::Node*> results_;
    ir::NodeMap<Requests> requests_;
    std::vector<OpenRegion> regions_;
    RegionDependences dependences_;
    Partition partition_;
};

/// Makes the node a result of the first of the newest regions that `fits` it and of which `add`
/// can make a kernel that stores it too: `add` gives the instance that computes it, or -1. Another
/// region is as it was before.
template <typename Fits, typename Add>
bool Partitioner::join_recent(const ir::Node& node, const Requests& requests, Fits fits, Add add) {
    const int newest = static_cast<int>(regions_.size());
    for (int candidate = std::max(0, newest - sibling_search_limit); candidate < newest;
         ++candidate) {
        OpenRegion& open = region(candidate);
        if (!fits(std::as_const(open)) || waits_for(candidate, node, requests)) {
            continue;
        }
        const OpenRegion before = open;
        const int instance = add(open);
        if (instance < 0) {
            open = before;
        } else if (keep_joined(node, candidate, instance, before)) {
            return true;
        }
    }
    return false;
}

}  // namespace latent::passes
