#include "codegen/lower/stages.h"
#include "codegen/math/math.h"

namespace latent::codegen {

namespace {

using Halide::Expr;

/// Amounts outside 0 .. bits - 1 shift everything out.
Expr shift(ir::Op op, const Expr& value, const Expr& amount) {
    const Expr bits = Halide::cast(amount.type(), value.type().bits());
    const Expr inside = amount >= 0 && amount < bits;
    const Expr safe = Halide::select(inside, amount, Halide::cast(amount.type(), 0));
    if (op == ir::Op::shift_left) {
        return Halide::select(inside, value << safe, Halide::cast(value.type(), 0));
    }
    const Expr sign =
        Halide::select(value < 0, Halide::cast(value.type(), -1), Halide::cast(value.type(), 0));
    return Halide::select(inside, value >> safe, sign);
}

/// The splitmix64 finaliser. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", 2014.
Expr mix(Expr z) {
    z = (z ^ (z >> 30)) *
        Halide::Internal::make_const(Halide::UInt(64), std::uint64_t{0xBF58476D1CE4E5B9});
    z = (z ^ (z >> 27)) *
        Halide::Internal::make_const(Halide::UInt(64), std::uint64_t{0x94D049BB133111EB});
    return z ^ (z >> 31);
}

Expr random_bits(const Expr& key, const Expr& counter) {
    const Expr step =
        Halide::Internal::make_const(Halide::UInt(64), std::uint64_t{0x9E3779B97F4A7C15});
    const Expr bits = mix(mix(Halide::reinterpret<std::uint64_t>(key)) +
                          Halide::reinterpret<std::uint64_t>(counter) * step);
    return Halide::reinterpret<std::int32_t>(Halide::cast<std::uint32_t>(bits));
}

/// Saturates at the limits of the dtype, where rounding to it would wrap, and leaves the only
/// rounding of a double to it.
Expr convert(DType dtype, const Expr& value) {
    if ((dtype == DType::f16 || dtype == DType::bf16) && value.type() == Halide::Float(64)) {
        return math::round_to_odd(value);
    }
    const bool narrow = is_integer(dtype) && byte_size(dtype) < 4;
    return narrow && value.type().is_float()
               ? Halide::cast(compute_type(dtype), math::convert(storage_type(dtype), value))
               : math::convert(compute_type(dtype), value);
}

}  // namespace

bool stays_in_dtype(ir::Op op) {
    switch (op) {
        case ir::Op::select:
        case ir::Op::maximum:
        case ir::Op::minimum:
        case ir::Op::sign:
        case ir::Op::stop_gradient:
        case ir::Op::bitwise_and:
        case ir::Op::bitwise_or:
        case ir::Op::bitwise_xor:
            return true;
        default:
            return false;
    }
}

Expr apply_elementwise(ir::Op op, DType dtype, const std::vector<Expr>& operands) {
    const Expr& a = operands[0];
    switch (op) {
        case ir::Op::neg:
            return math::negate(a);
        case ir::Op::abs:
            return math::absolute(a);
        case ir::Op::sign:
            return math::sign(a);
        case ir::Op::floor:
            return a.type().is_float() ? math::floor(a) : a;
        case ir::Op::ceil:
            return a.type().is_float() ? math::ceil(a) : a;
        case ir::Op::round:
            return a.type().is_float() ? math::round(a) : a;
        case ir::Op::trunc:
            return a.type().is_float() ? math::trunc(a) : a;
        case ir::Op::sqrt:
            return math::sqrt(a);
        case ir::Op::exp:
            return math::exp(a);
        case ir::Op::expm1:
            return math::expm1(a);
        case ir::Op::log:
            return math::log(a);
        case ir::Op::log2:
            return math::log2(a);
        case ir::Op::log10:
            return math::log10(a);
        case ir::Op::log1p:
            return math::log1p(a);
        case ir::Op::sin:
            return math::sin(a);
        case ir::Op::cos:
            return math::cos(a);
        case ir::Op::tan:
            return math::tan(a);
        case ir::Op::asin:
            return math::asin(a);
        case ir::Op::acos:
            return math::acos(a);
        case ir::Op::atan:
            return math::atan(a);
        case ir::Op::sinh:
            return math::sinh(a);
        case ir::Op::cosh:
            return math::cosh(a);
        case ir::Op::tanh:
            return math::tanh(a);
        case ir::Op::asinh:
            return math::asinh(a);
        case ir::Op::acosh:
            return math::acosh(a);
        case ir::Op::atanh:
            return math::atanh(a);
        case ir::Op::sigmoid:
            return math::sigmoid(a);
        case ir::Op::erf:
            return math::erf(a);
        case ir::Op::erfc:
            return math::erfc(a);
        case ir::Op::erfinv:
            return math::erfinv(a);
        case ir::Op::lgamma:
            return math::lgamma(a);
        case ir::Op::bitwise_not:
            return a.type().is_bool() ? !a : ~a;
        case ir::Op::stop_gradient:
            return a;
        case ir::Op::cast:
            return convert(dtype, a);
        case ir::Op::add:
            return math::add(a, operands[1]);
        case ir::Op::sub:
            return math::subtract(a, operands[1]);
        case ir::Op::mul:
            return math::multiply(a, operands[1]);
        case ir::Op::div:
            return math::divide(a, operands[1]);
        case ir::Op::floor_divide:
            return math::floor_divide(a, operands[1]);
        case ir::Op::remainder:
            return math::remainder(a, operands[1]);
        case ir::Op::pow: {
            const auto base = Halide::Internal::as_const_float(a);
            return base && *base == 2 ? math::exp2(operands[1]) : math::pow(a, operands[1]);
        }
        case ir::Op::maximum:
            return a.type().is_bool() ? a || operands[1] : math::maximum(a, operands[1]);
        case ir::Op::minimum:
            return a.type().is_bool() ? a && operands[1] : math::minimum(a, operands[1]);
        case ir::Op::atan2:
            return math::atan2(a, operands[1]);
        case ir::Op::bitwise_and:
            return a.type().is_bool() ? a && operands[1] : a & operands[1];
        case ir::Op::bitwise_or:
            return a.type().is_bool() ? a || operands[1] : a | operands[1];
        case ir::Op::bitwise_xor:
            return a.type().is_bool() ? a != operands[1] : a ^ operands[1];
        case ir::Op::shift_left:
        case ir::Op::shift_right:
            return shift(op, a, operands[1]);
        case ir::Op::random_bits:
            return random_bits(a, operands[1]);
        case ir::Op::equal:
            return a.type().is_bool() ? a == operands[1] : math::equal(a, operands[1]);
        case ir::Op::not_equal:
            return a.type().is_bool() ? a != operands[1] : math::not_equal(a, operands[1]);
        case ir::Op::less:
            return a.type().is_bool() ? !a && operands[1] : math::less(a, operands[1]);
        case ir::Op::less_equal:
            return a.type().is_bool() ? !a || operands[1] : math::less_equal(a, operands[1]);
        case ir::Op::greater:
            return a.type().is_bool() ? a && !operands[1] : math::less(operands[1], a);
        case ir::Op::greater_equal:
            return a.type().is_bool() ? a || !operands[1] : math::less_equal(operands[1], a);
        case ir::Op::select:
            return Halide::select(a, operands[1], operands[2]);
        case ir::Op::constant:
        case ir::Op::scalar:
        case ir::Op::shape_number:
        case ir::Op::parameter:
        case ir::Op::buffer:
        case ir::Op::iota:
        case ir::Op::reduce_sum:
        case ir::Op::reduce_prod:
        case ir::Op::reduce_max:
        case ir::Op::reduce_min:
        case ir::Op::reduce_argmax:
        case ir::Op::reduce_argmin:
        case ir::Op::cumulative_sum:
        case ir::Op::cumulative_max:
        case ir::Op::linear_recurrence:
        case ir::Op::argsort:
        case ir::Op::contraction:
        case ir::Op::permute:
        case ir::Op::reshape:
        case ir::Op::broadcast:
        case ir::Op::slice:
        case ir::Op::flip:
        case ir::Op::window:
        case ir::Op::optimization_barrier:
        case ir::Op::pad:
        case ir::Op::concat:
        case ir::Op::interleave:
        case ir::Op::gather:
        case ir::Op::fold:
        case ir::Op::scatter_add:
        case ir::Op::custom_vjp:
            break;
    }
    throw InternalError("not an elementwise op");
}

}  // namespace latent::codegen
