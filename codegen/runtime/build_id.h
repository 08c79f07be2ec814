#pragma once

namespace latent::codegen {

/// Content hash of everything that shapes the bytes of a kernel (the compiler's sources, the stub,
/// Halide), written by the build. Known without loading the compiler, so a program whose kernels
/// are all cached never loads libHalide.
extern const char compiler_build_id[];

}  // namespace latent::codegen
