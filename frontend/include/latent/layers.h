#pragma once

#include <latent/convolution.h>
#include <latent/initializers.h>
#include <latent/random.h>
#include <latent/tensor.h>

#include <cstdint>
#include <optional>
#include <source_location>

/// Layers: plain structs of parameters, which `make` initialises and a call applies. A layer is a
/// value: an optimiser gives another one. Its parameters are leaves of differentiation. `make`
/// takes the key of the initial values, by default the next one of the default generator, and
/// throws ValueError for a size that is not positive.
namespace latent::nn {

/// What a model is applied for. Layers that differ between the two take it as an argument.
enum class Mode { train, eval };

struct LinearOptions {
    std::int64_t inputs = 0;
    std::int64_t outputs = 0;
    bool has_bias = true;
    Initializer weight = initializers::glorot_uniform();
    Initializer bias = initializers::zeros();
    DType dtype = DType::f32;
};

/// x weight + bias: (..., inputs) to (..., outputs).
struct Linear {
    Tensor weight;               ///< (inputs, outputs)
    std::optional<Tensor> bias;  ///< (outputs)

    static Linear make(const LinearOptions& options, Key key = next_key(),
                       std::source_location location = std::source_location::current());
    Tensor operator()(const Tensor& x,
                      std::source_location location = std::source_location::current()) const;
    void visit(auto&& visitor) { visitor("weight", weight, "bias", bias); }
};

struct ConvOptions {
    /// Channels.
    std::int64_t inputs = 0;
    std::int64_t outputs = 0;
    /// Of the kernel along each spatial dimension; their number, 1 to 3, is that of the dimensions.
    Sizes size = {3, 3};
    /// Stride, padding, dilation, groups.
    ConvolutionOptions convolution = {};
    bool has_bias = true;
    Initializer kernel = initializers::glorot_uniform();
    Initializer bias = initializers::zeros();
    DType dtype = DType::f32;
};

/// Convolution along one to three spatial dimensions (conv1d, conv2d, conv3d) and a bias: (n,
/// inputs, spatial dimensions ...) to (n, outputs, ...).
struct Conv {
    Tensor kernel;               ///< (outputs, inputs / groups, size ...)
    std::optional<Tensor> bias;  ///< (outputs)
    ConvolutionOptions options;

    /// ValueError where `groups` does not divide inputs and outputs.
    static Conv make(const ConvOptions& options, Key key = next_key(),
                     std::source_location location = std::source_location::current());
    Tensor operator()(const Tensor& x,
                      std::source_location location = std::source_location::current()) const;
    void visit(auto&& visitor) { visitor("kernel", kernel, "bias", bias); }
};

struct EmbeddingOptions {
    std::int64_t rows = 0;
    /// Elements of a row.
    std::int64_t width = 0;
    Initializer table = initializers::normal();
    DType dtype = DType::f32;
};

/// Rows of a table: integers (...) to (..., width).
struct Embedding {
    Tensor table;  ///< (rows, width)

    static Embedding make(const EmbeddingOptions& options, Key key = next_key(),
                          std::source_location location = std::source_location::current());
    Tensor operator()(const Tensor& indices,
                      std::source_location location = std::source_location::current()) const;
    void visit(auto&& visitor) { visitor("table", table); }
};

/// `dropout` in training; in evaluation `x` itself. Another key at each step is another draw.
struct Dropout {
    double probability = 0.5;

    Tensor operator()(const Tensor& x, Mode mode, Key key,
                      std::source_location location = std::source_location::current()) const;
    void visit(auto&& visitor) { visitor(); }
};

}  // namespace latent::nn
