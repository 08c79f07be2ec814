#pragma once

#include "ir/graph.h"

namespace latent::ir {

/// Checks what every graph of the library holds to:
///  - results and operands exist, and operands are older than their users (so there is no cycle);
///  - each node has the attributes, operand count, label and axes invariants of its op, and the
///  type
///    that `infer` gives;
///  - a node requires a gradient if and only if a differentiable operand does (leaves may choose);
///  - parameters of one index have one type;
///  - data that has arrived is large enough for its type.
///
/// Throws InternalError with the text of the first node that breaks one of them.
void verify(const Graph& graph);

}  // namespace latent::ir
