#include "passes/rewriting/literal_arithmetic.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace latent::passes {

namespace {

using ir::Literal;
using ir::Op;

/// Integers are computed modulo 2^64 and cut to the dtype by Literal: signed overflow is undefined
/// in C++.
Literal wrapped(DType dtype, std::uint64_t value) {
    return {dtype, static_cast<std::int64_t>(value)};
}

Literal boolean(bool value) {
    return {DType::boolean, std::int64_t{value}};
}

std::int64_t to_integer(double value, DType dtype) {
    if (std::isnan(value)) {
        return 0;
    }
    const auto [low, high] = integer_range(dtype);
    if (value <= static_cast<double>(low)) {
        return low;
    }
    // The largest i64 is no double: the next one above is 2^63.
    return value >= static_cast<double>(high) ? high : static_cast<std::int64_t>(value);
}

Literal cast(const Literal& value, DType dtype) {
    if (is_floating(value.dtype())) {
        switch (dtype) {
            case DType::boolean:
                return boolean(value.as_double() != 0);
            case DType::u8:
            case DType::i8:
            case DType::i16:
            case DType::i32:
            case DType::i64:
                return {dtype, to_integer(value.as_double(), dtype)};
            case DType::f16:
            case DType::bf16:
            case DType::f32:
            case DType::f64:
                return {dtype, value.as_double()};
        }
    }
    // By way of double an i64 would be rounded twice.
    return is_floating(dtype) && dtype != DType::f64
               ? Literal(dtype, static_cast<double>(static_cast<float>(value.as_int())))
               : Literal(dtype, value.as_int());
}

std::optional<Literal> float_unary(Op op, DType dtype, double x) {
    switch (op) {
        case Op::neg:
            return Literal(dtype, -x);
        case Op::abs:
            return Literal(dtype, std::fabs(x));
        case Op::sign:
            if (x == 0) {
                return std::nullopt;
            }
            return Literal(dtype, std::isnan(x) ? x : std::copysign(1.0, x));
        case Op::floor:
            return Literal(dtype, std::floor(x));
        case Op::ceil:
            return Literal(dtype, std::ceil(x));
        case Op::round:
            return Literal(dtype, std::nearbyint(x));
        case Op::trunc:
            return Literal(dtype, std::trunc(x));
        case Op::sqrt:
            return Literal(dtype, std::sqrt(x));
        default:
            return std::nullopt;
    }
}

std::optional<Literal> integer_unary(Op op, DType dtype, std::int64_t x) {
    const auto bits = static_cast<std::uint64_t>(x);
    switch (op) {
        case Op::neg:
            return wrapped(dtype, -bits);
        case Op::abs:
            return wrapped(dtype, x < 0 ? -bits : bits);
        case Op::sign:
            return Literal(dtype, std::int64_t{x > 0} - std::int64_t{x < 0});
        case Op::floor:
        case Op::ceil:
        case Op::round:
        case Op::trunc:
            return Literal(dtype, x);
        case Op::bitwise_not:
            return dtype == DType::boolean ? boolean(x == 0) : wrapped(dtype, ~bits);
        default:
            return std::nullopt;
    }
}

std::optional<Literal> float_binary(Op op, DType dtype, double x, double y) {
    switch (op) {
        case Op::add:
            return Literal(dtype, x + y);
        case Op::sub:
            return Literal(dtype, x - y);
        case Op::mul:
            return Literal(dtype, x * y);
        case Op::div:
            return Literal(dtype, x / y);
        case Op::maximum:
        case Op::minimum:
            if (std::isnan(x) || std::isnan(y)) {
                return Literal(dtype, std::numeric_limits<double>::quiet_NaN());
            }
            if (x == 0 && y == 0) {
                return std::nullopt;
            }
            return Literal(dtype, (op == Op::maximum) == (x > y) ? x : y);
        case Op::equal:
            return boolean(x == y);
        case Op::not_equal:
            return boolean(x != y);
        case Op::less:
            return boolean(x < y);
        case Op::less_equal:
            return boolean(x <= y);
        case Op::greater:
            return boolean(x > y);
        case Op::greater_equal:
            return boolean(x >= y);
        default:
            return std::nullopt;
    }
}

std::int64_t floor_quotient(std::int64_t x, std::int64_t y) {
    const std::int64_t quotient = x / y;
    return quotient - std::int64_t{x % y != 0 && (x < 0) != (y < 0)};
}

std::optional<Literal> integer_division(Op op, DType dtype, std::int64_t x, std::int64_t y) {
    if (y == 0) {
        return Literal::zero(dtype);
    }
    if (y == -1) {  // the quotient of the smallest i64 overflows
        return op == Op::floor_divide ? wrapped(dtype, -static_cast<std::uint64_t>(x))
                                      : Literal::zero(dtype);
    }
    const std::int64_t quotient = floor_quotient(x, y);
    return Literal(dtype, op == Op::floor_divide ? quotient : x - quotient * y);
}

Literal shifted(Op op, DType dtype, std::int64_t x, std::int64_t amount) {
    const std::int64_t bits = static_cast<std::int64_t>(byte_size(dtype)) * 8;
    const bool inside = amount >= 0 && amount < bits;
    if (op == Op::shift_left) {
        return inside ? wrapped(dtype, static_cast<std::uint64_t>(x) << amount)
                      : Literal::zero(dtype);
    }
    return Literal(dtype, inside ? x >> amount : std::int64_t{x < 0 ? -1 : 0});
}

std::optional<Literal> integer_binary(Op op, DType dtype, std::int64_t x, std::int64_t y) {
    const auto x_bits = static_cast<std::uint64_t>(x);
    const auto y_bits = static_cast<std::uint64_t>(y);
    switch (op) {
        case Op::add:
            return wrapped(dtype, x_bits + y_bits);
        case Op::sub:
            return wrapped(dtype, x_bits - y_bits);
        case Op::mul:
            return wrapped(dtype, x_bits * y_bits);
        case Op::floor_divide:
        case Op::remainder:
            return integer_division(op, dtype, x, y);
        case Op::maximum:
            return Literal(dtype, std::max(x, y));
        case Op::minimum:
            return Literal(dtype, std::min(x, y));
        case Op::bitwise_and:
            return wrapped(dtype, x_bits & y_bits);
        case Op::bitwise_or:
            return wrapped(dtype, x_bits | y_bits);
        case Op::bitwise_xor:
            return wrapped(dtype, x_bits ^ y_bits);
        case Op::shift_left:
        case Op::shift_right:
            return shifted(op, dtype, x, y);
        case Op::equal:
            return boolean(x == y);
        case Op::not_equal:
            return boolean(x != y);
        case Op::less:
            return boolean(x < y);
        case Op::less_equal:
            return boolean(x <= y);
        case Op::greater:
            return boolean(x > y);
        case Op::greater_equal:
            return boolean(x >= y);
        default:
            return std::nullopt;
    }
}

}  // namespace

bool commutes(Op op, DType dtype) {
    switch (op) {
        case Op::add:
        case Op::mul:
        case Op::equal:
        case Op::not_equal:
        case Op::bitwise_and:
        case Op::bitwise_or:
        case Op::bitwise_xor:
            return true;
        case Op::maximum:
        case Op::minimum:
            return !is_floating(dtype);
        default:
            return false;
    }
}

std::optional<Literal> evaluate(Op op, std::span<const Literal> operands, DType dtype) {
    const Literal& x = operands[0];
    const bool floating = is_floating(x.dtype());
    if (op == Op::cast) {
        return cast(x, dtype);
    }
    if (operands.size() == 1) {
        return floating ? float_unary(op, x.dtype(), x.as_double())
                        : integer_unary(op, x.dtype(), x.as_int());
    }
    if (operands.size() != 2) {
        return std::nullopt;
    }
    const Literal& y = operands[1];
    return floating ? float_binary(op, x.dtype(), x.as_double(), y.as_double())
                    : integer_binary(op, x.dtype(), x.as_int(), y.as_int());
}

}  // namespace latent::passes
