#pragma once

#include <cstdint>

#include "benchmarks/peers/latent_cases/cases.h"

namespace latent::peers {

/// Bytes that an evaluation takes besides its inputs, as explain() tells them.
struct PlannedMemory {
    std::int64_t results = 0;
    std::int64_t arena = 0;        ///< what values between kernels share beside the results
    std::int64_t least_arena = 0;  ///< that they could do with, in their order
};

/// Throws std::runtime_error where explain() does not tell.
PlannedMemory planned_memory(const Call& call);

}  // namespace latent::peers
