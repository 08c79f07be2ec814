#pragma once

#include <Halide.h>

#include <vector>

namespace latent::codegen {

/// Makes what is known of the shapes and strides of a kernel's buffers part of `statement`. Takes
/// the place of Halide's add_image_checks, which infers besides what is accessed of each buffer, to
/// compare it with what is there: most of its time, for checks that kernels do not have.
Halide::Internal::Stmt apply_buffer_constraints(
    const Halide::Internal::Stmt& statement,
    const std::vector<Halide::Internal::Function>& outputs);

}  // namespace latent::codegen
