#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "ir/region.h"
#include "passes/partition/fusion_choices.h"

namespace latent::passes {

/// What an input of a region is bound to in one plan.
struct InputBinding {
    const ir::Node* value = nullptr;  ///< null for affine inputs
    std::int64_t offset = 0;          ///< in elements
    std::vector<std::int64_t>
        strides;  ///< of atoms (strided, affine) or of the buffer's dimensions (indexed)
    std::vector<std::int64_t> extents;  ///< of the buffer's dimensions (indexed)

    bool operator==(const InputBinding&) const = default;
};

struct ResultBinding {
    const ir::Node* value = nullptr;
    std::int64_t offset = 0;            ///< in elements
    std::vector<std::int64_t> strides;  ///< of atoms, or of dimensions for a scattered result
};

/// The run-time numbers of one IndexedDim.
struct IndexBinding {
    std::int64_t offset = 0;
    std::int64_t extent = 0;
};

/// Why a value was stored instead of being computed inside its consumer.
struct Cut {
    const ir::Node* value = nullptr;
    std::string reason;
};

/// A loop over the terms that a stage reduces.
struct TermLoop {
    int atom = 0;           ///< of the region, of which it may be a part
    int dimension = 0;      ///< which of those that the node reduces
    std::int64_t step = 0;  ///< along it, in elements
    std::int64_t extent = 0;
    bool operator==(const TermLoop&) const = default;
};

/// Where a stage comes from.
struct StageOrigin {
    const ir::Node* node = nullptr;  ///< null for what is read from memory
    std::vector<TermLoop> terms;     ///< outermost first
};

/// One launch of a kernel: a region with the numbers it runs on. The nodes belong to the
/// partitioned graph.
struct KernelStep {
    ir::Region region;
    ir::Classification classification;
    std::vector<std::int64_t> extents;  ///< of atoms
    std::vector<InputBinding> inputs;
    std::vector<ResultBinding> results;
    /// In the order of indexed stages and their dimensions, then of the scattered result's.
    std::vector<IndexBinding> indices;
    std::vector<const ir::Node*> nodes;  ///< what is computed inside, in order
    std::vector<StageOrigin> origins;    ///< of the region's stages
};

/// A value that shares the storage of another one, for it is a reshape of it or the same.
struct Alias {
    const ir::Node* value = nullptr;
    const ir::Node* storage = nullptr;
};

struct Partition {
    /// In an order in which they can run. A step sits as late as its consumers allow, so that equal
    /// kernels meet; but those that free much memory run as soon as they can.
    std::vector<KernelStep> steps;
    /// For each step its level: steps of one level do not depend on each other.
    std::vector<int> levels;
    std::vector<Alias> aliases;
    std::vector<Cut> cuts;
};

struct PartitionOptions {
    std::size_t max_stages = 96;              ///< of one region
    std::int64_t max_row_elements = 1 << 16;  ///< a longer row is reduced by a kernel of its own
    /// The most that computing a value again may cost beyond reading it, over all consumers but the
    /// first.
    int recompute_cost = 38;
    /// The same for a value that a cache may hold, for reading that takes less time than computing
    /// it again.
    int cached_recompute_cost = 10;
    std::int64_t most_cached_elements = 1 << 21;
    /// For fewer elements, a launch that stores them takes longer than to compute them again,
    /// however many consumers there are.
    std::int64_t least_launched_elements = 1 << 14;
    /// Values of fewer elements are stored where several row chains need them.
    std::int64_t least_recomputed_rows = 1 << 24;
};

/// Cuts a graph into regions, from its results towards its parameters: each value is absorbed into
/// the region that needs it where that stays a kernel of a known kind, computed again in several
/// regions where that is cheap, and stored otherwise. Every result that is not a parameter gets
/// storage. `choices` come before these rules.
Partition partition(const ir::Graph& graph, const PartitionOptions& options = {},
                    const FusionChoices& choices = {});

}  // namespace latent::passes
