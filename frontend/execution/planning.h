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

/// What of a user's graph an evaluation needs, detached from it: the same operations over
/// parameters. Data, and numbers that the user wrote, are parameters, so the graph and all that is
/// made of it serve every call of the same structure.
struct ExtractedGraph {
    ir::Hash128 key;
    /// The nodes that the parameters stand for, in order. Alive as long as the user's graph is.
    std::vector<const ir::Node*> inputs;
    std::vector<ir::CanonicalNode> order;
};

/// Walks from `wanted` down to what is ready.
ExtractedGraph extract(std::span<const ir::Value> wanted);
/// The operations of an extracted graph over its parameters.
ir::Graph detach(const ExtractedGraph& extracted, std::span<const ir::Value> wanted);

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
