#pragma once

#include <latent/layers.h>
#include <latent/tensor.h>

#include <cstdint>
#include <source_location>

/// Cells of recurrent networks: one step of time, from x (..., inputs) and a state to the next
/// state. What a cell remembers is a value that goes in and comes out.
namespace latent::nn {

struct RecurrentOptions {
    std::int64_t inputs = 0;
    /// Elements of the hidden state.
    std::int64_t units = 0;
    Initializer input_weight = initializers::glorot_uniform();
    Initializer recurrent_weight = initializers::glorot_uniform();
    DType dtype = DType::f32;
};

struct LSTMState {
    Tensor hidden;  ///< (..., units); the output of the cell
    Tensor cell;    ///< (..., units)
    void visit(auto&& visitor) { visitor("hidden", hidden, "cell", cell); }
};

/// Long short-term memory. With i, f, g, o = the four parts of input(x) + recurrent(hidden):
/// cell' = sigmoid(f) cell + sigmoid(i) tanh(g), hidden' = sigmoid(o) tanh(cell').
/// Sources: https://doi.org/10.1162/neco.1997.9.8.1735, https://doi.org/10.1162/089976600300015015
struct LSTMCell {
    Linear input;      ///< weight (inputs, 4 units), bias (4 units)
    Linear recurrent;  ///< weight (units, 4 units), no bias

    static LSTMCell make(const RecurrentOptions& options, Key key = next_key(),
                         std::source_location location = std::source_location::current());
    /// Zeros, for a batch.
    LSTMState initial_state(std::int64_t batch,
                            std::source_location location = std::source_location::current()) const;
    LSTMState operator()(const Tensor& x, const LSTMState& state,
                         std::source_location location = std::source_location::current()) const;
    void visit(auto&& visitor) { visitor("input", input, "recurrent", recurrent); }
};

/// Gated recurrent unit. With r, z, n = the three parts of input(x) and r', z', n' those of
/// recurrent(hidden): z = sigmoid(z + z'), hidden' = (1 - z) tanh(n + sigmoid(r + r') n') + z
/// hidden. Source: https://arxiv.org/abs/1406.1078, in the form that multiplies after the
/// projection
struct GRUCell {
    Linear input;      ///< weight (inputs, 3 units), bias (3 units)
    Linear recurrent;  ///< weight (units, 3 units), bias (3 units)

    static GRUCell make(const RecurrentOptions& options, Key key = next_key(),
                        std::source_location location = std::source_location::current());
    /// Zeros (batch, units).
    Tensor initial_state(std::int64_t batch,
                         std::source_location location = std::source_location::current()) const;
    /// The next hidden state.
    Tensor operator()(const Tensor& x, const Tensor& hidden,
                      std::source_location location = std::source_location::current()) const;
    void visit(auto&& visitor) { visitor("input", input, "recurrent", recurrent); }
};

}  // namespace latent::nn
