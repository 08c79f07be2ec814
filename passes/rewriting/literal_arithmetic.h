#pragma once

#include <optional>
#include <span>

#include "ir/attributes.h"
#include "ir/op.h"

namespace latent::passes {

/// Whether exchanged operands give the same bits. Not for maximum and minimum of floats, where the
/// order may decide between two zeros.
bool commutes(ir::Op op, DType dtype);

/// An elementwise op on literals, as the IR defines it: floats computed in double and rounded to
/// the dtype, integers wrapping. Nothing for
///  - exp, sin, pow and the like: their last bit is that of the kernels, which folding must not
///  change;
///  - random bits, and cases in which the sign of a zero is left open (maximum of both zeros, sign
///  of a zero).
/// `dtype` is that of the result: it matters to cast alone.
std::optional<ir::Literal> evaluate(ir::Op op, std::span<const ir::Literal> operands, DType dtype);

}  // namespace latent::passes
