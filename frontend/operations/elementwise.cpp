#include <latent/elementwise.h>

#include <fmt/format.h>

#include <cmath>

#include "frontend/tensor/arguments.h"
#include "passes/differentiation/special_functions.h"

namespace latent {

namespace {

using detail::Expression;
using detail::Promotion;
using detail::wrap;
using ir::Op;

Tensor of_number(Op op, const Tensor& x, const std::source_location& location) {
    return wrap(detail::apply(op, detail::expression(x, location)));
}

Tensor of_floating(Op op, const Tensor& x, const std::source_location& location) {
    // Of f16 and bf16 the value is rounded once either way, and this way the gradient too.
    return detail::composed(x, location,
                            [&](const Expression& operand) { return detail::apply(op, operand); });
}

Tensor of_two(Op op, const Operand& a, const Operand& b, Promotion promotion,
              std::string_view name) {
    if (a.is_tensor() && b.is_tensor()) {
        const ir::Type& type = detail::node_of(a.tensor(), a.location()).type();
        if (type == detail::node_of(b.tensor(), b.location()).type() &&
            type.dtype == detail::promoted(type.dtype, promotion)) {
            // Nothing to cast and nothing to broadcast.
            return wrap(ir::make(op, detail::value_of(a.tensor(), a.location()),
                                 detail::value_of(b.tensor(), b.location()), a.location()));
        }
    }
    auto [left, right] = detail::promoted(a, b, promotion, name);
    return wrap(detail::apply(op, std::move(left), std::move(right), name));
}

Tensor of_two(Op op, const Operand& a, const Operand& b, Promotion promotion) {
    return of_two(op, a, b, promotion, ir::name(op));
}

Tensor of_integers(Op op, const Operand& a, const Operand& b, std::string_view name) {
    auto [left, right] = detail::promoted(a, b, Promotion::arithmetic, name);
    detail::require_integers(left, "operands", name);
    return wrap(detail::apply(op, std::move(left), std::move(right), name));
}

Expression truth(const Operand& x, std::string_view name) {
    return detail::as_boolean(detail::operand_as(x, detail::common_dtype({&x}), name));
}

Tensor of_truths(Op op, const Operand& a, const Operand& b, std::string_view name) {
    return wrap(detail::apply(op, truth(a, name), truth(b, name), name));
}

/// x^n for n >= 1 by repeated squaring.
Expression positive_power(const Expression& x, std::int64_t n) {
    Expression square = x;
    while (n % 2 == 0) {
        square = square * square;
        n /= 2;
    }
    Expression result = square;
    for (n /= 2; n != 0; n /= 2) {
        square = square * square;
        if (n % 2 != 0) {
            result = result * square;
        }
    }
    return result;
}

/// Exponents that are worth a formula of their own; the others are run-time parameters.
constexpr double largest_unrolled_exponent = 8;

Expression power_of_number(const Expression& x, const Number& exponent) {
    const double n = exponent.floating();
    if (!is_floating(x.dtype()) && n < 0) {
        ir::raise<ValueError>(x.location(),
                              fmt::format("pow: {} to the negative power {}", name(x.dtype()), n));
    }
    if (n != 0 && n == std::trunc(n) && std::abs(n) <= largest_unrolled_exponent) {
        const Expression power = positive_power(x, static_cast<std::int64_t>(std::abs(n)));
        return n > 0 ? power : 1.0 / power;
    }
    if (std::abs(n) == 0.5) {
        return n > 0 ? detail::sqrt(x) : 1.0 / detail::sqrt(x);
    }
    return detail::apply(Op::pow, x, detail::scalar_of(exponent, x.dtype(), "pow", x.location()));
}

/// A floating function of two operands in several steps.
template <typename Formula>
Tensor composed(const Operand& a, const Operand& b, std::string_view name, Formula&& formula) {
    const auto [x, y] =
        detail::broadcast_together(detail::promoted(a, b, Promotion::floating, name), name);
    return wrap(detail::rounded_once(formula, x, y));
}

}  // namespace

Tensor abs(const Tensor& x, std::source_location location) {
    return of_number(Op::abs, x, location);
}
Tensor sign(const Tensor& x, std::source_location location) {
    const Expression operand = detail::expression(x, location);
    const Expression sign = detail::apply(Op::sign, operand);
    // NaN has no sign.
    return wrap(is_floating(operand.dtype())
                    ? detail::select(operand == operand, sign, detail::literal(0, sign))
                    : sign);
}
Tensor floor(const Tensor& x, std::source_location location) {
    return of_number(Op::floor, x, location);
}
Tensor ceil(const Tensor& x, std::source_location location) {
    return of_number(Op::ceil, x, location);
}
Tensor round(const Tensor& x, std::source_location location) {
    return of_number(Op::round, x, location);
}
Tensor trunc(const Tensor& x, std::source_location location) {
    return of_number(Op::trunc, x, location);
}

Tensor square(const Tensor& x, std::source_location location) {
    const Expression operand = detail::expression(x, location);
    detail::require_number(operand, "square");
    return wrap(operand * operand);
}

Tensor sqrt(const Tensor& x, std::source_location location) {
    return of_floating(Op::sqrt, x, location);
}
Tensor exp(const Tensor& x, std::source_location location) {
    return of_floating(Op::exp, x, location);
}
Tensor expm1(const Tensor& x, std::source_location location) {
    return of_floating(Op::expm1, x, location);
}
Tensor log(const Tensor& x, std::source_location location) {
    return of_floating(Op::log, x, location);
}
Tensor log2(const Tensor& x, std::source_location location) {
    return of_floating(Op::log2, x, location);
}
Tensor log10(const Tensor& x, std::source_location location) {
    return of_floating(Op::log10, x, location);
}
Tensor log1p(const Tensor& x, std::source_location location) {
    return of_floating(Op::log1p, x, location);
}
Tensor sin(const Tensor& x, std::source_location location) {
    return of_floating(Op::sin, x, location);
}
Tensor cos(const Tensor& x, std::source_location location) {
    return of_floating(Op::cos, x, location);
}
Tensor tan(const Tensor& x, std::source_location location) {
    return of_floating(Op::tan, x, location);
}
Tensor asin(const Tensor& x, std::source_location location) {
    return of_floating(Op::asin, x, location);
}
Tensor acos(const Tensor& x, std::source_location location) {
    return of_floating(Op::acos, x, location);
}
Tensor atan(const Tensor& x, std::source_location location) {
    return of_floating(Op::atan, x, location);
}
Tensor sinh(const Tensor& x, std::source_location location) {
    return of_floating(Op::sinh, x, location);
}
Tensor cosh(const Tensor& x, std::source_location location) {
    return of_floating(Op::cosh, x, location);
}
Tensor tanh(const Tensor& x, std::source_location location) {
    return of_floating(Op::tanh, x, location);
}
Tensor asinh(const Tensor& x, std::source_location location) {
    return of_floating(Op::asinh, x, location);
}
Tensor acosh(const Tensor& x, std::source_location location) {
    return of_floating(Op::acosh, x, location);
}
Tensor atanh(const Tensor& x, std::source_location location) {
    return of_floating(Op::atanh, x, location);
}
Tensor erf(const Tensor& x, std::source_location location) {
    return of_floating(Op::erf, x, location);
}
Tensor erfc(const Tensor& x, std::source_location location) {
    return of_floating(Op::erfc, x, location);
}
Tensor erfinv(const Tensor& x, std::source_location location) {
    return of_floating(Op::erfinv, x, location);
}
Tensor lgamma(const Tensor& x, std::source_location location) {
    return of_floating(Op::lgamma, x, location);
}

Tensor digamma(const Tensor& tensor, std::source_location location) {
    return detail::composed(tensor, location, [&](const Expression& x) {
        return x.with(passes::digamma(x.value(), location));
    });
}

Tensor rsqrt(const Tensor& tensor, std::source_location location) {
    return detail::composed(tensor, location,
                            [](const Expression& x) { return 1.0 / detail::sqrt(x); });
}

Tensor reciprocal(const Tensor& x, std::source_location location) {
    return wrap(1.0 / detail::floating(x, location));
}

Tensor exp2(const Tensor& x, std::source_location location) {
    const Expression exponent = detail::floating(x, location);
    return wrap(detail::apply(Op::pow, detail::literal(2, exponent), exponent));
}

Tensor isnan(const Tensor& x, std::source_location location) {
    const Expression operand = detail::expression(x, location);
    return wrap(operand != operand);
}

Tensor isinf(const Tensor& x, std::source_location location) {
    const Expression operand = detail::floating(x, location);
    return wrap(detail::abs(operand) == detail::literal(HUGE_VAL, operand));
}

Tensor isfinite(const Tensor& x, std::source_location location) {
    return wrap(detail::is_finite(detail::floating(x, location)));
}

Tensor neg(const Tensor& x, std::source_location location) {
    return of_number(Op::neg, x, location);
}
Tensor add(const Operand& a, const Operand& b) {
    return of_two(Op::add, a, b, Promotion::arithmetic);
}
Tensor sub(const Operand& a, const Operand& b) {
    return of_two(Op::sub, a, b, Promotion::arithmetic);
}
Tensor mul(const Operand& a, const Operand& b) {
    return of_two(Op::mul, a, b, Promotion::arithmetic);
}
Tensor div(const Operand& a, const Operand& b) {
    return of_two(Op::div, a, b, Promotion::floating);
}

Tensor eq(const Operand& a, const Operand& b) {
    return of_two(Op::equal, a, b, Promotion::keep, "eq");
}
Tensor ne(const Operand& a, const Operand& b) {
    return of_two(Op::not_equal, a, b, Promotion::keep, "ne");
}
Tensor lt(const Operand& a, const Operand& b) {
    return of_two(Op::less, a, b, Promotion::keep, "lt");
}
Tensor le(const Operand& a, const Operand& b) {
    return of_two(Op::less_equal, a, b, Promotion::keep, "le");
}
Tensor gt(const Operand& a, const Operand& b) {
    return of_two(Op::greater, a, b, Promotion::keep, "gt");
}
Tensor ge(const Operand& a, const Operand& b) {
    return of_two(Op::greater_equal, a, b, Promotion::keep, "ge");
}

Tensor bitwise_and(const Operand& a, const Operand& b) {
    return of_two(Op::bitwise_and, a, b, Promotion::keep);
}
Tensor bitwise_or(const Operand& a, const Operand& b) {
    return of_two(Op::bitwise_or, a, b, Promotion::keep);
}
Tensor bitwise_xor(const Operand& a, const Operand& b) {
    return of_two(Op::bitwise_xor, a, b, Promotion::keep);
}
Tensor bitwise_not(const Tensor& x, std::source_location location) {
    return of_number(Op::bitwise_not, x, location);
}
Tensor bitwise_left_shift(const Operand& a, const Operand& b) {
    return of_integers(Op::shift_left, a, b, "bitwise_left_shift");
}

Tensor bitwise_right_shift(const Operand& a, const Operand& b) {
    return of_integers(Op::shift_right, a, b, "bitwise_right_shift");
}

Tensor logical_not(const Operand& x) {
    return wrap(detail::apply(Op::bitwise_not, truth(x, "logical_not")));
}

Tensor logical_and(const Operand& a, const Operand& b) {
    return of_truths(Op::bitwise_and, a, b, "logical_and");
}
Tensor logical_or(const Operand& a, const Operand& b) {
    return of_truths(Op::bitwise_or, a, b, "logical_or");
}
Tensor logical_xor(const Operand& a, const Operand& b) {
    return of_truths(Op::bitwise_xor, a, b, "logical_xor");
}

Tensor maximum(const Operand& a, const Operand& b) {
    return of_two(Op::maximum, a, b, Promotion::keep);
}
Tensor minimum(const Operand& a, const Operand& b) {
    return of_two(Op::minimum, a, b, Promotion::keep);
}

Tensor floor_divide(const Operand& a, const Operand& b) {
    return of_two(Op::floor_divide, a, b, Promotion::arithmetic);
}

Tensor remainder(const Operand& a, const Operand& b) {
    return of_two(Op::remainder, a, b, Promotion::arithmetic);
}
Tensor atan2(const Operand& y, const Operand& x) {
    return of_two(Op::atan2, y, x, Promotion::floating);
}

Tensor hypot(const Operand& a, const Operand& b) {
    // Scaled by the larger side, so that no square overflows; the scale is no part of the gradient,
    // since it cancels.
    return composed(a, b, "hypot", [](const Expression& x, const Expression& y) {
        const Expression largest =
            detail::stop_gradient(detail::apply(Op::maximum, detail::abs(x), detail::abs(y)));
        const Expression usable =
            detail::is_finite(largest) & (largest > detail::literal(0, largest));
        const Expression scale = detail::select(usable, largest, detail::literal(1, largest));
        const Expression u = x / scale;
        const Expression v = y / scale;
        return detail::length(u * u + v * v) * scale;
    });
}

Tensor logaddexp(const Operand& a, const Operand& b) {
    return composed(a, b, "logaddexp", [](const Expression& x, const Expression& y) {
        const Expression largest = detail::stop_gradient(detail::apply(Op::maximum, x, y));
        const Expression shift =
            detail::select(detail::is_finite(largest), largest, detail::literal(0, largest));
        return detail::log(detail::exp(x - shift) + detail::exp(y - shift)) + shift;
    });
}

Tensor pow(const Operand& x, const Operand& y) {
    const auto [base, exponent] = detail::promoted(x, y, Promotion::arithmetic, "pow");
    if (y.is_tensor()) {
        return wrap(detail::apply(Op::pow, base, exponent));
    }
    return wrap(detail::rounded_once(
        [&](const Expression& operand) { return power_of_number(operand, y.number()); }, base));
}

Tensor where(const Tensor& condition, const Operand& a, const Operand& b) {
    const std::source_location& location = a.location();
    const DType dtype = detail::common_dtype({&a, &b});
    return wrap(detail::select(detail::as_boolean(detail::expression(condition, location)),
                               detail::operand_as(a, dtype, "where"),
                               detail::operand_as(b, dtype, "where")));
}

Tensor clip(const Tensor& x, std::optional<Number> low, std::optional<Number> high,
            std::source_location location) {
    Expression result = detail::expression(x, location);
    const auto limit = [&](Op op, const std::optional<Number>& bound) {
        if (bound) {
            const DType dtype = detail::weak_dtype(result.dtype(), bound->kind());
            result = detail::apply(op, detail::cast(result, dtype),
                                   detail::scalar_of(*bound, dtype, "clip", location));
        }
    };
    limit(Op::maximum, low);
    limit(Op::minimum, high);
    return wrap(result);
}

Tensor cast(const Tensor& x, DType dtype, std::source_location location) {
    return wrap(detail::cast(detail::expression(x, location), dtype));
}

}  // namespace latent
