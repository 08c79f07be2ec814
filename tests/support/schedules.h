#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "frontend/execution/planning.h"
#include "passes/schedule/schedule_space.h"

namespace latent::test {

/// Schedules that tuning may choose: from the default a few steps, each to any neighbour.
inline detail::ScheduleChooser random_schedules(std::uint64_t seed, int steps = 4) {
    const auto random = std::make_shared<std::mt19937_64>(seed);
    return [=](const passes::KernelStep& step, const ir::Machine& machine) {
        const passes::ScheduleSpace space(step.region, step.classification, machine, step.extents);
        ir::Schedule schedule = space.default_schedule();
        for (int i = 0; i < steps; ++i) {
            const std::vector<ir::Schedule> neighbours = space.neighbours(schedule);
            if (!neighbours.empty()) {
                schedule = neighbours[(*random)() % neighbours.size()];
            }
        }
        return schedule;
    };
}

/// Of a contraction in register tiles.
struct Tiles {
    ir::Packing packing = ir::Packing::none;
    int rows = 0;
    int vectors = 0;
    int depth = 0;    ///< of a block
    int columns = 0;  ///< of a block
};

/// The default schedule with other tiles, without lines or elements that are summed together.
inline ir::Schedule tiled_schedule(const passes::KernelStep& step, const ir::Machine& machine,
                                   const Tiles& tiles) {
    ir::Schedule schedule = detail::default_schedule_of(step, machine);
    schedule.packing = tiles.packing;
    schedule.tile_rows = tiles.rows;
    schedule.tile_vectors = tiles.vectors;
    schedule.block_depth = tiles.depth;
    schedule.block_columns = tiles.columns;
    schedule.line_atom = -1;
    schedule.tile_lines = 1;
    schedule.together = {};
    return schedule;
}

}  // namespace latent::test
