#pragma once

#include <latent/tensor.h>

#include <source_location>

/// Activations, normalisations and losses, composed of the elementary operations. Floating dtypes;
/// integers and bool are cast to f32.
namespace latent {

/// max(x, 0), with gradient 0 at 0.
Tensor relu(const Tensor& x, std::source_location location = std::source_location::current());
Tensor leaky_relu(const Tensor& x, Number slope = 0.01,
                  std::source_location location = std::source_location::current());
/// 1 / (1 + exp(-x)).
Tensor sigmoid(const Tensor& x, std::source_location location = std::source_location::current());
/// x * sigmoid(x).
Tensor silu(const Tensor& x, std::source_location location = std::source_location::current());
/// log(1 + exp(x)).
Tensor softplus(const Tensor& x, std::source_location location = std::source_location::current());

/// How GELU is computed: exactly, x * Phi(x) by the error function, or by its tanh approximation.
enum class Gelu { erf, tanh };
/// Gaussian error linear unit. Source: https://arxiv.org/abs/1606.08415
Tensor gelu(const Tensor& x, Gelu form = Gelu::erf,
            std::source_location location = std::source_location::current());

/// exp(x) / sum(exp(x)) along an axis, without overflow on the way.
Tensor softmax(const Tensor& x, int axis = -1,
               std::source_location location = std::source_location::current());
/// log(softmax(x)).
Tensor log_softmax(const Tensor& x, int axis = -1,
                   std::source_location location = std::source_location::current());

/// (x - mean) / sqrt(variance + epsilon) * gamma + beta over the last axis; gamma and beta have its
/// extent. Source: https://arxiv.org/abs/1607.06450
Tensor layer_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon = 1e-5,
                  std::source_location location = std::source_location::current());
/// x / sqrt(mean(x^2) + epsilon) * gamma over the last axis. Source:
/// https://arxiv.org/abs/1910.07467
Tensor rms_norm(const Tensor& x, const Tensor& gamma, double epsilon = 1e-5,
                std::source_location location = std::source_location::current());

/// What becomes of the losses of single examples.
enum class Reduction { none, mean, sum };
/// -log(softmax(logits)[label]) of logits (..., classes) and integer labels (...). A label outside
/// [0, classes) selects nothing: its loss is logsumexp(logits).
Tensor cross_entropy(const Tensor& logits, const Tensor& labels,
                     Reduction reduction = Reduction::mean,
                     std::source_location location = std::source_location::current());
/// (prediction - target)^2.
Tensor mse_loss(const Tensor& prediction, const Tensor& target,
                Reduction reduction = Reduction::mean,
                std::source_location location = std::source_location::current());

}  // namespace latent
