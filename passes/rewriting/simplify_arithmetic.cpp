#include "passes/rewriting/simplify_rules.h"

#include <cmath>
#include <limits>

#include "passes/rewriting/literal_arithmetic.h"
#include "passes/rewriting/view_algebra.h"

// Identities that IEEE arithmetic has, signed zeros and infinities included (which NaN comes out of
// NaNs is left open). For integers, which wrap, more hold. Constants are on the right: canonicalise
// put them there.

namespace latent::passes {

namespace {

using ir::Literal;
using ir::Op;
using ir::Value;

/// Whether all elements are `wanted`; of zeros, the one with the same sign.
bool is_constant(const Value& value, double wanted) {
    const Literal* literal = constant_of(value);
    return literal != nullptr && *literal == Literal(literal->dtype(), wanted);
}

bool is_zero_of_any_sign(const Value& value) {
    return is_constant(value, 0.0) || is_constant(value, -0.0);
}

bool is_exact(const Value& value) {
    return !is_floating(value.type().dtype);
}

Value full_like(const ir::Node& node, double value) {
    return ir::full(Literal(node.type().dtype, value), node.type().shape.span(), node.location());
}

/// x where the right operand is neutral.
Value drop_neutral_operand(const ir::Node& node, const RuleContext& context) {
    const Value& left = node.operand(0);
    const Value& right = node.operand(1);
    const bool exact = is_exact(left);
    bool neutral = false;
    switch (node.op()) {
        case Op::add:  // x + (+0) is +0 for x = -0
            neutral = is_constant(right, -0.0) || (context.fast() && is_zero_of_any_sign(right));
            break;
        case Op::sub:
            neutral = is_constant(right, 0.0) || (context.fast() && is_zero_of_any_sign(right));
            break;
        case Op::mul:
        case Op::div:
        case Op::pow:
            neutral = is_constant(right, 1.0);
            break;
        case Op::floor_divide:
            neutral = exact && is_constant(right, 1.0);
            break;
        case Op::bitwise_or:
        case Op::bitwise_xor:
        case Op::shift_left:
        case Op::shift_right:
            neutral = is_constant(right, 0.0);
            break;
        case Op::bitwise_and:
            neutral = is_constant(right, left.type().dtype == DType::boolean ? 1.0 : -1.0);
            break;
        default:
            break;
    }
    return neutral ? left : Value{};
}

/// A constant where the right operand decides alone.
Value absorb_into_constant(const ir::Node& node, const RuleContext& context) {
    const Value& right = node.operand(1);
    const bool exact = is_exact(right);
    switch (node.op()) {
        case Op::mul:
            return (exact || context.fast()) && is_zero_of_any_sign(right) ? full_like(node, 0)
                                                                           : Value{};
        case Op::bitwise_and:
            return is_constant(right, 0) ? full_like(node, 0) : Value{};
        case Op::remainder:
            return exact && is_constant(right, 1) ? full_like(node, 0) : Value{};
        case Op::pow:  // 1 for NaN too, by IEEE 754
            return is_zero_of_any_sign(right) ? full_like(node, 1) : Value{};
        default:
            return {};
    }
}

Value both_operands_equal(const ir::Node& node, const RuleContext& context) {
    if (node.operand(0) != node.operand(1)) {
        return {};
    }
    const bool exact = is_exact(node.operand(0));
    switch (node.op()) {
        case Op::maximum:
        case Op::minimum:
        case Op::bitwise_and:
        case Op::bitwise_or:
            return node.operand(0);
        case Op::bitwise_xor:
        case Op::less:
        case Op::greater:  // also of NaN
            return full_like(node, 0);
        case Op::sub:  // not of infinity and NaN
            return exact || context.fast() ? full_like(node, 0) : Value{};
        case Op::not_equal:  // true for NaN
            return exact ? full_like(node, 0) : Value{};
        case Op::equal:
        case Op::less_equal:
        case Op::greater_equal:
            return exact ? full_like(node, 1) : Value{};
        default:
            return {};
    }
}

/// Signs: x * -1, -0 - x, a + -b, a - -b, -a + b, -a * -b and the same with div, -a * constant.
Value move_signs(const ir::Node& node, const RuleContext&) {
    const Value& left = node.operand(0);
    const Value& right = node.operand(1);
    const bool left_negated = left.op() == Op::neg;
    const bool right_negated = right.op() == Op::neg;
    switch (node.op()) {
        case Op::add:
            if (right_negated) {
                return ir::make(Op::sub, {left, right.node->operand(0)}, node.location());
            }
            return left_negated ? ir::make(Op::sub, {right, left.node->operand(0)}, node.location())
                                : Value{};
        case Op::sub:
            if (right_negated) {
                return ir::make(Op::add, {left, right.node->operand(0)}, node.location());
            }
            return is_constant(left, -0.0) ? ir::make(Op::neg, {right}, node.location()) : Value{};
        case Op::mul:
        case Op::div:
            if (is_constant(right, -1.0)) {
                return ir::make(Op::neg, {left}, node.location());
            }
            if (left_negated && right_negated) {
                return ir::make(node.op(), {left.node->operand(0), right.node->operand(0)},
                                node.location());
            }
            if (left_negated && constant_of(right) != nullptr) {
                const Literal& literal = *constant_of(right);
                const Literal negated = *evaluate(Op::neg, std::span(&literal, 1), literal.dtype());
                const Value factor = ir::full(negated, node.type().shape.span(), node.location());
                return ir::make(node.op(), {left.node->operand(0), factor}, node.location());
            }
            return {};
        default:
            return {};
    }
}

/// x / 2^k -> x * 2^-k: both round the same number, where 2^-k is a normal number.
Value divide_by_power_of_two(const ir::Node& node, const RuleContext&) {
    const Literal* divisor = constant_of(node.operand(1));
    if (divisor == nullptr) {
        return {};
    }
    const double value = divisor->as_double();
    const bool narrow = divisor->dtype() == DType::f32;
    const double smallest =
        narrow ? std::numeric_limits<float>::min() : std::numeric_limits<double>::min();
    const double largest =
        narrow ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max();
    int exponent = 0;
    const double reciprocal = 1 / value;
    if (std::fabs(std::frexp(value, &exponent)) != 0.5 || std::fabs(reciprocal) < smallest ||
        std::fabs(reciprocal) > largest) {
        return {};
    }
    return ir::make(Op::mul, {node.operand(0), full_like(node, reciprocal)}, node.location());
}

/// x^2 and x^-1. Not x^0.5: it is +0 for -0 and infinity for -infinity, where sqrt gives -0 and
/// NaN.
Value expand_power(const ir::Node& node, const RuleContext&) {
    const Value& base = node.operand(0);
    if (is_constant(node.operand(1), 2)) {
        return ir::make(Op::mul, {base, base}, node.location());
    }
    if (is_floating(node.type().dtype) && is_constant(node.operand(1), -1)) {
        return ir::make(Op::div, {full_like(node, 1), base}, node.location());
    }
    return {};
}

Value cancel_repeated_unary(const ir::Node& node, const RuleContext&) {
    const Value& inner = node.operand(0);
    switch (node.op()) {
        case Op::neg:
        case Op::bitwise_not:
            return inner.op() == node.op() ? inner.node->operand(0) : Value{};
        case Op::abs:
            if (inner.op() == Op::neg) {
                return ir::make(Op::abs, {inner.node->operand(0)}, node.location());
            }
            return inner.op() == Op::abs ? inner : Value{};
        case Op::floor:
        case Op::ceil:
        case Op::round:
        case Op::trunc:
            return is_exact(inner) || inner.op() == node.op() ? inner : Value{};
        default:
            return {};
    }
}

/// not(a < b) -> a >= b; of floats only the equalities, for all orderings of a NaN are false.
Value negate_comparison(const ir::Node& node, const RuleContext&) {
    const Value& inner = node.operand(0);
    if (ir::category(inner.op()) != ir::Category::compare) {
        return {};
    }
    const auto inverse = [](Op op) {
        switch (op) {
            case Op::equal:
                return Op::not_equal;
            case Op::not_equal:
                return Op::equal;
            case Op::less:
                return Op::greater_equal;
            case Op::less_equal:
                return Op::greater;
            case Op::greater:
                return Op::less_equal;
            default:
                return Op::less;
        }
    };
    const bool ordering = inner.op() != Op::equal && inner.op() != Op::not_equal;
    if (ordering && !is_exact(inner.node->operand(0))) {
        return {};
    }
    return ir::make(inverse(inner.op()), {inner.node->operand(0), inner.node->operand(1)},
                    node.location());
}

Value decide_select(const ir::Node& node, const RuleContext&) {
    const Value& condition = node.operand(0);
    if (const Literal* literal = constant_of(condition)) {
        return literal->as_int() != 0 ? node.operand(1) : node.operand(2);
    }
    if (node.operand(1) == node.operand(2)) {
        return node.operand(1);
    }
    if (condition.op() == Op::bitwise_not) {
        return ir::make(Op::select, {condition.node->operand(0), node.operand(2), node.operand(1)},
                        node.location());
    }
    return {};
}

}  // namespace

std::vector<Rule> arithmetic_rules() {
    std::vector<Op> two_operands = ops_of(ir::Category::binary);
    const std::vector<Op> binary = two_operands;
    const std::vector<Op> compare = ops_of(ir::Category::compare);
    two_operands.insert(two_operands.end(), compare.begin(), compare.end());
    return {
        {"drop_neutral_operand", binary, drop_neutral_operand},
        {"absorb_into_constant", binary, absorb_into_constant},
        {"both_operands_equal", two_operands, both_operands_equal},
        {"move_signs", {Op::add, Op::sub, Op::mul, Op::div}, move_signs},
        {"divide_by_power_of_two", {Op::div}, divide_by_power_of_two},
        {"expand_power", {Op::pow}, expand_power},
        {"cancel_repeated_unary", ops_of(ir::Category::unary), cancel_repeated_unary},
        {"negate_comparison", {Op::bitwise_not}, negate_comparison},
        {"decide_select", {Op::select}, decide_select},
    };
}

}  // namespace latent::passes
