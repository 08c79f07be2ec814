#include <latent/activations.h>

#include <cmath>
#include <numbers>

#include "frontend/tensor/arguments.h"
#include "passes/differentiation/known_gradients.h"

namespace latent {

namespace {

using detail::composed;
using detail::Expression;
using detail::wrap;

Expression elu(const Expression& x, const Expression& alpha) {
    return detail::select(x > detail::literal(0, x), x, alpha * detail::apply(ir::Op::expm1, x));
}

}  // namespace

Tensor relu(const Tensor& tensor, std::source_location location) {
    const Expression x = detail::as_number(detail::expression(tensor, location));
    const Expression zero = detail::literal(0, x);
    // What is neither positive nor zero nor negative stays: NaN.
    return wrap(detail::select(detail::apply(ir::Op::less_equal, x, zero), zero, x));
}

Tensor leaky_relu(const Tensor& tensor, Number slope, std::source_location location) {
    return composed(tensor, location, [&](const Expression& x) {
        const Expression below = x * detail::scalar_of(slope, x.dtype(), "leaky_relu", location);
        return detail::select(x > detail::literal(0, x), x, below);
    });
}

Tensor elu(const Tensor& tensor, Number alpha, std::source_location location) {
    return composed(tensor, location, [&](const Expression& x) {
        return elu(x, detail::scalar_of(alpha, x.dtype(), "elu", location));
    });
}

Tensor selu(const Tensor& tensor, std::source_location location) {
    // The fixed point of the source, section 2.
    constexpr double alpha = 1.6732632423543772848170429916717;
    constexpr double scale = 1.0507009873554804934193349852946;
    return composed(tensor, location,
                    [](const Expression& x) { return scale * elu(x, detail::literal(alpha, x)); });
}

Tensor sigmoid(const Tensor& tensor, std::source_location location) {
    return composed(tensor, location, [](const Expression& x) { return detail::sigmoid(x); });
}

Tensor log_sigmoid(const Tensor& tensor, std::source_location location) {
    return composed(tensor, location, [](const Expression& x) { return -detail::softplus(-x); });
}

Tensor silu(const Tensor& tensor, std::source_location location) {
    return composed(tensor, location, [](const Expression& x) { return x * detail::sigmoid(x); });
}

Tensor hardswish(const Tensor& tensor, std::source_location location) {
    return composed(tensor, location, [](const Expression& x) {
        const Expression is_inside = detail::apply(ir::Op::less_equal, x, detail::literal(3, x));
        const Expression above = detail::select(is_inside, x * (x + 3.0) * (1.0 / 6), x);
        return detail::select(x < detail::literal(-3, x), detail::literal(0, x), above);
    });
}

Tensor softplus(const Tensor& tensor, std::source_location location) {
    return composed(tensor, location, [](const Expression& x) { return detail::softplus(x); });
}

Tensor mish(const Tensor& tensor, std::source_location location) {
    return composed(tensor, location,
                    [](const Expression& x) { return x * detail::tanh(detail::softplus(x)); });
}

Tensor gelu(const Tensor& tensor, Gelu form, std::source_location location) {
    return composed(tensor, location, [&](const Expression& x) {
        if (form == Gelu::erf) {
            return 0.5 * x * (detail::erf(x * (1 / std::numbers::sqrt2)) + 1.0);
        }
        return x.with(passes::gelu_tanh(x.value(), location));
    });
}

}  // namespace latent
