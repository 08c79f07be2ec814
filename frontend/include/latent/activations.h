#pragma once

#include <latent/tensor.h>

#include <source_location>

/// Activations: elementwise, but for softmax. Floating dtypes; integers and bool are cast to f32.
namespace latent {

/// max(x, 0), with gradient 0 at 0; NaN stays. Of integers it is of their dtype, of bool i64.
Tensor relu(const Tensor& x, std::source_location location = std::source_location::current());
/// x where x > 0, else slope * x.
Tensor leaky_relu(const Tensor& x, Number slope = 0.01,
                  std::source_location location = std::source_location::current());
/// x where x > 0, else alpha * (exp(x) - 1). Source: https://arxiv.org/abs/1511.07289
Tensor elu(const Tensor& x, Number alpha = 1.0,
           std::source_location location = std::source_location::current());
/// ELU scaled so that activations keep mean 0 and variance 1.
/// Source: https://arxiv.org/abs/1706.02515
Tensor selu(const Tensor& x, std::source_location location = std::source_location::current());
/// 1 / (1 + exp(-x)).
Tensor sigmoid(const Tensor& x, std::source_location location = std::source_location::current());
/// log(sigmoid(x)), without overflow on the way.
Tensor log_sigmoid(const Tensor& x,
                   std::source_location location = std::source_location::current());
/// x * sigmoid(x).
Tensor silu(const Tensor& x, std::source_location location = std::source_location::current());
/// x * clip(x + 3, 0, 6) / 6. Source: https://arxiv.org/abs/1905.02244
Tensor hardswish(const Tensor& x, std::source_location location = std::source_location::current());
/// log(1 + exp(x)).
Tensor softplus(const Tensor& x, std::source_location location = std::source_location::current());
/// x * tanh(softplus(x)). Source: https://arxiv.org/abs/1908.08681
Tensor mish(const Tensor& x, std::source_location location = std::source_location::current());

/// How GELU is computed: exactly, x * Phi(x) by the error function, or by its tanh approximation.
enum class Gelu { erf, tanh };
/// Gaussian error linear unit; NaN at -infinity. Source: https://arxiv.org/abs/1606.08415
Tensor gelu(const Tensor& x, Gelu form = Gelu::erf,
            std::source_location location = std::source_location::current());

/// exp(x) / sum(exp(x)) along an axis, without overflow on the way.
Tensor softmax(const Tensor& x, int axis = -1,
               std::source_location location = std::source_location::current());
/// log(softmax(x)).
Tensor log_softmax(const Tensor& x, int axis = -1,
                   std::source_location location = std::source_location::current());

}  // namespace latent
