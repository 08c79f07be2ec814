#pragma once

#include "ir/attributes.h"
#include "ir/op.h"

namespace latent::ir {

/// The attribute struct that ir/ops.def gives `op`, with every field at its default.
Attributes default_attributes(Op op);

}  // namespace latent::ir
