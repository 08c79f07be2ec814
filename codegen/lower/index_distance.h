#pragma once

#include <Halide.h>

#include <cstdint>
#include <optional>

namespace latent::codegen {

/// `index - other` where that is one number for all values of their variables. Indices that are
/// computed in 32 bits do not overflow, which Halide's simplifier does not use where they are
/// widened.
std::optional<std::int64_t> index_distance(const Halide::Expr& index, const Halide::Expr& other);

}  // namespace latent::codegen
