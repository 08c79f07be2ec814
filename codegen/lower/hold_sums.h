#pragma once

#include <Halide.h>

namespace latent::codegen {

/// A loop whose turns all add to the same vectors of one buffer, as a loop that adds to a copy of
/// them, which is stored back after it: so they stay in registers whatever else the loop does.
/// (LLVM keeps what is added to in memory there only where nothing in the loop, such as a prefetch,
/// might read it.) Another loop as it is.
Halide::Internal::Stmt hold_sums(const Halide::Internal::Stmt& loop);

/// The same of all loops of a statement that add to a register tile, on the stack. (What follows
/// the sums reads them there by a loop: LLVM would have the tile in memory from its first zero on,
/// which is a call of `memset` for each.)
Halide::Internal::Stmt hold_tiles(const Halide::Internal::Stmt& statement);

}  // namespace latent::codegen
