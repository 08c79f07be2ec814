#include "ir/fixed_vector.h"

#include <catch2/catch.hpp>

#include "ir/types.h"

using namespace latent::ir;

TEST_CASE("copies of fixed vectors of any length are equal and independent", "[ir]") {
    for (std::size_t size = 0; size <= max_rank; ++size) {
        Dims original;
        for (std::size_t i = 0; i < size; ++i) {
            original.push_back(static_cast<std::int64_t>(i) + 1);
        }
        const Dims copy = original;
        Dims assigned(max_rank, 7);
        assigned = original;
        CHECK(copy == original);
        CHECK(assigned == original);
        if (size < max_rank) {
            // What a shorter one left behind is not taken for a value.
            assigned.resize(max_rank);
            CHECK(assigned[size] == 0);
            CHECK(assigned.back() == 0);
        }
        CHECK(copy == original);
    }
}
