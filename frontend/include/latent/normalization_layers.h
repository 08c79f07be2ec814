#pragma once

#include <latent/layers.h>
#include <latent/normalization.h>
#include <latent/tensor.h>

#include <cstdint>
#include <source_location>

/// Normalisations with their weights: gamma, which begins as ones, and beta, which begins as zeros.
/// `make` throws ValueError for a size that is not positive.
namespace latent::nn {

struct NormOptions {
    /// Added to the variance.
    double epsilon = 1e-5;
    DType dtype = DType::f32;
};

/// `layer_norm` over the last axis.
struct LayerNorm {
    Tensor gamma;  ///< (width)
    Tensor beta;   ///< (width)
    double epsilon = 1e-5;

    static LayerNorm make(std::int64_t width, const NormOptions& options = {},
                          std::source_location location = std::source_location::current());
    Tensor operator()(const Tensor& x,
                      std::source_location location = std::source_location::current()) const;
    void visit(auto&& visitor) { visitor("gamma", gamma, "beta", beta); }
};

/// `rms_norm` over the last axis.
struct RMSNorm {
    Tensor gamma;  ///< (width)
    double epsilon = 1e-5;

    static RMSNorm make(std::int64_t width, const NormOptions& options = {},
                        std::source_location location = std::source_location::current());
    Tensor operator()(const Tensor& x,
                      std::source_location location = std::source_location::current()) const;
    void visit(auto&& visitor) { visitor("gamma", gamma); }
};

/// `group_norm` of images (n, channels, ...).
struct GroupNorm {
    Tensor gamma;  ///< (channels)
    Tensor beta;   ///< (channels)
    std::int64_t groups = 1;
    double epsilon = 1e-5;

    /// ValueError where `groups` does not divide the channels.
    static GroupNorm make(std::int64_t channels, std::int64_t groups,
                          const NormOptions& options = {},
                          std::source_location location = std::source_location::current());
    Tensor operator()(const Tensor& x,
                      std::source_location location = std::source_location::current()) const;
    void visit(auto&& visitor) { visitor("gamma", gamma, "beta", beta); }
};

/// Batch normalisation of (n, channels, ...). Its running statistics are no parameters but state,
/// which goes in and comes out.
struct BatchNorm {
    Tensor gamma;  ///< (channels)
    Tensor beta;   ///< (channels)
    BatchNormOptions options;

    static BatchNorm make(std::int64_t channels, const BatchNormOptions& options = {},
                          DType dtype = DType::f32,
                          std::source_location location = std::source_location::current());
    /// Mean 0 and variance 1: the running statistics before the first batch.
    ChannelStatistics initial_statistics(
        std::source_location location = std::source_location::current()) const;
    /// In training by the statistics of the batch (`batch_norm_training`); in evaluation by the
    /// running ones (`batch_norm`), which come out as they went in.
    NormalizedBatch operator()(
        const Tensor& x, const ChannelStatistics& running, Mode mode,
        std::source_location location = std::source_location::current()) const;
    void visit(auto&& visitor) { visitor("gamma", gamma, "beta", beta); }
};

}  // namespace latent::nn
