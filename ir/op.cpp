#include "ir/op.h"

namespace latent::ir {

bool is_elementwise(Op op) {
    const Category kind = category(op);
    return kind == Category::unary || kind == Category::binary || kind == Category::compare ||
           kind == Category::ternary;
}

bool is_transcendental(Op op) {
    switch (op) {
        case Op::exp:
        case Op::expm1:
        case Op::log:
        case Op::log2:
        case Op::log10:
        case Op::log1p:
        case Op::sin:
        case Op::cos:
        case Op::tan:
        case Op::asin:
        case Op::acos:
        case Op::atan:
        case Op::sinh:
        case Op::cosh:
        case Op::tanh:
        case Op::asinh:
        case Op::acosh:
        case Op::atanh:
        case Op::sigmoid:
        case Op::erf:
        case Op::erfc:
        case Op::erfinv:
        case Op::lgamma:
        case Op::pow:
        case Op::atan2:
        case Op::random_bits:
            return true;
        default:
            return false;
    }
}

bool gives_a_position(Op op) {
    return op == Op::reduce_argmax || op == Op::reduce_argmin;
}

int arithmetic_cost(Op op) {
    constexpr int transcendental = 10;
    constexpr int division = 4;
    switch (op) {
        case Op::constant:
        case Op::scalar:
        case Op::shape_number:
        case Op::iota:
        case Op::stop_gradient:
            return 0;
        case Op::div:
        case Op::sqrt:
        case Op::floor_divide:
        case Op::remainder:
            return division;
        default:
            return is_transcendental(op) ? transcendental : 1;
    }
}

std::optional<Op> op_named(std::string_view name) {
    for (const OpInfo& row : all_ops()) {
        if (row.name == name) {
            return row.op;
        }
    }
    return std::nullopt;
}

}  // namespace latent::ir
