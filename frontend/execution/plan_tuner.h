#pragma once

#include <latent/tune.h>

#include <cstddef>
#include <span>

#include "codegen/runtime/context.h"
#include "ir/graph.h"

namespace latent::detail {

struct TuningSearch {
    TuningOptions options;
    /// Kernels for which a schedule is kept already are left as they are.
    bool only_new = false;
};

/// Searches for the schedules of the kernels of a detached graph, on the data that its parameters
/// stand for, and keeps them in `context`. One search runs at a time; others wait.
///
/// The kernels that take the most time come first. From the schedule that it has, each goes to a
/// neighbour in its ScheduleSpace that is faster by more than the noise, until none is or time is
/// up. Kernels are timed one by one, on what the launches before them left.
TuningReport tune_plan(const ir::Graph& graph, std::span<const std::byte* const> inputs,
                       const TuningSearch& search, codegen::runtime::Context& context);

}  // namespace latent::detail
