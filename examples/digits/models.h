#pragma once

#include <latent/latent.h>

/// Models are plain structs of layers. `visit` names them, so that optimisers, `eval` and
/// `value_and_grad` find the parameters; calling the model builds the expression of its logits.
namespace digits {

/// 64 pixels -> 128 hidden units -> 10 digits.
struct Mlp {
    latent::nn::Linear hidden;
    latent::nn::Linear output;

    /// Images (n, 64) to logits (n, 10).
    latent::Tensor operator()(const latent::Tensor& images) const;
    void visit(auto&& visitor) { visitor("hidden", hidden, "output", output); }
};

/// conv -> relu -> pool -> conv -> relu -> dense, with 16 and 32 channels.
struct ConvolutionalNetwork {
    latent::nn::Conv first;
    latent::nn::Conv second;
    latent::nn::Linear output;

    /// Images (n, 64) to logits (n, 10).
    latent::Tensor operator()(const latent::Tensor& images) const;
    void visit(auto&& visitor) { visitor("first", first, "second", second, "output", output); }
};

Mlp make_mlp(latent::Key key);
ConvolutionalNetwork make_convolutional_network(latent::Key key);

}  // namespace digits
