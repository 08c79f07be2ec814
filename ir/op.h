#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace latent::ir {

/// The primitives, listed in ir/ops.def.
enum class Op : std::uint8_t {
#define LATENT_OP(name, category, operands, attributes) name,
#include "ir/ops.def"
#undef LATENT_OP
};

/// What a primitive is to passes and templates.
enum class Category : std::uint8_t {
    leaf,      ///< no operands
    unary,     ///< elementwise, one operand
    binary,    ///< elementwise, two operands of one type
    compare,   ///< elementwise, two operands, boolean result
    ternary,   ///< elementwise, three operands
    reduce,    ///< removes axes
    scan,      ///< goes along one axis, which stays
    contract,  ///< sum of products
    view,      ///< another address of the same elements
    index,     ///< moves elements in ways that strides cannot express
    boundary,  ///< its first operand; what gradients make of it is its own affair
};

/// One row of ir/ops.def.
struct OpInfo {
    Op op;
    std::string_view name;
    Category category;
    int operands;  ///< -1: one or more
};

/// All rows, in the order of the enumeration.
inline constexpr std::array all_op_rows = {
#define LATENT_OP(name, category, operands, attributes) \
    OpInfo{Op::name, #name, Category::category, operands},
#include "ir/ops.def"
#undef LATENT_OP
};
inline std::span<const OpInfo> all_ops() {
    return all_op_rows;
}

inline const OpInfo& info(Op op) {
    return all_op_rows[static_cast<std::size_t>(op)];
}
inline std::string_view name(Op op) {
    return info(op).name;
}
inline Category category(Op op) {
    return info(op).category;
}

/// Unary, binary, compare or ternary: result element i depends on element i of each operand.
bool is_elementwise(Op op);

/// An elementwise op that takes many instructions: a transcendental function, or random bits.
bool is_transcendental(Op op);

/// A reduction of elements and their positions to the position of one of them.
bool gives_a_position(Op op);

/// About what an elementwise op costs for a vector, in units of a cheap arithmetic instruction; 0
/// for what is no arithmetic at all.
int arithmetic_cost(Op op);

std::optional<Op> op_named(std::string_view name);

}  // namespace latent::ir
