#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace latent::passes {

/// How long a value is in memory: from the step that writes it first to the last that reads it,
/// both included.
struct Lifetime {
    std::size_t bytes = 0;
    int first = 0;
    int last = 0;
    bool is_scratch = false;  ///< of a kernel: no value, and not among what is alive
};

/// Memory of a run: a part of the arena, or of a result that nothing has written yet.
struct MemoryRange {
    static constexpr int arena = -1;

    int result = arena;
    std::size_t offset = 0;
    std::size_t bytes = 0;
};

/// Where each value lies that only lives inside a plan.
struct MemoryPlan {
    std::vector<MemoryRange> places;
    std::size_t arena_bytes = 0;
    /// What the values would take together without sharing.
    std::size_t total_bytes = 0;
};

/// Gives values whose lifetimes do not meet the same memory. The larger are placed first: in the
/// smallest result that has a gap for one before it is written itself, else in the arena; in the
/// lowest gap. Results have buffers of their own, which last to the end.
MemoryPlan plan_memory(std::span<const Lifetime> values, std::span<const Lifetime> results);

/// What no arena could be smaller than, wherever the values lie, scratch of kernels aside. For
/// reports: it takes a time that grows with the square of the values.
std::size_t least_arena_bytes(std::span<const Lifetime> values, std::span<const Lifetime> results);

/// A few steps, both included.
struct StepRange {
    int first = 0;
    int last = 0;
};

struct UnusedMemoryLimits {
    std::size_t least_bytes = 0;  ///< of a range
    std::size_t most_ranges = 0;  ///< of one span; the largest
};

/// For each of `spans`, which follow each other, ranges in which nothing lives meanwhile, the
/// smallest first.
std::vector<std::vector<MemoryRange>> unused_memory(const MemoryPlan& plan,
                                                    std::span<const Lifetime> values,
                                                    std::span<const Lifetime> results,
                                                    std::span<const StepRange> spans,
                                                    const UnusedMemoryLimits& limits);

}  // namespace latent::passes
