#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ir/graph.h"
#include "tests/support/inputs.h"

namespace latent::fuzz {

/// A graph with what its parameters are filled with.
struct Case {
    ir::Graph graph;
    test::Values values = test::Values::ordinary;
    std::uint64_t data_seed = 0;
};

/// The `index`-th case of a seed: shapes from empty to several tiles, one or several dtypes, now
/// and then the gradients of a result among the results.
Case make_case(std::uint64_t seed, std::uint64_t index);

/// The graph as text, below a comment with the data. `parse_case` reads it back.
std::string print(const Case& example);

/// Throws ParseError. Text without such a comment gets ordinary data.
Case parse_case(std::string_view text);

}  // namespace latent::fuzz
