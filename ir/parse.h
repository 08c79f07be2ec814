#pragma once

#include <string_view>

#include "ir/graph.h"

namespace latent::ir {

/// The graph that the text, as `print` writes it, describes. One statement a line:
///
///     %name = op [%operand, ...] [{field=value, ...}] [: type]
///     return [%name, ...]
///
/// Names are letters, digits and underscores. All fields of an op's attributes are given, in the
/// order of the struct in ir/attributes.h. A type may be left out; where it is given it must be the
/// inferred one. `#` begins a comment that goes to the end of the line; empty lines are skipped.
/// Nodes that no result needs are dropped. The nodes have no source location.
///
/// Throws ParseError, with the line and what was expected, for text that does not follow this
/// grammar, an unknown op, an unknown or repeated name, operands that the op does not take, a type
/// that is not the inferred one, and `buffer` (whose data is not in the text).
Graph parse(std::string_view text);

}  // namespace latent::ir
