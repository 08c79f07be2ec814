#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "frontend/execution/fusion_space.h"
#include "frontend/execution/planning.h"

namespace latent::test {

/// Choices of fusion that tuning may make: from none a few steps, each to any neighbour.
inline detail::FusionChooser random_fusion(std::uint64_t seed, int steps = 3) {
    const auto random = std::make_shared<std::mt19937_64>(seed);
    return [=](const ir::Graph& graph, const ir::Machine& machine) {
        const detail::FusionSpace space(graph, machine);
        passes::FusionChoices choices;
        passes::Partition partition = *space.partition(choices);
        for (int i = 0; i < steps && !partition.steps.empty(); ++i) {
            const std::vector<passes::FusionChoices> neighbours =
                space.neighbours(choices, partition, (*random)() % partition.steps.size());
            if (neighbours.empty()) {
                continue;
            }
            const passes::FusionChoices& next = neighbours[(*random)() % neighbours.size()];
            if (std::optional<passes::Partition> cut = space.partition(next)) {
                choices = next;
                partition = std::move(*cut);
            }
        }
        return choices;
    };
}

}  // namespace latent::test
