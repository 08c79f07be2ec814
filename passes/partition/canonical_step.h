#pragma once

#include "passes/partition/partition.h"

namespace latent::passes {

/// The same step with its stages in the order in which a walk from the results meets them, operands
/// first, and its inputs in the order of the stages that read them. Steps that differ only in when
/// their nodes were made become equal, and share a kernel and a launch.
KernelStep canonical(const KernelStep& step);

}  // namespace latent::passes
