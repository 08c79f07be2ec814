#include <latent/indexing.h>
#include <latent/layers.h>
#include <latent/linalg.h>

#include <fmt/format.h>

#include "frontend/nn/parameter.h"
#include "frontend/tensor/arguments.h"

namespace latent::nn {

using detail::initial_parameter;
using detail::require_positive;

Linear Linear::make(const LinearOptions& options, Key key, std::source_location location) {
    constexpr std::string_view layer = "Linear";
    require_positive(options.inputs, "inputs", layer, location);
    require_positive(options.outputs, "outputs", layer, location);
    const Fans fans{options.inputs, options.outputs};
    const auto [weight_key, bias_key] = split<2>(key);
    Linear linear{.weight = initial_parameter(options.weight, weight_key, {fans.in, fans.out}, fans,
                                              options.dtype, layer, location),
                  .bias = std::nullopt};
    if (options.has_bias) {
        linear.bias = initial_parameter(options.bias, bias_key, {fans.out}, fans, options.dtype,
                                        layer, location);
    }
    return linear;
}

Tensor Linear::operator()(const Tensor& x, std::source_location location) const {
    const Tensor product = matmul(x, weight, location);
    return bias ? product + Operand(*bias, location) : product;
}

Conv Conv::make(const ConvOptions& options, Key key, std::source_location location) {
    constexpr std::string_view layer = "Conv";
    constexpr std::size_t most_dimensions = 3;
    const std::int64_t groups = options.convolution.groups;
    require_positive(options.inputs, "inputs", layer, location);
    require_positive(options.outputs, "outputs", layer, location);
    require_positive(groups, "groups", layer, location);
    if (options.inputs % groups != 0 || options.outputs % groups != 0) {
        ir::raise<ValueError>(
            location, fmt::format("{}: {} inputs and {} outputs do not make {} equal groups", layer,
                                  options.inputs, options.outputs, groups));
    }
    if (options.size.empty() || options.size.size() > most_dimensions) {
        ir::raise<ValueError>(
            location, fmt::format("{}: size has {} numbers, for 1 to 3 spatial dimensions", layer,
                                  options.size.size()));
    }
    Shape shape{options.outputs, options.inputs / groups};
    std::int64_t taps = 1;
    for (const std::int64_t size : options.size) {
        require_positive(size, "size", layer, location);
        shape.push_back(size);
        taps *= size;
    }
    const Fans fans{taps * options.inputs / groups, taps * options.outputs / groups};
    const auto [kernel_key, bias_key] = split<2>(key);
    Conv conv{.kernel = initial_parameter(options.kernel, kernel_key, shape, fans, options.dtype,
                                          layer, location),
              .bias = std::nullopt,
              .options = options.convolution};
    if (options.has_bias) {
        conv.bias = initial_parameter(options.bias, bias_key, {options.outputs}, fans,
                                      options.dtype, layer, location);
    }
    return conv;
}

Tensor Conv::operator()(const Tensor& x, std::source_location location) const {
    constexpr int leading_dimensions = 2;
    const int dimensions = kernel.rank() - leading_dimensions;
    const auto convolve = dimensions == 1 ? conv1d : dimensions == 2 ? conv2d : conv3d;
    Tensor product = convolve(x, kernel, options, location);
    if (!bias) {
        return product;
    }
    Shape shape{bias->numel()};
    for (int i = 0; i < dimensions; ++i) {
        shape.push_back(1);
    }
    return product + Operand(bias->reshape(shape, location), location);
}

Embedding Embedding::make(const EmbeddingOptions& options, Key key, std::source_location location) {
    constexpr std::string_view layer = "Embedding";
    require_positive(options.rows, "rows", layer, location);
    require_positive(options.width, "width", layer, location);
    const Fans fans{options.rows, options.width};
    return {.table = initial_parameter(options.table, key, {options.rows, options.width}, fans,
                                       options.dtype, layer, location)};
}

Tensor Embedding::operator()(const Tensor& indices, std::source_location location) const {
    return embedding(table, indices, location);
}

Tensor Dropout::operator()(const Tensor& x, Mode mode, Key key,
                           std::source_location location) const {
    return mode == Mode::train ? dropout(key, x, probability, location) : x;
}

}  // namespace latent::nn
