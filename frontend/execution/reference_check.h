#pragma once

#include <span>

#include "codegen/reference/interpreter.h"
#include "ir/node.h"

namespace latent::detail {

/// Evaluates `values` with the interpreter as well and throws InternalError with the first of them,
/// in order of creation, whose compiled `results` differ by more than rounding: where
/// LATENT_CHECK=reference asks for it.
void check_against_reference(std::span<const ir::Value> values,
                             std::span<const ir::StorageRef> results,
                             const codegen::reference::Allocator& allocate);

}  // namespace latent::detail
