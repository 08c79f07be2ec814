#pragma once

#include "passes/partition/partition.h"

namespace latent::detail {

/// What one call of a kernel has to do.
struct KernelWork {
    double multiply_adds = 0;  ///< of its contractions, all terms of all elements
    double bytes = 0;          ///< of what it reads and writes, each element once
};
KernelWork work_of(const passes::KernelStep& step);

}  // namespace latent::detail
