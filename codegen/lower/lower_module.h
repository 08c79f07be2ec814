#pragma once

#include <Halide.h>

#include <string>
#include <vector>

namespace latent::codegen {

/// What a kernel computes.
struct KernelDefinition {
    Halide::Func output;
    /// Undefined, or a Func that is computed inside of the output's loops, and is stored in the
    /// buffers of the results after those of the output (inner_output.h).
    Halide::Func inner_output;
    std::vector<Halide::Argument> arguments;  ///< without the results
    std::vector<Halide::Expr> facts;          ///< conditions on them that hold in every call
};

/// A module whose function `symbol` computes a kernel: what Halide::Pipeline::compile_to_module
/// makes, by Halide's own passes, but for those that are not needed (tracing, checks, memoization,
/// prefetches, asynchronous producers, devices) and two that take long, which have cheaper
/// replacements (apply_buffer_constraints, trim_loops).
Halide::Module lower_to_module(const KernelDefinition& kernel, const std::string& symbol,
                               const Halide::Target& target);

}  // namespace latent::codegen
