#pragma once

#include <Halide.h>

namespace latent::codegen {

/// An unsigned number of 32 or 64 bits that is in the order in which values are sorted: equal for
/// zeros of either sign and for all NaN, which are the largest. `decreasing`: in the opposite
/// order.
Halide::Expr sort_key(const Halide::Expr& value, bool decreasing);

}  // namespace latent::codegen
