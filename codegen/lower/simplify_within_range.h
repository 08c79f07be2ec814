#pragma once

#include <Halide.h>

#include <string>

namespace latent::codegen {

/// Replaces minima, maxima and comparisons in the body of a loop that are decided once it is known
/// that `loop` takes values in `range` alone.
Halide::Internal::Stmt simplify_within_range(const Halide::Internal::Stmt& body,
                                             const std::string& loop,
                                             const Halide::Internal::Interval& range);

}  // namespace latent::codegen
