#pragma once

#include <Halide.h>

namespace latent::codegen {

/// Arrays on the stack that are only read and written at constant places, as single vectors. LLVM
/// puts their elements in registers before it does anything else, where what Halide makes of arrays
/// stays in memory until its first passes, which take longer so, are through.
Halide::Internal::Stmt make_arrays_promotable(const Halide::Internal::Stmt& statement);

}  // namespace latent::codegen
