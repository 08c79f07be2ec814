#pragma once

#include <Halide.h>

namespace latent::codegen {

/// The statement with a branch around what functions compute for rare arguments alone
/// (codegen/math/detail.h, `unless_rare`): it is taken where a vector has one of these. No branch
/// where what is usual is right for all numbers (`unless_special`). For vectors as they are at
/// last.
Halide::Internal::Stmt branch_around_rare_arguments(const Halide::Internal::Stmt& statement,
                                                    const Halide::Target& target);

}  // namespace latent::codegen
