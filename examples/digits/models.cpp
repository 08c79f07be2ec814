#include "models.h"

#include <cmath>

#include "dataset.h"

namespace digits {

using latent::Key;
using latent::Shape;
using latent::Tensor;

namespace {

constexpr std::size_t image_side = 8;
constexpr std::size_t pixel_count = image_side * image_side;

/// Normal with variance 2 / fan_in, which keeps the scale of activations through layers of relu.
/// Source: https://arxiv.org/abs/1502.01852
Tensor he_normal(Key key, const Shape& shape, std::size_t fan_in) {
    return latent::leaf(latent::normal(key, shape) * std::sqrt(2.0 / static_cast<double>(fan_in)));
}

Dense make_dense(Key key, std::size_t inputs, std::size_t outputs) {
    return {.weight = he_normal(key, {inputs, outputs}, inputs),
            .bias = latent::zeros({outputs}, {.requires_grad = true})};
}

Convolution make_convolution(Key key, std::size_t inputs, std::size_t outputs) {
    return {.kernel = he_normal(key, {outputs, inputs, 3, 3}, inputs * 3 * 3),
            .bias = latent::zeros({outputs, 1, 1}, {.requires_grad = true})};
}

}  // namespace

Tensor Dense::operator()(const Tensor& x) const {
    return latent::matmul(x, weight) + bias;
}

Tensor Convolution::operator()(const Tensor& x) const {
    return latent::conv2d(x, kernel, {.padding = 1}) + bias;
}

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
    constexpr std::size_t hidden_units = 128;
    const auto [hidden_key, output_key] = latent::split<2>(key);
    return {.hidden = make_dense(hidden_key, pixel_count, hidden_units),
            .output = make_dense(output_key, hidden_units, class_count)};
}

ConvolutionalNetwork make_convolutional_network(Key key) {
    constexpr std::size_t first_channels = 16;
    constexpr std::size_t second_channels = 32;
    const auto [first_key, second_key, output_key] = latent::split<3>(key);
    return {.first = make_convolution(first_key, 1, first_channels),
            .second = make_convolution(second_key, first_channels, second_channels),
            .output = make_dense(output_key, second_channels * pixel_count / 4, class_count)};
}

}  // namespace digits
