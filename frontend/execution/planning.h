#pragma once

#include <span>
#include <vector>

#include "codegen/runtime/context.h"
#include "codegen/runtime/plan.h"
#include "ir/hash.h"
#include "passes/memory_plan.h"
#include "passes/partition.h"
#include "passes/pipeline.h"

namespace latent::detail {

/// What of a user's graph an evaluation needs: its nodes in canonical order, which of them it
/// computes for good, and a key that is equal for every call of the same structure. Alive as long
/// as nobody lets the graph forget (see graph_lock.h).
struct ExtractedGraph {
    ir::Hash128 key;
    std::vector<ir::CanonicalNode> order;
    /// Data, and numbers that the user wrote, in order.
    std::vector<const ir::Node*> inputs;
    /// The pending roots, and the pending values that user handles name and that are not cheap to
    /// compute again, in order.
    std::vector<ir::Value> wanted;
    /// Another evaluation computes something of it.
    bool is_claimed = false;
};

/// Walks from `roots` down to what is ready.
ExtractedGraph extract(std::span<const ir::Value> roots);
/// The same operations over parameters in place of the inputs, so that the graph and all that is
/// made of it serve every call of the same structure. Results are those wanted.
ir::Graph detach(const ExtractedGraph& extracted);

/// A plan with what is needed to run and to explain it.
struct Planned {
    ir::Graph graph;  ///< after the passes
    passes::Partition partition;
    passes::MemoryPlan memory;
    codegen::runtime::Plan plan;
    std::vector<int>
        kernel_of_step;  ///< index into the plan's requests, for each step of the partition
    /// For each wanted value where it comes from: an output of the plan, or an input.
    struct Source {
        bool is_input = false;
        int index = 0;
    };
    std::vector<Source> sources;
};

/// Runs the passes over a detached graph, cuts it into kernels and plans its memory. Compiles
/// nothing.
Planned make_plan(const ir::Graph& graph, const ir::Machine& machine,
                  const passes::PipelineOptions& options,
                  const passes::PassObserver& observer = nullptr);

}  // namespace latent::detail
