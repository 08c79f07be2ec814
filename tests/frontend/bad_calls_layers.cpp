#include "tests/frontend/bad_calls.h"

namespace latent::test {

namespace {

/// An update that lacks a gradient, one with a gradient of another shape, one with one of another
/// dtype, and one with a state for fewer parameters.
template <typename Optimizer>
void check_optimizer(Refusals& refusals, const std::string& name, const Optimizer& optimizer,
                     const std::string& state_name) {
    const std::vector<Tensor> parameters{leaf(zeros({2})), leaf(zeros({3}))};
    const std::vector<Tensor> one{zeros({2})};
    const std::vector<Tensor> misshapen{zeros({2}), zeros({2})};
    const std::vector<Tensor> wide{zeros({2}), zeros({3}, {.dtype = DType::f64})};
    const auto state = optimizer.init(parameters);
    const auto short_state = optimizer.init(one);
    const auto refuse = [&]<typename E>(const auto& call, const std::string& words) {
        INFO(name);
        const std::string message = message_of<E>(call);
        INFO(message);
        CHECK(message.find("update: " + words) == 0);
        CHECK(message.find("(bad_calls_layers.cpp:") != std::string::npos);
    };
    refuse.template operator()<ShapeError>([&] { optimizer.update(parameters, one, state); },
                                           "1 gradients given for 2 parameters");
    refuse.template operator()<ShapeError>([&] { optimizer.update(parameters, misshapen, state); },
                                           "gradient 1 has shape [2], its parameter [3]");
    refuse.template operator()<TypeError>([&] { optimizer.update(parameters, wide, state); },
                                          "gradient 1 has dtype f64, its parameter f32");
    if (!state_name.empty()) {
        refuse.template operator()<ShapeError>(
            [&] { optimizer.update(parameters, parameters, short_state); },
            "1 " + state_name + " given for 2 parameters");
    }
    const std::vector<Tensor> undefined{zeros({2}), Tensor()};
    refusals.check_undefined(
        {{__LINE__, name, [&] { optimizer.update(parameters, undefined, state); }, ""}});
}

}  // namespace

void check_layer_calls(Refusals& refusals) {
    const Tensor none;
    const Tensor x = zeros({2, 3});
    const auto wrong = [](Key, const Shape&, const nn::Fans&, DType) { return zeros({7}); };
    const auto lstm = nn::LSTMCell::make({.inputs = 3, .units = 2});
    const auto gru = nn::GRUCell::make({.inputs = 3, .units = 2});
    const auto attention = nn::MultiHeadAttention::make({.width = 4, .heads = 2});
    refusals.check<ValueError>({
        {__LINE__, "Linear", [&] { nn::Linear::make({.inputs = 0, .outputs = 3}); },
         "inputs must be at least 1, got 0"},
        {__LINE__, "Linear", [&] { nn::Linear::make({.inputs = 3, .outputs = -1}); },
         "outputs must be at least 1, got -1"},
        {__LINE__, "Conv", [&] { nn::Conv::make({.inputs = 0, .outputs = 3}); },
         "inputs must be at least 1, got 0"},
        {__LINE__, "Conv", [&] { nn::Conv::make({.inputs = 1, .outputs = 1, .size = {0}}); },
         "size must be at least 1, got 0"},
        {__LINE__, "Conv",
         [&] { nn::Conv::make({.inputs = 1, .outputs = 1, .size = {1, 1, 1, 1}}); },
         "size has 4 numbers, for 1 to 3 spatial dimensions"},
        {__LINE__, "Conv",
         [&] { nn::Conv::make({.inputs = 3, .outputs = 4, .convolution = {.groups = 2}}); },
         "3 inputs and 4 outputs do not make 2 equal groups"},
        {__LINE__, "Embedding", [&] { nn::Embedding::make({.rows = 0, .width = 3}); },
         "rows must be at least 1, got 0"},
        {__LINE__, "LayerNorm", [&] { nn::LayerNorm::make(0); }, "width must be at least 1, got 0"},
        {__LINE__, "RMSNorm", [&] { nn::RMSNorm::make(0); }, "width must be at least 1, got 0"},
        {__LINE__, "GroupNorm", [&] { nn::GroupNorm::make(4, 3); },
         "4 channels do not make 3 equal groups"},
        {__LINE__, "GroupNorm", [&] { nn::GroupNorm::make(4, 0); },
         "groups must be at least 1, got 0"},
        {__LINE__, "BatchNorm", [&] { nn::BatchNorm::make(0); },
         "channels must be at least 1, got 0"},
        {__LINE__, "LSTMCell", [&] { nn::LSTMCell::make({.inputs = 0, .units = 2}); },
         "inputs must be at least 1, got 0"},
        {__LINE__, "LSTMCell", [&] { lstm.initial_state(0); }, "batch must be at least 1, got 0"},
        {__LINE__, "GRUCell", [&] { nn::GRUCell::make({.inputs = 2, .units = 0}); },
         "units must be at least 1, got 0"},
        {__LINE__, "GRUCell", [&] { gru.initial_state(-1); }, "batch must be at least 1, got -1"},
        {__LINE__, "MultiHeadAttention",
         [&] { nn::MultiHeadAttention::make({.width = 4, .heads = 3}); },
         "3 heads do not divide a width of 4"},
        {__LINE__, "dropout", [&] { nn::Dropout{1.5}(x, nn::Mode::train, Key(1)); },
         "1.5 is no probability"},
        {__LINE__, "clip_by_global_norm", [&] { optim::clip_by_global_norm(x, 0); },
         "the limit must be positive, got 0"},
        {__LINE__, "clip_by_value", [&] { optim::clip_by_value(x, not_a_number); },
         "the limit must be positive, got nan"},
    });
    refusals.check<ShapeError>({
        {__LINE__, "Linear",
         [&] { nn::Linear::make({.inputs = 2, .outputs = 3, .weight = wrong}); },
         "the initialiser gave shape [7], not [2,3]"},
        {__LINE__, "matmul", [&] { nn::Linear::make({.inputs = 2, .outputs = 3})(x); },
         "shapes [2,3] and [2,3] differ in the dimension"},
        {__LINE__, "MultiHeadAttention", [&] { attention(zeros({4})); },
         "shape [4] is no (..., n, width)"},
        {__LINE__, "matmul", [&] { gru(zeros({2, 5}), gru.initial_state(2)); },
         "shapes [2,5] and [3,6] differ in the dimension"},
        {__LINE__, "matmul",
         [&] { nn::Sequential{nn::Linear::make({.inputs = 2, .outputs = 3})}(x); },
         "shapes [2,3] and [2,3] differ in the dimension"},
    });
    refusals.check<TypeError>({
        {__LINE__, "global_norm", [&] { optim::global_norm(x != 0); },
         "takes floating tensors, got bool"},
        {__LINE__, "clip_by_global_norm", [&] { optim::clip_by_global_norm(x != 0, 1); },
         "takes floating tensors, got bool"},
        {__LINE__, "LayerNorm", [&] { nn::LayerNorm::make(3, {.dtype = DType::i32}); },
         "parameters are floating, not i32"},
        {__LINE__, "BatchNorm", [&] { nn::BatchNorm::make(3, {}, DType::i32); },
         "parameters are floating, not i32"},
        {__LINE__, "Linear",
         [&] { nn::Linear::make({.inputs = 3, .outputs = 2, .dtype = DType::i32}); },
         "parameters are floating, not i32"},
    });
    check_optimizer(refusals, "SGD", optim::SGD({.momentum = 0.9}), "velocities");
    check_optimizer(refusals, "SGD", optim::SGD(), "");
    check_optimizer(refusals, "Adam", optim::Adam(), "first moments");
    check_optimizer(refusals, "AdamW", optim::AdamW(), "first moments");
    check_optimizer(refusals, "RMSprop", optim::RMSprop({.momentum = 0.9, .centered = true}),
                    "mean squares");
    check_optimizer(refusals, "Adagrad", optim::Adagrad(), "sums of squares");
    check_optimizer(refusals, "Lion", optim::Lion(), "momenta");
}

}  // namespace latent::test
