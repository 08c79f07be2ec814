#pragma once

#include <latent/profile.h>
#include <latent/tensor.h>
#include <latent/tune.h>

#include <source_location>
#include <span>
#include <vector>

#include "ir/node.h"

namespace latent::detail {

/// Settles the slots of `roots`, and those of the pending values in their cone that user handles
/// name and that are not cheap to compute again. Safe to call from several threads on graphs that
/// share nodes; each value is computed once. Throws CompileError, OutOfMemory or what else a kernel
/// reports; then nothing is settled and all can be asked for again. Throws GradientError inside a
/// backward rule.
void evaluate(std::span<const ir::Value> roots, const std::source_location& location);

/// Those of the tensors that an evaluation would compute. Throws GradientError inside a backward
/// rule; `operation` names the caller.
std::vector<ir::Value> pending_of(std::span<const Tensor> tensors, const char* operation,
                                  const std::source_location& location);

/// Times the kernels by which `evaluate` would compute pending roots. Settles nothing. Throws what
/// `evaluate` does.
Profile profile(std::span<const ir::Value> roots);

/// Tunes the kernels by which `evaluate` would compute pending roots, on the data that they would
/// run on; later plans use the schedules. Settles nothing. Throws what `evaluate` does.
TuningReport tune(std::span<const ir::Value> roots, const TuningOptions& options);

/// Forgets all plans.
void clear_plans();

}  // namespace latent::detail
