#include <latent/nn.h>

#include <cmath>
#include <numbers>

#include "frontend/arguments.h"

namespace latent {

namespace {

using detail::Expression;
using detail::wrap;

Expression floating(const Tensor& x, const std::source_location& location) {
    return detail::as_floating(detail::expression(x, location));
}

Expression logistic(const Expression& x) {
    return 1.0 / (1.0 + detail::exp(-x));
}

}  // namespace

Tensor relu(const Tensor& tensor, std::source_location location) {
    const Expression x = detail::as_number(detail::expression(tensor, location));
    const Expression zero = detail::literal(0, x);
    return wrap(detail::select(x > zero, x, zero));
}

Tensor leaky_relu(const Tensor& tensor, Number slope, std::source_location location) {
    const Expression x = floating(tensor, location);
    const Expression below = x * detail::scalar_of(slope, x.dtype(), location);
    return wrap(detail::select(x > detail::literal(0, x), x, below));
}

Tensor sigmoid(const Tensor& x, std::source_location location) {
    return wrap(logistic(floating(x, location)));
}

Tensor silu(const Tensor& tensor, std::source_location location) {
    const Expression x = floating(tensor, location);
    return wrap(x * logistic(x));
}

Tensor softplus(const Tensor& tensor, std::source_location location) {
    // max(x, 0) + log(1 + exp(-|x|)) never overflows. Written by selects so that the gradient at 0
    // is 1/2.
    const Expression x = floating(tensor, location);
    const Expression zero = detail::literal(0, x);
    const Expression is_positive = x > zero;
    const Expression magnitude = detail::select(is_positive, x, -x);
    return wrap(detail::select(is_positive, x, zero) + detail::log1p(detail::exp(-magnitude)));
}

Tensor gelu(const Tensor& tensor, Gelu form, std::source_location location) {
    const Expression x = floating(tensor, location);
    if (form == Gelu::erf) {
        return wrap(0.5 * x * (detail::erf(x * (1 / std::numbers::sqrt2)) + 1.0));
    }
    const Expression inner = std::sqrt(2 * std::numbers::inv_pi) * (x + 0.044715 * (x * x * x));
    return wrap(0.5 * x * (detail::tanh(inner) + 1.0));
}

}  // namespace latent
