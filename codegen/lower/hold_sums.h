#pragma once

#include <Halide.h>

namespace latent::codegen {

/// A loop whose turns all add to the same vectors of one buffer, as a loop that adds to a copy of
/// them, which is stored back after it: so they stay in registers whatever else the loop does.
/// (LLVM keeps what is added to in memory there only where nothing in the loop, such as a prefetch,
/// might read it.) Another loop as it is.
Halide::Internal::Stmt hold_sums(const Halide::Internal::Stmt& loop);

}  // namespace latent::codegen
