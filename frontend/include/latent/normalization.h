#pragma once

#include <latent/tensor.h>

#include <cstdint>
#include <source_location>

/// Normalisations: values less their mean, divided by their standard deviation. Floating dtypes;
/// integers and bool are cast to f32. Where channels have a weight, they are the second dimension:
/// (batch, channels, spatial dimensions ...). ShapeError where a weight does not fit.
namespace latent {

/// (x - mean) / sqrt(variance + epsilon) * gamma + beta over the last axis; gamma and beta have its
/// extent. Source: https://arxiv.org/abs/1607.06450
Tensor layer_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon = 1e-5,
                  std::source_location location = std::source_location::current());
/// x / sqrt(mean(x^2) + epsilon) * gamma over the last axis. Source:
/// https://arxiv.org/abs/1910.07467
Tensor rms_norm(const Tensor& x, const Tensor& gamma, double epsilon = 1e-5,
                std::source_location location = std::source_location::current());

/// As layer_norm, but over the channels of a group and their spatial dimensions; gamma and beta
/// have one element a channel. ShapeError where `groups` does not divide the channels. Source:
/// https://arxiv.org/abs/1803.08494
Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& gamma, const Tensor& beta,
                  double epsilon = 1e-5,
                  std::source_location location = std::source_location::current());
/// Each channel of each example for itself, over its spatial dimensions.
/// Source: https://arxiv.org/abs/1607.08022
Tensor instance_norm(const Tensor& x, double epsilon = 1e-5,
                     std::source_location location = std::source_location::current());
/// The same, times gamma plus beta, which have one element a channel.
Tensor instance_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                     double epsilon = 1e-5,
                     std::source_location location = std::source_location::current());

/// Mean and variance of each channel: two tensors (channels).
struct ChannelStatistics {
    Tensor mean;
    Tensor variance;
    void visit(auto&& visitor) { visitor("mean", mean, "variance", variance); }
};

/// (x - mean) / sqrt(variance + epsilon) * gamma + beta with statistics that are known, as in
/// inference; all four have one element a channel. Source: https://arxiv.org/abs/1502.03167
Tensor batch_norm(const Tensor& x, const ChannelStatistics& statistics, const Tensor& gamma,
                  const Tensor& beta, double epsilon = 1e-5,
                  std::source_location location = std::source_location::current());

struct BatchNormOptions {
    /// How much of the running statistics is replaced by those of a batch.
    double momentum = 0.1;
    double epsilon = 1e-5;
};
/// A batch normalised by its own statistics, and the running statistics after it.
struct NormalizedBatch {
    Tensor output;
    ChannelStatistics running;
    void visit(auto&& visitor) { visitor("output", output, "running", running); }
};
/// Batch normalisation in training: by mean and variance of the batch, through which gradients
/// flow. The running statistics, which take the unbiased variance, are without gradient.
NormalizedBatch batch_norm_training(
    const Tensor& x, const ChannelStatistics& running, const Tensor& gamma, const Tensor& beta,
    const BatchNormOptions& options = {},
    std::source_location location = std::source_location::current());

}  // namespace latent
