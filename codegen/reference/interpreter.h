#pragma once

#include <span>
#include <vector>

#include "codegen/reference/array.h"
#include "ir/graph.h"

namespace latent::codegen::reference {

// The oracle: plain loops over the IR, one node at a time, every result in row-major memory.
//
// Each op is computed in its dtype's own semantics:
//  - floats: in double, rounded to the dtype when the op is complete. reduce_sum, reduce_prod,
//    contraction and fold accumulate in double and round once; scatter_add rounds at each update,
//    in the order that its definition fixes.
//  - integers: wrap around. floor_divide and remainder follow the sign of the divisor, and give 0
//    for a divisor of 0; floats follow NumPy there. A negative exponent of pow gives the truncated
//    reciprocal (0 for base 0). Shifts by amounts outside [0, bits) leave 0, or -1 for an
//    arithmetic shift of a negative number.
//  - maximum, minimum and their reductions propagate NaN and hold +0 to be above -0. round is half
//    to even. sign(NaN) is NaN. Casts are those of ir::CastAttributes.
//
// The walk is iterative, and memory of intermediates is given back after their last use.

/// The results of the graph for these parameters, by index; parameters that no result needs may be
/// of any type. Nodes with data (buffers) are inputs as well. Throws ValueError for a parameter
/// that was not given, TypeError for one of another type than its node's, OutOfMemory.
std::vector<Array> interpret(const ir::Graph& graph, std::span<const Array> parameters = {});

/// The data of `results`, row-major. Nodes whose slot is ready are inputs; nothing is settled. A
/// result that is an input shares its memory.
/// Throws ValueError for parameters and for buffers without data, and whatever `allocator` throws.
std::vector<ir::StorageRef> evaluate(std::span<const ir::Value> results,
                                     const Allocator& allocator);

}  // namespace latent::codegen::reference
