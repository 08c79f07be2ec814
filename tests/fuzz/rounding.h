#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "codegen/reference/array.h"
#include "ir/node.h"

namespace latent::fuzz {

using codegen::reference::Array;

/// How the value that a kernel gives for a node may differ from the interpreter's.
enum class Rounding : std::uint8_t {
    none,      ///< not at all: one rounding, which both do
    function,  ///< by the error bound of a function in codegen/math
    sum,       ///< by that of a sum (or product) whose order kernels choose
};

Rounding rounding_of(const ir::Node& node);

/// The result of one node, in the type of the node.
Array compute(const ir::Node& node, std::span<const Array> operands);

/// As `compute`, with each element moved up or down at random by what its kernel may err.
/// Elements without a bound, such as a sum that overflows in some order, become NaN or anything.
Array compute_perturbed(const ir::Node& node, std::span<const Array> operands,
                        std::mt19937_64& random);

}  // namespace latent::fuzz
