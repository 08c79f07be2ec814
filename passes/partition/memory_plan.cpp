#include "passes/partition/memory_plan.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "ir/rounding.h"
#include "ir/storage.h"

namespace latent::passes {

namespace {

/// What a value takes up; also of none, for a place is one value's.
std::size_t rounded(std::size_t bytes) {
    return ir::rounded_up(std::max<std::size_t>(bytes, 1), ir::place_alignment);
}

bool meet(const Lifetime& a, const Lifetime& b) {
    return a.first <= b.last && b.first <= a.last;
}

std::vector<std::size_t> ordered(std::size_t count, const auto& comes_before) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, comes_before);
    return order;
}

/// Values that share a block of memory.
class SharedBlock {
  public:
    /// Where `value` could begin: in the lowest gap that is free for its lifetime.
    std::size_t gap(const Lifetime& value, std::span<const Lifetime> values) const {
        const std::size_t size = rounded(value.bytes);
        std::size_t offset = 0;
        for (const auto& [begin, other] : values_) {
            if (!meet(values[other], value)) {
                continue;
            }
            if (begin >= offset + size) {
                break;
            }
            offset = std::max(offset, begin + rounded(values[other].bytes));
        }
        return offset;
    }

    void add(std::size_t offset, std::size_t value) {
        values_.insert(std::ranges::upper_bound(values_, offset, {}, &Placed::offset),
                       {offset, value});
    }

  private:
    struct Placed {
        std::size_t offset = 0;
        std::size_t value = 0;
    };
    std::vector<Placed> values_;  ///< by offset
};

}  // namespace

MemoryPlan plan_memory(std::span<const Lifetime> values, std::span<const Lifetime> results) {
    MemoryPlan plan;
    plan.places.resize(values.size());
    const std::vector<std::size_t> largest_first =
        ordered(values.size(),
                [&](std::size_t a, std::size_t b) { return values[a].bytes > values[b].bytes; });
    const std::vector<std::size_t> smallest_first =
        ordered(results.size(),
                [&](std::size_t a, std::size_t b) { return results[a].bytes < results[b].bytes; });
    constexpr std::ptrdiff_t most_tried = 64;  // results for one value
    SharedBlock arena;
    std::vector<SharedBlock> hosts(results.size());
    for (const std::size_t i : largest_first) {
        const Lifetime& value = values[i];
        MemoryRange& place = plan.places[i];
        place.bytes = rounded(value.bytes);
        plan.total_bytes += value.is_scratch ? 0 : place.bytes;
        const auto fits = [&](std::size_t host) {
            if (value.last >= results[host].first) {
                return false;
            }
            place.offset = hosts[host].gap(value, values);
            return place.offset + place.bytes <= results[host].bytes;
        };
        const auto large_enough = std::ranges::lower_bound(
            smallest_first, place.bytes, {}, [&](std::size_t host) { return results[host].bytes; });
        const auto tried_to =
            large_enough + std::min(most_tried, smallest_first.end() - large_enough);
        const auto host = std::find_if(large_enough, tried_to, fits);
        if (host != tried_to) {
            place.result = static_cast<int>(*host);
            hosts[*host].add(place.offset, i);
        } else {
            place.offset = arena.gap(value, values);
            arena.add(place.offset, i);
            plan.arena_bytes = std::max(plan.arena_bytes, place.offset + place.bytes);
        }
    }
    return plan;
}

std::size_t least_arena_bytes(std::span<const Lifetime> values, std::span<const Lifetime> results) {
    const std::vector<std::size_t> largest_first =
        ordered(values.size(),
                [&](std::size_t a, std::size_t b) { return values[a].bytes > values[b].bytes; });
    const std::vector<std::size_t> largest_results =
        ordered(results.size(),
                [&](std::size_t a, std::size_t b) { return results[a].bytes > results[b].bytes; });
    // What is alive or written changes only where a value or a result begins.
    std::set<int> steps;
    for (const std::span<const Lifetime> begun : {values, results}) {
        std::ranges::transform(begun, std::inserter(steps, steps.end()), &Lifetime::first);
    }
    std::size_t least = 0;
    for (const int step : steps) {
        // Values of some size or more find room in the arena and in results as large.
        std::size_t alive = 0;
        std::size_t room = 0;
        auto result = largest_results.begin();
        for (const std::size_t i : largest_first) {
            if (values[i].is_scratch || step < values[i].first || values[i].last < step) {
                continue;
            }
            alive += rounded(values[i].bytes);
            for (; result != largest_results.end() &&
                   results[*result].bytes >= rounded(values[i].bytes);
                 ++result) {
                room += step < results[*result].first ? results[*result].bytes : 0;
            }
            least = std::max(least, alive - std::min(alive, room));
        }
    }
    return least;
}

std::vector<std::vector<MemoryRange>> unused_memory(const MemoryPlan& plan,
                                                    std::span<const Lifetime> values,
                                                    std::span<const Lifetime> results,
                                                    std::span<const StepRange> spans,
                                                    const UnusedMemoryLimits& limits) {
    const std::vector<std::size_t> by_begin =
        ordered(values.size(),
                [&](std::size_t a, std::size_t b) { return values[a].first < values[b].first; });
    std::vector<std::vector<MemoryRange>> unused(spans.size());
    std::vector<int> blocks;  // that can have such ranges
    if (plan.arena_bytes >= limits.least_bytes) {
        blocks.push_back(MemoryRange::arena);
    }
    for (std::size_t host = 0; host < results.size(); ++host) {
        if (results[host].bytes >= limits.least_bytes) {
            blocks.push_back(static_cast<int>(host));
        }
    }
    const auto by_place = [&](std::size_t a, std::size_t b) {
        return std::tuple(plan.places[a].result, plan.places[a].offset, a) <
               std::tuple(plan.places[b].result, plan.places[b].offset, b);
    };
    std::set<std::size_t, decltype(by_place)> alive(by_place);  // of these blocks
    std::size_t begun = 0;
    for (std::size_t i = 0; i < spans.size(); ++i) {
        for (; begun < by_begin.size() && values[by_begin[begun]].first <= spans[i].last; ++begun) {
            const std::size_t value = by_begin[begun];
            if (!values[value].is_scratch &&
                std::ranges::binary_search(blocks, plan.places[value].result)) {
                alive.insert(value);
            }
        }
        std::erase_if(alive, [&](std::size_t k) { return values[k].last < spans[i].first; });
        auto next = alive.begin();
        const auto add_gaps = [&](int block, std::size_t bytes, bool is_free) {
            std::size_t end = 0;  // of what is in use so far
            const auto add_gap = [&](std::size_t begin) {
                if (is_free && begin >= end + limits.least_bytes) {
                    unused[i].push_back({block, end, begin - end});
                }
            };
            for (; next != alive.end() && plan.places[*next].result == block; ++next) {
                add_gap(plan.places[*next].offset);
                end = std::max(end, plan.places[*next].offset + plan.places[*next].bytes);
            }
            add_gap(bytes);
        };
        for (const int block : blocks) {
            if (block == MemoryRange::arena) {
                add_gaps(block, plan.arena_bytes, true);
            } else {
                const Lifetime& host = results[static_cast<std::size_t>(block)];
                add_gaps(block, host.bytes, spans[i].last < host.first);
            }
        }
        std::ranges::stable_sort(unused[i], {}, &MemoryRange::bytes);
        if (unused[i].size() > limits.most_ranges) {
            unused[i].erase(unused[i].begin(),
                            unused[i].end() - static_cast<std::ptrdiff_t>(limits.most_ranges));
        }
    }
    return unused;
}

}  // namespace latent::passes
