#pragma once

#include <Halide.h>

#include <string>

namespace latent::codegen {

/// `call`, of which Halide's code generator makes one call of `function`, one of LLVM's for vectors
/// with as many elements as its operands have. Of other calls of functions it does not know, it
/// makes one for each element. To all but the code generator it is the same as `call`, also with
/// other operands of the same type.
Halide::Expr whole_call(const Halide::Internal::Call& call, std::string function);

}  // namespace latent::codegen
