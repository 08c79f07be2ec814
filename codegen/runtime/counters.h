#pragma once

#include <cstdint>

namespace latent::codegen::runtime {

/// What has happened in this process so far, and what is held now.
struct Counters {
    std::uint64_t kernels_compiled = 0;
    std::uint64_t disk_hits = 0;
    std::uint64_t memory_hits = 0;
    std::uint64_t launches = 0;            // kernel calls
    std::uint64_t bytes_now = 0;           // tensors and scratch alive
    std::uint64_t bytes_peak = 0;          // most that were alive at once
    std::uint64_t bytes_pooled = 0;        // kept for reuse
    std::uint64_t allocations = 0;         // buffers asked for
    std::uint64_t bytes_allocated = 0;     // what these were given, all together
    std::uint64_t system_allocations = 0;  // of these, not served from the pool
    std::uint64_t nodes_alive = 0;         // nodes of graphs
};

}  // namespace latent::codegen::runtime
