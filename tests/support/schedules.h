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

}  // namespace latent::test
