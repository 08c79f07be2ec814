#pragma once

#include <Halide.h>

namespace latent::codegen {

/// `term`, which is added to a register tile. Where `is_narrow`, only the first half of the tile's
/// vectors is asked for. `tile_column` is the place of the term along them, by a loop over vectors
/// that is unrolled.
Halide::Expr in_tile(const Halide::Expr& term, const Halide::Expr& is_narrow,
                     const Halide::Expr& tile_column);

/// A statement in which such tiles are summed by one of two loops, of which one sums half of the
/// vectors: columns are seldom a multiple of a tile. Before loops are unrolled and vectorized.
Halide::Internal::Stmt narrow_tiles(const Halide::Internal::Stmt& statement);

}  // namespace latent::codegen
