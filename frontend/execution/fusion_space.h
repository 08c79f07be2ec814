#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "ir/graph.h"
#include "passes/partition/partition.h"
#include "passes/schedule/summation_order.h"

namespace latent::detail {

/// How one kernel sums the terms of a node. Equal ones give the same bits.
struct NodeSum {
    /// A loop over terms; those of one group are a loop of the kernel together.
    struct Loop {
        int group = 0;
        int dimension = 0;  ///< of those that the node reduces
        std::int64_t step = 0;
        std::int64_t extent = 0;
        bool operator==(const Loop&) const = default;
    };
    std::vector<Loop> loops;
    passes::SummationOrder order;  ///< its vector atom is a group
    /// The whole region where terms that are hidden by a position may be left out of it: what is
    /// left out may have been infinite.
    std::optional<ir::Region> leaves_out;
    bool operator==(const NodeSum&) const = default;
};

/// The choices of what is fused that tuning may make for a graph: those with which every float that
/// is summed from several terms is summed in the order that it has without them, so that no result
/// changes by a bit (save the sign and payload of a NaN).
class FusionSpace {
  public:
    /// `graph` after the passes. It is kept.
    FusionSpace(ir::Graph graph, const ir::Machine& machine);

    const ir::Graph& graph() const { return graph_; }

    /// The graph cut by these choices; nothing where they are not in the space.
    std::optional<passes::Partition> partition(const passes::FusionChoices& choices) const;

    /// Choices with one value more or less than `choices`, that a step of their partition computes,
    /// reads or stores; those first that are likely to matter. Some may not be in the space.
    std::vector<passes::FusionChoices> neighbours(const passes::FusionChoices& choices,
                                                  const passes::Partition& partition,
                                                  std::size_t step) const;

    /// The value at a position of the choices.
    const ir::Node& value(std::uint32_t position) const { return *order_[position]; }

  private:
    /// A sum, and the results of the kernel that takes it.
    struct PlacedSum {
        std::vector<const ir::Node*> results;
        NodeSum sum;
        bool operator==(const PlacedSum&) const = default;
    };
    using Sums = std::unordered_map<const ir::Node*, std::vector<PlacedSum>>;

    Sums sums_of(const passes::Partition& partition) const;
    bool has_same_sums(const passes::Partition& partition) const;

    const ir::Graph graph_;
    const ir::Machine machine_;
    std::vector<const ir::Node*> order_;  ///< canonical
    ir::NodeMap<std::uint32_t> positions_;
    ir::NodeMap<bool> results_;
    Sums usual_;
};

}  // namespace latent::detail
