#pragma once

#include <Halide.h>

#include <string>
#include <vector>

namespace latent::codegen {

/// A module whose function `symbol` computes `output`: what Halide::Pipeline::compile_to_module
/// makes, by Halide's own passes, but for those that are not needed (tracing, checks, memoization,
/// prefetches, asynchronous producers, devices) and two that take long, which have cheaper
/// replacements (apply_buffer_constraints, trim_loops).
Halide::Module lower_to_module(const Halide::Func& output,
                               const std::vector<Halide::Argument>& arguments,
                               const std::string& symbol, const Halide::Target& target);

}  // namespace latent::codegen
