#pragma once

#include <cstdint>
#include <string>

#include "codegen/runtime/context.h"
#include "passes/partition/partition.h"

namespace latent::detail {

/// Under what it was tuned: the machine with the threads that kernels run on, and the compiler.
std::string tuning_conditions(const ir::Machine& machine, int threads);

/// Extents within a factor of the square root of two of a power of two are of its class.
int size_class(std::int64_t extent);

/// What a tuned schedule is kept under: the region of a step, the size class of its extents (their
/// rounded logarithms), the machine with the threads that kernels run on, and the compiler.
std::string tuning_key(const passes::KernelStep& step, const ir::Machine& machine, int threads);

/// The schedule that was tuned for a step; the default where none was, or where what is kept is not
/// in the step's ScheduleSpace.
ir::Schedule schedule_for(const passes::KernelStep& step, const ir::Machine& machine,
                          codegen::runtime::Context& context);
/// A schedule as a line of text, without its end.
std::string schedule_text(const ir::Schedule& schedule);

}  // namespace latent::detail
