#pragma once

#include <latent/latent.h>

#include <cstddef>

/// Models are plain structs of tensors. `visit` names the parameters, so that optimisers, `eval`
/// and `value_and_grad` find them; calling the model builds the expression of its logits.
namespace digits {

/// x (n, in) to x weight + bias (n, out).
struct Dense {
    latent::Tensor weight;  ///< (in, out)
    latent::Tensor bias;    ///< (out)

    latent::Tensor operator()(const latent::Tensor& x) const;
    void visit(auto&& visitor) { visitor(weight, bias); }
};

/// 3 x 3 convolution that keeps the size of the image: (n, in, h, w) to (n, out, h, w).
struct Convolution {
    latent::Tensor kernel;  ///< (out, in, 3, 3)
    latent::Tensor bias;    ///< (out, 1, 1)

    latent::Tensor operator()(const latent::Tensor& x) const;
    void visit(auto&& visitor) { visitor(kernel, bias); }
};

/// 64 pixels -> 128 hidden units -> 10 digits.
struct Mlp {
    Dense hidden;
    Dense output;

    /// Images (n, 64) to logits (n, 10).
    latent::Tensor operator()(const latent::Tensor& images) const;
    void visit(auto&& visitor) { visitor(hidden, output); }
};

/// conv -> relu -> pool -> conv -> relu -> dense, with 16 and 32 channels.
struct ConvolutionalNetwork {
    Convolution first;
    Convolution second;
    Dense output;

    /// Images (n, 64) to logits (n, 10).
    latent::Tensor operator()(const latent::Tensor& images) const;
    void visit(auto&& visitor) { visitor(first, second, output); }
};

Mlp make_mlp(latent::Key key);
ConvolutionalNetwork make_convolutional_network(latent::Key key);

}  // namespace digits
