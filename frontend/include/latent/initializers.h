#pragma once

#include <latent/random.h>
#include <latent/tensor.h>

#include <cstdint>
#include <functional>
#include <source_location>

namespace latent::nn {

/// What one application of a layer's weight connects.
struct Fans {
    /// Inputs that a result depends on.
    std::int64_t in = 1;
    /// Results that an input goes into.
    std::int64_t out = 1;
};

/// The first value of a parameter of the given shape and dtype. Any function will do; those below
/// are the known ones.
using Initializer = std::function<Tensor(Key, const Shape&, const Fans&, DType)>;

namespace initializers {

Initializer zeros();
Initializer ones();
Initializer constant(double value);

/// Uniform in [low, high). ValueError unless low <= high.
Initializer uniform(double low, double high,
                    std::source_location location = std::source_location::current());
/// ValueError for a negative deviation, here and below.
Initializer normal(double deviation = 1, double mean = 0,
                   std::source_location location = std::source_location::current());
/// Normal, without what is more than two standard deviations from the mean.
Initializer truncated_normal(double deviation = 1, double mean = 0,
                             std::source_location location = std::source_location::current());

/// Standard deviation sqrt(2 / (in + out)): keeps the scale of activations and of gradients alike.
/// Known after Glorot and after Xavier. Source: https://proceedings.mlr.press/v9/glorot10a.html
Initializer glorot_uniform();
Initializer glorot_normal();
/// Standard deviation sqrt(2 / in): keeps the scale of activations through layers of relu. Known
/// after He and after Kaiming. Source: https://arxiv.org/abs/1502.01852
Initializer he_uniform();
Initializer he_normal();

/// The first dimension by all others is a matrix whose rows or columns, whichever are fewer, are
/// orthogonal and of length `gain`, drawn evenly among all such matrices: a product of random
/// reflections, one for each of the fewer. ShapeError for fewer than two dimensions. Sources:
/// https://arxiv.org/abs/1312.6120, https://doi.org/10.1137/0717034
Initializer orthogonal(double gain = 1,
                       std::source_location location = std::source_location::current());

}  // namespace initializers

}  // namespace latent::nn
