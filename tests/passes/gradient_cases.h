#pragma once

#include <string>
#include <vector>

#include "tests/passes/gradient_testing.h"

// A function for every differentiable primitive, which tests of derivatives walk over.

namespace latent::testing {

/// A function to differentiate: IR text, the intervals of its parameters (the last one for all
/// further ones), and which op it is there for.
struct GradientCase {
    ir::Op op;
    std::string text;
    std::vector<Range> ranges = {{}};
};

/// One or more for each differentiable primitive, but for custom_vjp, which has no text.
std::vector<GradientCase> all_cases();

/// A case at a random point.
struct Problem {
    ir::Value output;
    std::vector<ir::Value> parameters;
    Arrays inputs;
};

Problem problem_of(const GradientCase& example, std::mt19937_64& generator);

/// Appends a random parameter of that type.
ir::Value add_parameter(Problem& problem, const ir::Type& type, const Range& range,
                        std::mt19937_64& generator);

}  // namespace latent::testing
