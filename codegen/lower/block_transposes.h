#pragma once

#include <Halide.h>

namespace latent::codegen {

/// A lowered statement whose loops that read across a small block of memory, a column of it in each
/// turn, and store what they read as a vector, are transposes in registers: the block is loaded by
/// whole vectors, which are shuffled. Halide alone would load element by element. No value changes.
Halide::Internal::Stmt transpose_blocks(const Halide::Internal::Stmt& statement);

/// Whether that is done for blocks of `size` vectors of `size` elements.
bool transposes_blocks(Halide::Type element, int size);

}  // namespace latent::codegen
