#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace latent::passes {

/// A value that lives in scratch memory from the step that writes it first to the last that reads
/// it, both included.
struct Lifetime {
    std::size_t bytes = 0;
    int first = 0;
    int last = 0;
};

/// Where each value lies in one arena.
struct MemoryPlan {
    std::vector<std::size_t> offsets;
    std::size_t arena_bytes = 0;
    /// What the values would take together without sharing, and the most that is alive at one step.
    std::size_t total_bytes = 0;
    std::size_t peak_bytes = 0;
};

/// Gives values whose lifetimes do not meet the same memory. Larger values are placed first, each
/// in the lowest gap it fits.
MemoryPlan plan_memory(std::span<const Lifetime> lifetimes);

}  // namespace latent::passes
