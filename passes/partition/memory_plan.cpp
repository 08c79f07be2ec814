#include "passes/partition/memory_plan.h"

#include <algorithm>
#include <numeric>

namespace latent::passes {

namespace {

/// Of every value: whole cache lines, and enough for any vector.
constexpr std::size_t alignment = 128;

}  // namespace

MemoryPlan plan_memory(std::span<const Lifetime> lifetimes) {
    MemoryPlan plan;
    plan.offsets.resize(lifetimes.size(), 0);
    std::vector<std::size_t> by_size(lifetimes.size());
    std::iota(by_size.begin(), by_size.end(), std::size_t{0});
    std::ranges::stable_sort(by_size, [&](std::size_t a, std::size_t b) {
        return lifetimes[a].bytes > lifetimes[b].bytes;
    });
    const auto rounded = [](std::size_t bytes) {
        return (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
    };

    std::vector<std::size_t> placed;  // by offset
    for (const std::size_t i : by_size) {
        const Lifetime& value = lifetimes[i];
        const std::size_t size = rounded(value.bytes);
        std::size_t offset = 0;
        for (const std::size_t other : placed) {
            const bool together =
                lifetimes[other].first <= value.last && value.first <= lifetimes[other].last;
            if (!together) {
                continue;
            }
            if (plan.offsets[other] >= offset + size) {
                break;
            }
            offset = std::max(offset, plan.offsets[other] + rounded(lifetimes[other].bytes));
        }
        plan.offsets[i] = offset;
        plan.arena_bytes = std::max(plan.arena_bytes, offset + size);
        plan.total_bytes += size;
        const auto position = std::ranges::upper_bound(
            placed, offset, {}, [&](std::size_t k) { return plan.offsets[k]; });
        placed.insert(position, i);
    }
    // The peak changes only where a value begins.
    for (const Lifetime& start : lifetimes) {
        std::size_t alive = 0;
        for (const Lifetime& value : lifetimes) {
            alive +=
                value.first <= start.first && start.first <= value.last ? rounded(value.bytes) : 0;
        }
        plan.peak_bytes = std::max(plan.peak_bytes, alive);
    }
    return plan;
}

}  // namespace latent::passes
