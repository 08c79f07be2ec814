#include <latent/activations.h>
#include <latent/creation.h>
#include <latent/elementwise.h>
#include <latent/manipulation.h>
#include <latent/recurrent.h>

#include <fmt/format.h>

#include "frontend/nn/parameter.h"
#include "frontend/tensor/arguments.h"

namespace latent::nn {

namespace {

/// The projection of `inputs` elements to `gates` parts of `options.units` each.
Linear projection(const RecurrentOptions& options, std::int64_t inputs, std::int64_t gates,
                  const Initializer& weight, bool has_bias, Key key,
                  const std::source_location& location) {
    // Each part is a matrix of its own to the initialiser.
    const Initializer parts = [&](Key part_key, const Shape& shape, const Fans&, DType dtype) {
        const Fans fans{shape[0], options.units};
        std::vector<Tensor> blocks;
        for (const Key block_key : split(part_key, static_cast<std::size_t>(gates))) {
            blocks.push_back(weight(block_key, {fans.in, fans.out}, fans, dtype));
        }
        return concat(blocks, 1, location);
    };
    return Linear::make({.inputs = inputs,
                         .outputs = gates * options.units,
                         .has_bias = has_bias,
                         .weight = parts,
                         .dtype = options.dtype},
                        key, location);
}

void check(const RecurrentOptions& options, std::string_view layer,
           const std::source_location& location) {
    detail::require_positive(options.inputs, "inputs", layer, location);
    detail::require_positive(options.units, "units", layer, location);
}

Tensor zero_state(const Linear& recurrent, std::int64_t batch, std::string_view layer,
                  const std::source_location& location) {
    detail::require_positive(batch, "batch", layer, location);
    return zeros({batch, recurrent.weight.extent(0, location)}, {.dtype = recurrent.weight.dtype()},
                 location);
}

}  // namespace

LSTMCell LSTMCell::make(const RecurrentOptions& options, Key key, std::source_location location) {
    constexpr std::int64_t gates = 4;
    check(options, "LSTMCell", location);
    const auto [input_key, recurrent_key] = split<2>(key);
    return {.input = projection(options, options.inputs, gates, options.input_weight, true,
                                input_key, location),
            .recurrent = projection(options, options.units, gates, options.recurrent_weight, false,
                                    recurrent_key, location)};
}

LSTMState LSTMCell::initial_state(std::int64_t batch, std::source_location location) const {
    const Tensor zero = zero_state(recurrent, batch, "LSTMCell", location);
    return {.hidden = zero, .cell = zero};
}

LSTMState LSTMCell::operator()(const Tensor& x, const LSTMState& state,
                               std::source_location location) const {
    const std::vector<Tensor> gates =
        split(input(x, location) + recurrent(state.hidden, location), 4, -1, location);
    const Tensor kept = sigmoid(gates[1], location) * state.cell;
    const Tensor added = sigmoid(gates[0], location) * tanh(gates[2], location);
    const Tensor cell = kept + added;
    return {.hidden = sigmoid(gates[3], location) * tanh(cell, location), .cell = cell};
}

GRUCell GRUCell::make(const RecurrentOptions& options, Key key, std::source_location location) {
    constexpr std::int64_t gates = 3;
    check(options, "GRUCell", location);
    const auto [input_key, recurrent_key] = split<2>(key);
    return {.input = projection(options, options.inputs, gates, options.input_weight, true,
                                input_key, location),
            .recurrent = projection(options, options.units, gates, options.recurrent_weight, true,
                                    recurrent_key, location)};
}

Tensor GRUCell::initial_state(std::int64_t batch, std::source_location location) const {
    return zero_state(recurrent, batch, "GRUCell", location);
}

Tensor GRUCell::operator()(const Tensor& x, const Tensor& hidden,
                           std::source_location location) const {
    const std::vector<Tensor> from_input = split(input(x, location), 3, -1, location);
    const std::vector<Tensor> from_state = split(recurrent(hidden, location), 3, -1, location);
    const Tensor reset = sigmoid(from_input[0] + from_state[0], location);
    const Tensor kept = sigmoid(from_input[1] + from_state[1], location);
    const Tensor candidate = tanh(from_input[2] + reset * from_state[2], location);
    return candidate + kept * (hidden - candidate);
}

}  // namespace latent::nn
