#pragma once

#include <Halide.h>

namespace latent::codegen {

/// The loop over the vectors of a register tile, if most tiles are whole.
inline constexpr const char* whole_tile_loop = "whole_tile";

/// The loops over the blocks of a register tile that are stored along its rows.
inline constexpr const char* whole_blocks_loop = "whole_blocks";

/// A statement whose unrolled loops of the first name, which read scratch and store it, have no
/// guards where all of what they do lies inside the result; else they are loops that are not
/// unrolled, with the guards. Unrolled guards would be most of the code of a kernel, and of the
/// time to compile it: one for each vector, and a masked store. Loops of the second name have two
/// copies too, one without guards, and neither is unrolled. Before loops are unrolled and
/// vectorized.
Halide::Internal::Stmt unroll_whole_tiles(const Halide::Internal::Stmt& statement);

}  // namespace latent::codegen
