#pragma once

#include <cstdint>

#include "benchmarks/peers/latent_cases/cases.h"

namespace latent::peers {

/// Bytes that an evaluation takes besides its inputs, as explain() tells them.
struct PlannedMemory {
    std::int64_t results = 0;
    std::int64_t arena = 0;          ///< what values between kernels share
    std::int64_t alive_at_most = 0;  ///< of these values at one time: no arena could be smaller
};

/// Throws std::runtime_error where explain() does not tell.
PlannedMemory planned_memory(const Call& call);

}  // namespace latent::peers
