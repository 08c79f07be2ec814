#pragma once

#include <Halide.h>

#include <vector>

#include "ir/op.h"

namespace latent::codegen {

// How the reductions (reduce_*) accumulate. Sums and products do so in the type of their elements.
// Extremes of floats are found among integers in the order of the floats, -0 below +0, with NaN
// beyond the end that is looked for: so one integer instruction is a step, and NaN propagates.

/// The type of an accumulator for elements of `type`.
Halide::Type accumulator_type(ir::Op op, const Halide::Type& type);
/// An accumulator that has taken in nothing.
Halide::Expr empty_accumulator(ir::Op op, const Halide::Type& type);
/// An element as an accumulator.
Halide::Expr to_accumulator(ir::Op op, const Halide::Expr& element);
/// Two accumulators as one.
Halide::Expr accumulate(ir::Op op, const Halide::Expr& a, const Halide::Expr& b);
/// The result, of `type`, that an accumulator stands for.
Halide::Expr from_accumulator(ir::Op op, const Halide::Type& type, const Halide::Expr& accumulator);

/// All of the accumulators as one, by a balanced tree: a fixed order of arithmetic.
Halide::Expr accumulate_all(ir::Op op, std::vector<Halide::Expr> accumulators);

}  // namespace latent::codegen
