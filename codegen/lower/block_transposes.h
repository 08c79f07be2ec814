#pragma once

#include <Halide.h>

namespace latent::codegen {

/// A lowered statement whose loops that read across a small block of memory, a column of it in each
/// turn, and store what they read as a vector, or the other way round, are transposes in registers:
/// the block is loaded and stored by whole vectors, which are shuffled. Halide alone would go
/// element by element. No value changes.
Halide::Internal::Stmt transpose_blocks(const Halide::Internal::Stmt& statement);

/// Whether that is done for blocks of `size` vectors of `size` elements.
bool transposes_blocks(Halide::Type element, int size);

}  // namespace latent::codegen
