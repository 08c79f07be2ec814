#pragma once

#include <Halide.h>

namespace latent::codegen {

/// A statement in whose expressions no remainder has a name. The variables of fused loops are
/// remainders, and Halide takes that of a number with a name for any one: values that are computed
/// for a single turn of the loop would be stored in room for all of its turns.
Halide::Internal::Stmt inline_remainders(const Halide::Internal::Stmt& statement);

}  // namespace latent::codegen
