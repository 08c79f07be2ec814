#pragma once

#include <cstdint>
#include <vector>

#include "ir/graph.h"
#include "ir/node_map.h"

namespace latent::passes {

/// What a partition decides otherwise than its rules would, by the positions of values in the
/// canonical order of the graph (`ir::canonical_order`), so that they mean the same in every graph
/// of this structure. One that names nothing that could be so has no effect.
struct FusionChoices {
    /// Computed values that are stored, though they could be computed inside their consumers; where
    /// there is one consumer, by another kernel.
    std::vector<std::uint32_t> stored = {};
    /// Computed values that each consumer computes again, where it can, whatever that costs.
    std::vector<std::uint32_t> computed_again = {};

    bool empty() const { return stored.empty() && computed_again.empty(); }
    bool operator==(const FusionChoices&) const = default;
};

/// The values of a graph that choices name.
class ChosenValues {
  public:
    ChosenValues(const ir::Graph& graph, const FusionChoices& choices);

    bool stores(const ir::Node& node) const { return stored_.contains(&node); }
    bool computes_again(const ir::Node& node) const { return computed_again_.contains(&node); }

  private:
    ir::NodeMap<bool> stored_;
    ir::NodeMap<bool> computed_again_;
};

}  // namespace latent::passes
