#pragma once

#include <cstdint>

namespace latent {

/// What this process has done so far, and what it holds now.
struct Counters {
    std::uint64_t kernels_compiled = 0;
    std::uint64_t disk_hits = 0;           ///< kernels found in the cache on disk
    std::uint64_t memory_hits = 0;         ///< kernels found loaded
    std::uint64_t launches = 0;            ///< kernel calls
    std::uint64_t bytes_now = 0;           ///< tensors and scratch alive
    std::uint64_t bytes_peak = 0;          ///< most that were alive at once
    std::uint64_t bytes_pooled = 0;        ///< memory kept for reuse
    std::uint64_t allocations = 0;         ///< buffers asked for
    std::uint64_t bytes_allocated = 0;     ///< what these were given, all together
    std::uint64_t system_allocations = 0;  ///< of these, not served from kept memory
    std::uint64_t nodes_alive = 0;         ///< nodes of expressions
};

Counters counters();

/// Threads that kernels run on, at least 1. Results do not depend on it. The environment variable
/// LATENT_NUM_THREADS sets it too; by default it is the number of hardware threads.
void set_num_threads(int count);
int num_threads();

}  // namespace latent
