#pragma once

#include <Halide.h>

namespace latent::codegen {

/// The loop over the vectors of a register tile, if most tiles are whole.
inline constexpr const char* whole_tile_loop = "whole_tile";

/// A statement whose unrolled loops of that name, which read scratch and store it, have no guards
/// where all of what they do lies inside the result; else they are loops that are not unrolled,
/// with the guards. Unrolled guards would be most of the code of a kernel, and of the time to
/// compile it: one for each vector, and a masked store. Before loops are unrolled and vectorized.
Halide::Internal::Stmt unroll_whole_tiles(const Halide::Internal::Stmt& statement);

}  // namespace latent::codegen
