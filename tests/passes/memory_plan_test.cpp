#include "passes/partition/memory_plan.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

using namespace latent::passes;

namespace {

constexpr int arena = MemoryRange::arena;

bool overlap(const MemoryRange& a, const MemoryRange& b) {
    return a.result == b.result && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

bool meet(int first, int last, const Lifetime& other) {
    return first <= other.last && other.first <= last;
}

}  // namespace

TEST_CASE("a value lies in a result that is written after its last use, else in the arena") {
    const std::vector<Lifetime> results{{1024, 5, 9}, {4096, 5, 9}, {4096, 2, 9}};
    const std::vector<Lifetime> values{{1024, 0, 4}, {1024, 0, 5}, {2048, 3, 4}, {8192, 0, 1}};
    const MemoryPlan plan = plan_memory(values, results);
    CHECK(plan.places[0].result == 0);  // the smallest that is large enough
    CHECK(plan.places[1].result == arena);
    CHECK(plan.places[2].result == 1);  // the other is written by then
    CHECK(plan.places[3].result == arena);
    CHECK(plan.arena_bytes == 9216);
    CHECK(plan.total_bytes == 12288);
    CHECK(least_arena_bytes(values, results) == 8192);
}

TEST_CASE("scratch of a kernel is placed, but is no value that is alive") {
    const std::vector<Lifetime> values{{1024, 0, 1}, {4096, 1, 1, true}};
    const MemoryPlan plan = plan_memory(values, {});
    CHECK(plan.arena_bytes == 5120);
    CHECK(plan.total_bytes == 1024);
    CHECK(least_arena_bytes(values, {}) == 1024);
    const auto unused = unused_memory(plan, values, {}, std::vector<StepRange>{{0, 0}, {1, 1}},
                                      {.least_bytes = 256, .most_ranges = 4});
    REQUIRE(unused[1].size() == 1);
    CHECK(unused[1][0].bytes == 4096);
}

TEST_CASE("no two values that meet, nor what is unused meanwhile, share memory") {
    std::mt19937 random(7);
    const auto number = [&](int least, int most) {
        return std::uniform_int_distribution(least, most)(random);
    };
    for (int round = 0; round < 50; ++round) {
        constexpr int steps = 20;
        std::vector<Lifetime> values;
        std::vector<Lifetime> results;
        for (int i = 0; i < 30; ++i) {
            const int first = number(0, steps - 1);
            values.push_back({static_cast<std::size_t>(number(1, 3000)), first,
                              std::min(steps - 1, first + number(0, 6)), number(0, 5) == 0});
        }
        for (int i = 0; i < 5; ++i) {
            results.push_back({static_cast<std::size_t>(number(1, 5000)), number(0, steps), steps});
        }
        std::vector<StepRange> spans;
        for (int step = 0; step < steps; step += 2) {
            spans.push_back({step, step + 1});
        }
        const MemoryPlan plan = plan_memory(values, results);
        CHECK(plan.arena_bytes >= least_arena_bytes(values, results));
        for (std::size_t i = 0; i < values.size(); ++i) {
            const MemoryRange& place = plan.places[i];
            CHECK(place.bytes >= values[i].bytes);
            CHECK(place.offset + place.bytes <=
                  (place.result == arena ? plan.arena_bytes
                                         : results[static_cast<std::size_t>(place.result)].bytes));
            CHECK((place.result == arena ||
                   values[i].last < results[static_cast<std::size_t>(place.result)].first));
            for (std::size_t k = 0; k < i; ++k) {
                CHECK((!meet(values[i].first, values[i].last, values[k]) ||
                       !overlap(place, plan.places[k])));
            }
        }
        const auto unused =
            unused_memory(plan, values, results, spans, {.least_bytes = 256, .most_ranges = 3});
        for (std::size_t i = 0; i < spans.size(); ++i) {
            CHECK(unused[i].size() <= 3);
            CHECK(std::ranges::is_sorted(unused[i], {}, &MemoryRange::bytes));
            for (const MemoryRange& range : unused[i]) {
                CHECK(range.bytes >= 256);
                for (std::size_t k = 0; k < values.size(); ++k) {
                    CHECK((values[k].is_scratch ||
                           !meet(spans[i].first, spans[i].last, values[k]) ||
                           !overlap(range, plan.places[k])));
                }
                CHECK((range.result == arena ||
                       spans[i].last < results[static_cast<std::size_t>(range.result)].first));
            }
        }
    }
}
