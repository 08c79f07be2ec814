#pragma once

#include <Halide.h>

namespace latent::codegen {

/// A loop whose turns all add to the same vectors of one buffer, as a loop that adds to a copy of
/// them, which is stored back after it: so they stay in registers whatever else the loop does.
/// (LLVM keeps what is added to in memory there only where nothing in the loop, such as a prefetch,
/// might read it.) Another loop as it is, and one that adds to a register tile among `on_stack`,
/// which `hold_tiles` holds, around further loops too.
Halide::Internal::Stmt hold_sums(const Halide::Internal::Stmt& loop,
                                 const Halide::Internal::Scope<void>& on_stack);

/// The same of all loops of a statement that add to a register tile, on the stack. (What follows
/// the sums reads them there by a loop: LLVM would have the tile in memory from its first zero on,
/// which is a call of `memset` for each.) Constants that are stored to the tile just before are
/// stored to the copy alone.
Halide::Internal::Stmt hold_tiles(const Halide::Internal::Stmt& statement);

}  // namespace latent::codegen
