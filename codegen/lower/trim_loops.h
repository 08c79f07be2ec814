#pragma once

#include <Halide.h>

namespace latent::codegen {

/// Cuts from each loop the iterations at whose guards nothing is done. As Halide's trim_no_ops,
/// which looks besides for stores that leave a value as it is, at each loop around them again, and
/// asks what it has asked before.
Halide::Internal::Stmt trim_loops(const Halide::Internal::Stmt& statement);

}  // namespace latent::codegen
