#pragma once

#include <latent/tensor.h>

#include <source_location>

/// Losses. Floating dtypes; integers and bool are cast to f32. Predictions and targets broadcast
/// where nothing else is said; ShapeError where they do not.
namespace latent {

/// What becomes of the losses of single elements.
enum class Reduction {
    none,
    mean,
    sum,
    batch_mean,  ///< the sum divided by the extent of the first dimension
};

/// -log(softmax(logits)[label]) of logits (..., classes) and integer labels (...). A label outside
/// [0, classes) selects nothing: its loss is logsumexp(logits).
Tensor cross_entropy(const Tensor& logits, const Tensor& labels,
                     Reduction reduction = Reduction::mean,
                     std::source_location location = std::source_location::current());
/// -target * log(p) - (1 - target) * log(1 - p) with p = sigmoid(logits), without overflow on the
/// way; targets in [0, 1].
Tensor binary_cross_entropy_with_logits(
    const Tensor& logits, const Tensor& target, Reduction reduction = Reduction::mean,
    std::source_location location = std::source_location::current());

/// (prediction - target)^2.
Tensor mse_loss(const Tensor& prediction, const Tensor& target,
                Reduction reduction = Reduction::mean,
                std::source_location location = std::source_location::current());
/// |prediction - target|, with gradient 0 where they are equal.
Tensor l1_loss(const Tensor& prediction, const Tensor& target,
               Reduction reduction = Reduction::mean,
               std::source_location location = std::source_location::current());
/// d^2 / 2 where |d| <= delta, else delta * (|d| - delta / 2), with d = prediction - target.
/// ValueError unless delta > 0. Source: https://doi.org/10.1214/aoms/1177703732
Tensor huber_loss(const Tensor& prediction, const Tensor& target, double delta = 1,
                  Reduction reduction = Reduction::mean,
                  std::source_location location = std::source_location::current());
/// d^2 / (2 beta) where |d| <= beta, else |d| - beta / 2: the Huber loss divided by beta.
/// ValueError unless beta > 0. Source: https://arxiv.org/abs/1504.08083
Tensor smooth_l1_loss(const Tensor& prediction, const Tensor& target, double beta = 1,
                      Reduction reduction = Reduction::mean,
                      std::source_location location = std::source_location::current());

/// The Kullback-Leibler divergence target * (log(target) - log_prediction) of probabilities from
/// predictions that are given as logarithms; 0 where the target is 0.
Tensor kl_div(const Tensor& log_prediction, const Tensor& target,
              Reduction reduction = Reduction::mean,
              std::source_location location = std::source_location::current());

/// The cosine of the angle between vectors along an axis: sum(a * b) / (|a| * |b|), where a length
/// counts as at least epsilon. The axis is gone from the result.
Tensor cosine_similarity(const Tensor& a, const Tensor& b, int axis = -1, double epsilon = 1e-8,
                         std::source_location location = std::source_location::current());

}  // namespace latent
