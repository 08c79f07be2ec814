#pragma once

#include <Halide.h>

namespace latent::codegen {

/// The loop that `stream_results` looks for, over the elements of a strip of the results, which are
/// all that it stores.
Halide::Var streamed_loop();

/// A lowered statement whose loops of that name are calls to functions of the kernel's stub, which
/// copy a strip from scratch to memory past the caches. A store of the usual kind reads a line into
/// the caches before it is written, and drives out another one: where results do not stay in the
/// caches anyway, that is a third of the traffic for nothing. Halide 21 cannot make such stores.
/// Other threads see a task's results when it ends, as ever.
Halide::Internal::Stmt stream_results(const Halide::Internal::Stmt& statement,
                                      const Halide::Target& target);

}  // namespace latent::codegen
