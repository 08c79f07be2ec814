#pragma once

#include <latent/tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tools/conformance/suite.h"

namespace latent::conformance {

/// A function to differentiate at a point.
struct GradientProblem {
    std::string name;
    std::string operation;
    std::function<std::vector<Tensor>(const std::vector<Tensor>&)> function;
    std::vector<Tensor> inputs;
};

/// The cases of a suite that have floating inputs, and operations that it lacks.
std::vector<GradientProblem> gradient_problems(const Suite& suite);
std::vector<GradientProblem> further_gradient_problems();

/// What was checked, and what is wrong.
struct GradientTally {
    int instances = 0;
    /// Comparisons with differences, of either order and mode.
    int comparisons = 0;
    /// Points where a derivative jumps or is not finite.
    int not_smooth = 0;
    /// By operation: comparisons with differences.
    std::map<std::string, int> by_operation;
    std::vector<std::string> failures;
};

/// Differentiates `problem` at `count` random points in each arrangement of its inputs: as they
/// are, and as views of transposed, sliced, flipped and broadcast tensors. In f64 the gradient
/// along a random direction is compared with differences and with forward mode, the second
/// derivative with differences of the gradient; then the gradient in f32 with that in f64.
void check_gradients(const GradientProblem& problem, int count, std::uint64_t seed,
                     GradientTally& tally);

}  // namespace latent::conformance
