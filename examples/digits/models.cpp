#include "models.h"

#include <cstddef>
#include <cstdint>

#include "dataset.h"

namespace digits {

using latent::Key;
using latent::Tensor;
namespace nn = latent::nn;

namespace {

constexpr std::int64_t image_side = 8;
constexpr std::int64_t pixel_count = image_side * image_side;

/// Keeps the scale of activations through layers of relu.
nn::Linear make_linear(Key key, std::int64_t inputs, std::int64_t outputs) {
    return nn::Linear::make(
        {.inputs = inputs, .outputs = outputs, .weight = nn::initializers::he_normal()}, key);
}

/// 3 x 3, keeps the size of the image.
nn::Conv make_convolution(Key key, std::int64_t inputs, std::int64_t outputs) {
    return nn::Conv::make({.inputs = inputs,
                           .outputs = outputs,
                           .convolution = {.padding = 1},
                           .kernel = nn::initializers::he_normal()},
                          key);
}

}  // namespace

Tensor Mlp::operator()(const Tensor& images) const {
    return output(latent::relu(hidden(images)));
}

Tensor ConvolutionalNetwork::operator()(const Tensor& images) const {
    const Tensor x = images.reshape({-1, 1, image_side, image_side});
    const Tensor pooled = latent::max_pool2d(latent::relu(first(x)));
    const Tensor features = latent::relu(second(pooled));
    return output(features.reshape({images.extent(0), -1}));
}

Mlp make_mlp(Key key) {
    constexpr std::int64_t hidden_units = 128;
    const auto [hidden_key, output_key] = latent::split<2>(key);
    return {.hidden = make_linear(hidden_key, pixel_count, hidden_units),
            .output = make_linear(output_key, hidden_units, class_count)};
}

ConvolutionalNetwork make_convolutional_network(Key key) {
    constexpr std::int64_t first_channels = 16;
    constexpr std::int64_t second_channels = 32;
    const auto [first_key, second_key, output_key] = latent::split<3>(key);
    return {.first = make_convolution(first_key, 1, first_channels),
            .second = make_convolution(second_key, first_channels, second_channels),
            .output = make_linear(output_key, second_channels * pixel_count / 4, class_count)};
}

}  // namespace digits
