#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codegen/kernel_abi.h"
#include "codegen/runtime/context.h"
#include "codegen/runtime/plan.h"
#include "ir/graph.h"
#include "passes/partition/memory_plan.h"
#include "passes/partition/partition.h"
#include "passes/pipeline.h"

namespace latent::detail {

/// A plan with what is needed to run and to explain it.
struct Planned {
    ir::Graph graph;  ///< after the passes
    passes::FusionChoices fusion;
    passes::Partition partition;
    passes::MemoryPlan memory;
    /// What the memory was planned for: the results, and what else is stored for a time.
    std::vector<passes::Lifetime> results, between;
    codegen::runtime::Plan plan;
    /// Where each step of the partition is in the plan.
    struct Place {
        std::size_t launch = 0;
        std::size_t call = 0;
    };
    std::vector<Place> places;
    /// Index into the plan's requests.
    int kernel_of(std::size_t step) const { return plan.launches[places[step].launch].kernel; }
    /// For each wanted value where it comes from: an output of the plan, or an input.
    struct Source {
        bool is_input = false;
        int index = 0;
    };
    std::vector<Source> sources;
};

/// Gives a step of a partition its schedule.
using ScheduleChooser =
    std::function<ir::Schedule(const passes::KernelStep& step, const ir::Machine& machine)>;

/// The number by which a kernel learns of the blocks that `schedule` makes of a step; nothing for
/// arguments of other kinds.
std::optional<std::int64_t> block_argument(codegen::ArgumentKind kind,
                                           const passes::KernelStep& step,
                                           const ir::Schedule& schedule,
                                           const ir::Machine& machine);

ir::Schedule default_schedule_of(const passes::KernelStep& step, const ir::Machine& machine);

/// Gives a graph after the passes what is to be fused otherwise than the rules say.
using FusionChooser =
    std::function<passes::FusionChoices(const ir::Graph& graph, const ir::Machine& machine)>;

/// What of a plan is a choice; without it the rules decide.
struct PlanChoices {
    ScheduleChooser schedule = default_schedule_of;
    FusionChooser fusion = nullptr;
};

/// Runs the passes over a detached graph, cuts it into kernels and plans its memory. Compiles
/// nothing.
Planned make_plan(const ir::Graph& graph, const ir::Machine& machine,
                  const passes::PipelineOptions& options, const PlanChoices& choices = {},
                  const passes::PassObserver& observer = nullptr);

/// The same for a graph after the passes, that is cut by `fusion` already.
Planned plan_partition(const ir::Graph& graph, const passes::FusionChoices& fusion,
                       passes::Partition partition, const ir::Machine& machine,
                       const ScheduleChooser& choose_schedule = default_schedule_of);

/// An operation and where it was called: `mul (train.cpp:42)`.
std::string described(const ir::Node& node);
/// What one call of a kernel computes: `contraction of [512, 512, 256], up to maximum
/// (train.cpp:42)`.
std::string described(const passes::KernelStep& step);

}  // namespace latent::detail
