#include <latent/creation.h>
#include <latent/normalization_layers.h>

#include <fmt/format.h>

#include "frontend/nn/parameter.h"
#include "frontend/tensor/arguments.h"

namespace latent::nn {

namespace {

Tensor ones_parameter(std::int64_t size, DType dtype, std::string_view layer,
                      const std::source_location& location) {
    detail::require_floating(dtype, layer, location);
    return ones({size}, {.requires_grad = true, .dtype = dtype}, location);
}

Tensor zeros_parameter(std::int64_t size, DType dtype, const std::source_location& location) {
    return zeros({size}, {.requires_grad = true, .dtype = dtype}, location);
}

}  // namespace

LayerNorm LayerNorm::make(std::int64_t width, const NormOptions& options,
                          std::source_location location) {
    detail::require_positive(width, "width", "LayerNorm", location);
    return {.gamma = ones_parameter(width, options.dtype, "LayerNorm", location),
            .beta = zeros_parameter(width, options.dtype, location),
            .epsilon = options.epsilon};
}

Tensor LayerNorm::operator()(const Tensor& x, std::source_location location) const {
    return layer_norm(x, gamma, beta, epsilon, location);
}

RMSNorm RMSNorm::make(std::int64_t width, const NormOptions& options,
                      std::source_location location) {
    detail::require_positive(width, "width", "RMSNorm", location);
    return {.gamma = ones_parameter(width, options.dtype, "RMSNorm", location),
            .epsilon = options.epsilon};
}

Tensor RMSNorm::operator()(const Tensor& x, std::source_location location) const {
    return rms_norm(x, gamma, epsilon, location);
}

GroupNorm GroupNorm::make(std::int64_t channels, std::int64_t groups, const NormOptions& options,
                          std::source_location location) {
    detail::require_positive(channels, "channels", "GroupNorm", location);
    detail::require_positive(groups, "groups", "GroupNorm", location);
    if (channels % groups != 0) {
        ir::raise<ValueError>(
            location,
            fmt::format("GroupNorm: {} channels do not make {} equal groups", channels, groups));
    }
    return {.gamma = ones_parameter(channels, options.dtype, "GroupNorm", location),
            .beta = zeros_parameter(channels, options.dtype, location),
            .groups = groups,
            .epsilon = options.epsilon};
}

Tensor GroupNorm::operator()(const Tensor& x, std::source_location location) const {
    return group_norm(x, groups, gamma, beta, epsilon, location);
}

BatchNorm BatchNorm::make(std::int64_t channels, const BatchNormOptions& options, DType dtype,
                          std::source_location location) {
    detail::require_positive(channels, "channels", "BatchNorm", location);
    return {.gamma = ones_parameter(channels, dtype, "BatchNorm", location),
            .beta = zeros_parameter(channels, dtype, location),
            .options = options};
}

ChannelStatistics BatchNorm::initial_statistics(std::source_location location) const {
    return {.mean = zeros_like(gamma, location), .variance = ones_like(gamma, location)};
}

NormalizedBatch BatchNorm::operator()(const Tensor& x, const ChannelStatistics& running, Mode mode,
                                      std::source_location location) const {
    if (mode == Mode::train) {
        return batch_norm_training(x, running, gamma, beta, options, location);
    }
    return {.output = batch_norm(x, running, gamma, beta, options.epsilon, location),
            .running = running};
}

}  // namespace latent::nn
