#pragma once

#include <Halide.h>

namespace latent::codegen {

/// `value`; what `later` would load is on its way to L2 once it has been computed. It may lie
/// anywhere. (Halide's own prefetches go to L1, past L2, and fetch what lies between the elements
/// of a buffer too where its first dimension has a stride.)
Halide::Expr with_prefetch(const Halide::Expr& value, const Halide::Expr& later);

/// A lowered statement in which what `with_prefetch` asks for is done, once for each cache line.
Halide::Internal::Stmt insert_prefetches(const Halide::Internal::Stmt& statement);

}  // namespace latent::codegen
