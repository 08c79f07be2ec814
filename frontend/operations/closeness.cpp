#include <latent/elementwise.h>
#include <latent/reductions.h>

#include <array>
#include <limits>
#include <string_view>

#include "frontend/tensor/arguments.h"

namespace latent {

using detail::Expression;
using detail::wrap;
using ir::Op;

namespace {

double largest_number(DType dtype) {
    switch (dtype) {
        case DType::f16:
            return 65504;
        case DType::bf16:
            return 0x1.FEp127;
        case DType::f32:
            return std::numeric_limits<float>::max();
        default:
            return std::numeric_limits<double>::max();
    }
}

}  // namespace

Tensor nan_to_num(const Tensor& tensor, Number nan, std::optional<Number> positive_infinity,
                  std::optional<Number> negative_infinity, std::source_location location) {
    const Expression x = detail::expression(tensor, location);
    if (!is_floating(x.dtype())) {
        return tensor;
    }
    const double largest = largest_number(x.dtype());
    const auto number = [&](const Number& value) {
        return detail::scalar_of(value, x.dtype(), "nan_to_num", location);
    };
    const Expression infinity = detail::literal(std::numeric_limits<double>::infinity(), x);
    Expression result =
        detail::select(x == infinity, number(positive_infinity.value_or(largest)), x);
    result = detail::select(x == -infinity, number(negative_infinity.value_or(-largest)), result);
    return wrap(detail::select(x != x, number(nan), result));
}

namespace {

Expression are_close(const Tensor& first, const Tensor& second, const Tolerances& tolerances,
                     std::string_view op, const std::source_location& location) {
    const auto [left, right] = detail::promoted(first, second, location);
    const DType dtype =
        is_floating(left.dtype()) ? detail::computing_dtype(left.dtype()) : DType::f64;
    const std::array operands{detail::cast(left, dtype), detail::cast(right, dtype)};
    const auto [a, b] = detail::broadcast_together(operands, op);
    const Expression margin = detail::scalar(tolerances.absolute, b) +
                              detail::scalar(tolerances.relative, b) * detail::abs(b);
    const Expression is_near = detail::apply(Op::less_equal, detail::abs(a - b), margin);
    const Expression result = (a == b) | (detail::is_finite(b) & is_near);
    return tolerances.equal_nan ? result | ((a != a) & (b != b)) : result;
}

}  // namespace

Tensor isclose(const Tensor& a, const Tensor& b, const Tolerances& tolerances,
               std::source_location location) {
    return wrap(are_close(a, b, tolerances, "isclose", location));
}

Tensor allclose(const Tensor& a, const Tensor& b, const Tolerances& tolerances,
                std::source_location location) {
    return all(wrap(are_close(a, b, tolerances, "allclose", location)), Axes::all(), false,
               location);
}

}  // namespace latent
