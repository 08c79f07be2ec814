#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "ir/parse.h"
#include "passes/partition/partition.h"
#include "passes/schedule/schedule.h"
#include "tests/support/machines.h"

namespace latent::passes::testing {

struct Scheduled {
    ir::Schedule schedule;
    /// Of the atom that vectors run along.
    std::int64_t vector_extent = 0;
};

/// The one kernel of a graph.
inline Scheduled scheduled(std::string_view text, const ir::Machine& machine) {
    const ir::Graph graph = ir::parse(std::string(text));
    const Partition cut = partition(graph);
    REQUIRE(cut.steps.size() == 1);
    const auto& step = cut.steps[0];
    const ir::Schedule schedule =
        default_schedule(step.region, step.classification, machine, step.extents);
    return {schedule, step.extents[static_cast<std::size_t>(schedule.vector_atom)]};
}

inline std::string product(int rows, int depth, int columns) {
    const std::string m = std::to_string(rows);
    const std::string k = std::to_string(depth);
    const std::string n = std::to_string(columns);
    return "%a = parameter {index=0, dtype=f32, shape=[" + m + "," + k +
           "]}\n%b = parameter {index=1, dtype=f32, shape=[" + k + "," + n +
           "]}\n%r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}\nreturn %r\n";
}

}  // namespace latent::passes::testing
