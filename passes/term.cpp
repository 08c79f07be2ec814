#include "passes/term.h"

namespace latent::passes {

using ir::Op;

Term Term::filled(double number) const {
    return {ir::full(ir::Literal(type().dtype, number), type().shape.span(), location_), location_};
}

Term apply(Op op, const Term& a) {
    return {ir::make(op, {a.value()}, a.location()), a.location()};
}

Term apply(Op op, const Term& a, const Term& b) {
    return {ir::make(op, {a.value(), b.value()}, a.location()), a.location()};
}

Term select(const Term& condition, const Term& if_true, const Term& if_false) {
    return {ir::make(Op::select, {condition.value(), if_true.value(), if_false.value()},
                     condition.location()),
            condition.location()};
}

std::optional<ir::Literal> repeated_constant(const ir::Value& value) {
    const ir::Node* node = value.node.get();
    // A value that is ready may have forgotten its operands.
    while ((node->op() == Op::broadcast || node->op() == Op::reshape) &&
           !node->operands().empty()) {
        node = node->operand(0).node.get();
    }
    if (node->op() != Op::constant) {
        return std::nullopt;
    }
    return node->attributes_as<ir::ConstantAttributes>().value;
}

Term zero_where(const Term& vanishes, const Term& product) {
    const Term is_nan = apply(Op::not_equal, product, product);
    return select(apply(Op::bitwise_and, vanishes, is_nan), product.filled(0), product);
}

Term guarded(const Term& cotangent, const Term& product) {
    return zero_where(apply(Op::equal, cotangent, cotangent.filled(0)), product);
}

}  // namespace latent::passes
