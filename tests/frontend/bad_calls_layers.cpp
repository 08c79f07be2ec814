#include "tests/frontend/bad_calls.h"

namespace latent::test {

void check_layer_calls(Refusals& refusals) {
    const Tensor none;
    const Tensor x = zeros({2, 3});
    const auto wrong = [](Key, const Shape&, const nn::Fans&, DType) { return zeros({7}); };
    const auto lstm = nn::LSTMCell::make({.inputs = 3, .units = 2});
    const auto gru = nn::GRUCell::make({.inputs = 3, .units = 2});
    const auto attention = nn::MultiHeadAttention::make({.width = 4, .heads = 2});
    const std::vector<int> twelve{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 4};
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
    });
    refusals.check<ShapeError>({
        {__LINE__, "Linear",
         [&] { nn::Linear::make({.inputs = 2, .outputs = 3, .weight = wrong}); },
         "the initialiser gave shape [7], not [2,3]"},
        {__LINE__, "matmul", [&] { nn::Linear::make({.inputs = 2, .outputs = 3})(x); },
         "shapes [2,3] and [2,3] differ in the dimension"},
        {__LINE__, "MultiHeadAttention", [&] { attention(zeros({4})); },
         "shape [4] is no (..., n, width)"},
        {__LINE__, "MultiHeadAttention", [&] { attention(zeros(Shape(twelve))); },
         "needs 13 dimensions, and tensors have at most 12"},
        {__LINE__, "matmul", [&] { gru(zeros({2, 5}), gru.initial_state(2)); },
         "shapes [2,5] and [3,6] differ in the dimension"},
        {__LINE__, "matmul",
         [&] { nn::Sequential{nn::Linear::make({.inputs = 2, .outputs = 3})}(x); },
         "shapes [2,3] and [2,3] differ in the dimension"},
    });
    refusals.check<TypeError>({
        {__LINE__, "LayerNorm", [&] { nn::LayerNorm::make(3, {.dtype = DType::i32}); },
         "parameters are floating, not i32"},
        {__LINE__, "BatchNorm", [&] { nn::BatchNorm::make(3, {}, DType::i32); },
         "parameters are floating, not i32"},
        {__LINE__, "Linear",
         [&] { nn::Linear::make({.inputs = 3, .outputs = 2, .dtype = DType::i32}); },
         "parameters are floating, not i32"},
    });
}

}  // namespace latent::test
