#include <algorithm>
#include <cmath>
#include <functional>

#include "codegen/reference/computation.h"
#include "codegen/reference/scalar_functions.h"

namespace latent::codegen::reference {

namespace {

/// result[i] = function(a[i]), in the type of the operand.
template <typename Types, typename F>
void unary(Types types, const Computation& c, F&& function) {
    with_element_type(types, c.type().dtype, [&]<typename T>(std::type_identity<T>) {
        std::ranges::transform(c.operand<T>(0), c.output<T>().begin(), [&](T x) {
            return static_cast<T>(function(static_cast<Wide<T>>(x)));
        });
    });
}

/// The same elements in the same order.
void copy(const Computation& c) {
    with_element_type(AnyElement{}, c.type().dtype, [&]<typename T>(std::type_identity<T>) {
        std::ranges::copy(c.operand<T>(0), c.output<T>().begin());
    });
}

/// As `unary`, for functions that leave integers as they are.
template <typename F>
void rounding(const Computation& c, F&& function) {
    if (is_floating(c.type().dtype)) {
        unary(Floats{}, c, function);
    } else {
        copy(c);
    }
}

/// result[i] = function(a[i], b[i]), in the type of the operands.
template <typename Types, typename F>
void binary(Types types, const Computation& c, F&& function) {
    with_element_type(types, c.type().dtype, [&]<typename T>(std::type_identity<T>) {
        std::ranges::transform(
            c.operand<T>(0), c.operand<T>(1), c.output<T>().begin(), [&](T a, T b) {
                return static_cast<T>(function(static_cast<Wide<T>>(a), static_cast<Wide<T>>(b)));
            });
    });
}

template <typename F>
void compare(const Computation& c, F&& function) {
    with_element_type(AnyElement{}, c.operand_type(0).dtype,
                      [&]<typename T>(std::type_identity<T>) {
                          std::ranges::transform(c.operand<T>(0), c.operand<T>(1),
                                                 c.output<bool>().begin(), function);
                      });
}

void select(const Computation& c) {
    with_element_type(AnyElement{}, c.type().dtype, [&]<typename T>(std::type_identity<T>) {
        const auto condition = c.operand<bool>(0);
        const auto if_true = c.operand<T>(1);
        const auto if_false = c.operand<T>(2);
        const auto result = c.output<T>();
        for (std::size_t i = 0; i < result.size(); ++i) {
            result[i] = condition[i] ? if_true[i] : if_false[i];
        }
    });
}

/// A constant or a scalar.
template <typename Attributes>
void literal(const Computation& c) {
    const ir::Literal& value = c.node.attributes_as<Attributes>().value;
    with_element_type(AnyElement{}, c.type().dtype, [&]<typename T>(std::type_identity<T>) {
        if constexpr (FloatingElement<T>) {
            c.output<T>()[0] = static_cast<T>(value.as_double());
        } else {
            c.output<T>()[0] = static_cast<T>(value.as_int());
        }
    });
}

void iota(const Computation& c) {
    with_element_type(Numbers{}, c.type().dtype, [&]<typename T>(std::type_identity<T>) {
        const auto result = c.output<T>();
        for (std::size_t i = 0; i < result.size(); ++i) {
            result[i] = convert<T>(static_cast<std::int64_t>(i));
        }
    });
}

void cast(const Computation& c) {
    with_element_type(
        AnyElement{}, c.operand_type(0).dtype, [&]<typename From>(std::type_identity<From>) {
            with_element_type(AnyElement{}, c.type().dtype,
                              [&]<typename To>(std::type_identity<To>) {
                                  std::ranges::transform(c.operand<From>(0), c.output<To>().begin(),
                                                         convert<To, From>);
                              });
        });
}

}  // namespace

void compute(const Computation& c) {
    using ir::Op;
    switch (c.node.op()) {
        case Op::constant:
        case Op::shape_number:
            return literal<ir::ConstantAttributes>(c);
        case Op::scalar:
            return literal<ir::ScalarAttributes>(c);
        case Op::iota:
            return iota(c);
        case Op::parameter:
        case Op::buffer:
            throw InternalError("an input without data was to be computed");

        case Op::neg:
            return unary(Numbers{}, c, [](auto x) { return neg(x); });
        case Op::abs:
            return unary(Numbers{}, c, [](auto x) { return abs(x); });
        case Op::sign:
            return unary(Numbers{}, c, [](auto x) { return sign(x); });
        case Op::floor:
            return rounding(c, [](double x) { return std::floor(x); });
        case Op::ceil:
            return rounding(c, [](double x) { return std::ceil(x); });
        case Op::round:
            return rounding(c, [](double x) { return std::nearbyint(x); });
        case Op::trunc:
            return rounding(c, [](double x) { return std::trunc(x); });
        case Op::sqrt:
            return unary(Floats{}, c, [](double x) { return std::sqrt(x); });
        case Op::exp:
            return unary(Floats{}, c, [](double x) { return std::exp(x); });
        case Op::expm1:
            return unary(Floats{}, c, [](double x) { return std::expm1(x); });
        case Op::log:
            return unary(Floats{}, c, [](double x) { return std::log(x); });
        case Op::log2:
            return unary(Floats{}, c, [](double x) { return std::log2(x); });
        case Op::log10:
            return unary(Floats{}, c, [](double x) { return std::log10(x); });
        case Op::log1p:
            return unary(Floats{}, c, [](double x) { return std::log1p(x); });
        case Op::sin:
            return unary(Floats{}, c, [](double x) { return std::sin(x); });
        case Op::cos:
            return unary(Floats{}, c, [](double x) { return std::cos(x); });
        case Op::tan:
            return unary(Floats{}, c, [](double x) { return std::tan(x); });
        case Op::asin:
            return unary(Floats{}, c, [](double x) { return std::asin(x); });
        case Op::acos:
            return unary(Floats{}, c, [](double x) { return std::acos(x); });
        case Op::atan:
            return unary(Floats{}, c, [](double x) { return std::atan(x); });
        case Op::sinh:
            return unary(Floats{}, c, [](double x) { return std::sinh(x); });
        case Op::cosh:
            return unary(Floats{}, c, [](double x) { return std::cosh(x); });
        case Op::tanh:
            return unary(Floats{}, c, [](double x) { return std::tanh(x); });
        case Op::asinh:
            return unary(Floats{}, c, [](double x) { return std::asinh(x); });
        case Op::acosh:
            return unary(Floats{}, c, [](double x) { return std::acosh(x); });
        case Op::atanh:
            return unary(Floats{}, c, [](double x) { return std::atanh(x); });
        case Op::sigmoid:
            return unary(Floats{}, c, [](double x) { return sigmoid(x); });
        case Op::erf:
            return unary(Floats{}, c, [](double x) { return std::erf(x); });
        case Op::erfc:
            return unary(Floats{}, c, [](double x) { return std::erfc(x); });
        case Op::erfinv:
            return unary(Floats{}, c, [](double x) { return static_cast<double>(erfinv(x)); });
        case Op::lgamma:
            return unary(Floats{}, c, [](double x) { return std::lgamma(x); });
        case Op::bitwise_not:
            return unary(Bits{}, c, [](auto x) { return bitwise_not(x); });
        case Op::stop_gradient:
            return copy(c);
        case Op::cast:
            return cast(c);

        case Op::add:
            return binary(Numbers{}, c, [](auto a, auto b) { return add(a, b); });
        case Op::sub:
            return binary(Numbers{}, c, [](auto a, auto b) { return sub(a, b); });
        case Op::mul:
            return binary(Numbers{}, c, [](auto a, auto b) { return mul(a, b); });
        case Op::div:
            return binary(Floats{}, c, [](double a, double b) { return a / b; });
        case Op::floor_divide:
            return binary(Numbers{}, c, [](auto a, auto b) { return floor_divide(a, b); });
        case Op::remainder:
            return binary(Numbers{}, c, [](auto a, auto b) { return remainder(a, b); });
        case Op::pow:
            return binary(Numbers{}, c, [](auto a, auto b) { return pow(a, b); });
        case Op::maximum:
            return binary(AnyElement{}, c, [](auto a, auto b) { return maximum(a, b); });
        case Op::minimum:
            return binary(AnyElement{}, c, [](auto a, auto b) { return minimum(a, b); });
        case Op::atan2:
            return binary(Floats{}, c, [](double y, double x) { return std::atan2(y, x); });
        case Op::bitwise_and:
            return binary(Bits{}, c, std::bit_and<>{});
        case Op::bitwise_or:
            return binary(Bits{}, c, std::bit_or<>{});
        case Op::bitwise_xor:
            return binary(Bits{}, c, std::bit_xor<>{});
        case Op::shift_left:
            return binary(Integers{}, c, [](auto x, auto bits) { return shift_left(x, bits); });
        case Op::shift_right:
            return binary(Integers{}, c, [](auto x, auto bits) { return shift_right(x, bits); });
        case Op::random_bits:
            std::ranges::transform(c.operand<std::int64_t>(0), c.operand<std::int64_t>(1),
                                   c.output<std::int32_t>().begin(), random_bits);
            return;

        case Op::equal:
            return compare(c, std::equal_to<>{});
        case Op::not_equal:
            return compare(c, std::not_equal_to<>{});
        case Op::less:
            return compare(c, std::less<>{});
        case Op::less_equal:
            return compare(c, std::less_equal<>{});
        case Op::greater:
            return compare(c, std::greater<>{});
        case Op::greater_equal:
            return compare(c, std::greater_equal<>{});
        case Op::select:
            return select(c);

        case Op::reduce_sum:
            return reduce_sum(c);
        case Op::reduce_prod:
            return reduce_prod(c);
        case Op::reduce_max:
            return reduce_max(c);
        case Op::reduce_min:
            return reduce_min(c);
        case Op::reduce_argmax:
            return reduce_argmax(c);
        case Op::reduce_argmin:
            return reduce_argmin(c);
        case Op::cumulative_sum:
            return cumulative_sum(c);
        case Op::cumulative_max:
            return cumulative_max(c);
        case Op::linear_recurrence:
            return linear_recurrence(c);
        case Op::argsort:
            return argsort(c);
        case Op::contraction:
            return contraction(c);

        case Op::reshape:
        case Op::optimization_barrier:
        case Op::custom_vjp:
            return copy(c);
        case Op::permute:
        case Op::broadcast:
        case Op::slice:
        case Op::flip:
        case Op::window:
            return view(c);

        case Op::pad:
            return pad(c);
        case Op::concat:
            return concat(c);
        case Op::interleave:
            return interleave(c);
        case Op::gather:
            return gather(c);
        case Op::fold:
            return fold(c);
        case Op::scatter_add:
            return scatter_add(c);
    }
    throw InternalError("an op without a row in ops.def");
}

}  // namespace latent::codegen::reference
