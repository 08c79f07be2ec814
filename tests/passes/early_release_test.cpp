#include "passes/partition/early_release.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace latent::passes;

namespace {

constexpr std::int64_t large = 1 << 20;

/// Forward and backward of three layers: 0 to 2 store activations, 3 to 5 pass gradients back, 6 to
/// 8 make the gradients of weights, which 9 takes.
const std::vector<std::vector<int>> training_needs{{},     {0},    {1},    {2}, {1, 3},
                                                   {0, 4}, {1, 3}, {0, 4}, {5}, {6, 7, 8}};

StorageUses training_uses(std::int64_t weights) {
    return {.values = {{large},
                       {large},
                       {large},
                       {large},
                       {large},
                       {large},
                       {weights},
                       {weights},
                       {weights},
                       {weights, true}},
            .uses = {{0},
                     {0, 1},
                     {1, 2},
                     {2, 3},
                     {1, 3, 4},
                     {0, 4, 5},
                     {1, 3, 6},
                     {0, 4, 7},
                     {5, 8},
                     {6, 7, 8, 9}}};
}

}  // namespace

TEST_CASE("gradients of weights run as soon as they let go of what is larger") {
    const RegionOrder given = order_regions(training_needs);
    const RegionOrder order = release_early(given, training_needs, training_uses(large / 16));
    // The one of the last layer before the last step back; the optimiser is still the last.
    const auto level = [&](int region) { return order.levels[static_cast<std::size_t>(region)]; };
    CHECK(level(6) > level(5));
    CHECK(level(9) == 0);
    REQUIRE(order.sequence.size() == training_needs.size());
    for (int i = 0; i < static_cast<int>(training_needs.size()); ++i) {
        for (const int needed : training_needs[static_cast<std::size_t>(i)]) {
            CHECK(level(needed) > level(i));
        }
    }
}

TEST_CASE("regions keep their levels where nothing would be smaller") {
    const RegionOrder given = order_regions(training_needs);
    for (const std::int64_t weights : {4 * large, large / 16}) {
        StorageUses uses = training_uses(weights);
        if (weights < large) {
            for (StoredValue& value : uses.values) {
                value.bytes /= 64;  // too little to matter
            }
        }
        const RegionOrder order = release_early(given, training_needs, uses);
        CHECK(order.sequence == given.sequence);
        CHECK(order.levels == given.levels);
    }
}
