#pragma once

#include <Halide.h>

#include <vector>

namespace latent::codegen {

/// A lowered statement in which the lines of large results that a register tile is stored to are
/// asked for before the tile is summed, and those of inputs that are read beside its sums. Stores
/// wait for their lines in order, and only so many of them can, so that the sums of the next tile
/// would wait for memory too. `results` are all buffers that are written. Where vectors are less
/// than a cache line, a tile is summed as fast as instructions are issued, and prefetches cost more
/// than they save: there it is done for tiles alone that are stored along their rows, each time a
/// part of as many lines as there are columns. With vectors of any length, rows are asked for too
/// (row_prefetches.h).
Halide::Internal::Stmt prefetch_results(const Halide::Internal::Stmt& statement,
                                        const std::vector<Halide::Parameter>& results,
                                        const Halide::Target& target);

}  // namespace latent::codegen
