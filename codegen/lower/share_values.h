#pragma once

#include <Halide.h>

namespace latent::codegen {

/// Gives names to what several statements in a row compute alike, such as the elements that the
/// sums of a register tile have in common. Halide looks for what is alike within one statement, and
/// LLVM would find the rest, but all that is done to a statement in between takes longer.
Halide::Internal::Stmt share_values(const Halide::Internal::Stmt& statement);

}  // namespace latent::codegen
