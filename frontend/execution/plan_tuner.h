#pragma once

#include <latent/tune.h>

#include <cstddef>
#include <span>

#include "codegen/runtime/context.h"
#include "ir/graph.h"

namespace latent::detail {

struct TuningSearch {
    TuningOptions options;
    /// Graphs and kernels for which something is kept already are left as they are.
    bool only_new = false;
};

/// Searches for what the kernels of a detached graph should fuse, and for their schedules, on the
/// data that its parameters stand for, and keeps both in `context`. One search runs at a time;
/// others wait.
///
/// What is fused comes first, for at most half of the time (fusion_tuner.h), then the schedules of
/// the kernels that this makes.
/// The kernels that take the most time come first. From the schedule that it has, each goes to a
/// neighbour in its ScheduleSpace that is faster by more than the noise, until none is or time is
/// up. Kernels are timed one by one, on what the launches before them left.
TuningReport tune_plan(const ir::Graph& graph, std::span<const std::byte* const> inputs,
                       const TuningSearch& search, codegen::runtime::Context& context);

}  // namespace latent::detail
