#include "tests/frontend/support.h"

using namespace latent;
using test::check_refused;

TEST_CASE("composed operations refuse shapes that do not fit, with the op and the user's line") {
    const Tensor x = zeros({2, 3});
    const Tensor v = zeros({4});
    const Tensor image = zeros({1, 2, 4, 4});
    const Tensor two = zeros({2});
    const Tensor index = zeros({2, 2}, {.dtype = DType::i64});
    check_refused<ShapeError>({
        {__LINE__, [&] { add(x, v); }, "add: shapes [2,3] and [4] do not broadcast"},
        {__LINE__, [&] { isclose(x, v); }, "isclose: shapes [2,3] and [4] do not broadcast"},
        {__LINE__, [&] { allclose(x, v); }, "isclose: shapes [2,3] and [4] do not broadcast"},
        {__LINE__, [&] { count_nonzero(x, 2); }, "count_nonzero: axis 2 is out of range"},
        {__LINE__, [&] { l1_loss(x, v); }, "l1_loss: shapes [2,3] and [4] do not broadcast"},
        {__LINE__, [&] { mse_loss(x, v); }, "mse_loss: shapes [2,3] and [4] do not broadcast"},
        {__LINE__, [&] { huber_loss(x, v); }, "huber_loss: shapes [2,3] and [4]"},
        {__LINE__, [&] { smooth_l1_loss(x, v); }, "smooth_l1_loss: shapes [2,3] and [4]"},
        {__LINE__, [&] { kl_div(x, v); }, "kl_div: shapes [2,3] and [4]"},
        {__LINE__, [&] { binary_cross_entropy_with_logits(x, v); },
         "binary_cross_entropy_with_logits: shapes [2,3] and [4]"},
        {__LINE__, [&] { mse_loss(full({}, 1.0), full({}, 1.0), Reduction::batch_mean); },
         "mse_loss: axis 0 is out of range for a tensor of rank 0"},
        {__LINE__, [&] { cosine_similarity(x, v); }, "cosine_similarity: shapes [2,3] and [4]"},
        {__LINE__, [&] { cosine_similarity(x, x, 2); },
         "cosine_similarity: axis 2 is out of range"},
        {__LINE__, [&] { group_norm(image, 3, two, two); },
         "group_norm: the channels of [1,2,4,4] are not 3 equal groups"},
        {__LINE__, [&] { group_norm(image, 2, v, two); }, "group_norm: gamma has shape [4]"},
        {__LINE__, [&] { instance_norm(v); }, "instance_norm: shape [4] has no channels"},
        {__LINE__, [&] { batch_norm(image, {two, v}, two, two); },
         "batch_norm: variance has shape [4]"},
        {__LINE__, [&] { batch_norm_training(image, {v, two}, two, two); },
         "batch_norm_training: the running mean has shape [4], not [2]"},
        {__LINE__, [&] { scaled_dot_product_attention(x, x, v); },
         "scaled_dot_product_attention: query [2,3], key [2,3] and value [4] do not fit"},
        {__LINE__, [&] { scaled_dot_product_attention(x, x, x, {.mask = zeros({3, 3})}); },
         "scaled_dot_product_attention: shape [3,3] does not broadcast to [2,2]"},
        {__LINE__, [&] { rotary_embedding(x); }, "rotary_embedding: shape [2,3]"},
        {__LINE__, [&] { tril(v); }, "tril: takes matrices, got shape [4]"},
        {__LINE__, [&] { triu(v); }, "triu: takes matrices, got shape [4]"},
        {__LINE__, [&] { diagonal(v); }, "diagonal: axis 1 is out of range"},
        {__LINE__, [&] { diagonal(x, 0, 1, -1); }, "diagonal: axis 1 is named twice"},
        {__LINE__, [&] { meshgrid({v, x}); }, "meshgrid: takes vectors, got shape [2,3]"},
        {__LINE__, [&] { pad(x, {{0, 0}}, PadMode::edge); }, "pad: 1 widths given for shape [2,3]"},
        {__LINE__, [&] { pad(x, {{2, 0}, {0, 0}}, PadMode::reflect); },
         "pad: axis 0 of shape [2,3] is too short to be continued by 2"},
        {__LINE__, [&] { take_along_axis(x, index, 0); },
         "take_along_axis: shapes [2,3] and [2,2] do not broadcast beside axis 0"},
        {__LINE__, [&] { take_along_axis(v, index, 0); },
         "take_along_axis: shapes [4] and [2,2] have not one rank"},
        {__LINE__, [&] { take_along_axis(zeros({2, 0}), index, 1); },
         "take_along_axis: nothing to index in shape [2,0]"},
        {__LINE__, [&] { embedding(v, index); }, "embedding: shape [4] is no table (rows, d)"},
        {__LINE__, [&] { scatter_add(x, index, v, 0); },
         "scatter_add: shapes [2,3] and [2,2] and [4] have not one rank"},
        {__LINE__, [&] { scatter_add(x, index, zeros({1, 2}), 0); },
         "scatter_add: shapes [2,3] and [2,2] and [1,2] do not fit in dimension 0"},
        {__LINE__, [&] { index_add(x, index, x, 1); },
         "index_add: shapes [2,3] and [2,2] and [2,3] do not fit: updates [2,2,2] are expected"},
        {__LINE__, [&] { bincount(index, 3, v); },
         "bincount: shapes [2,2] and [4] of labels and weights"},
        {__LINE__, [&] { searchsorted(x, v); }, "searchsorted: shapes [2,3] and [4]"},
        {__LINE__, [&] { conv_transpose2d(image, zeros({3, 2, 3, 3})); },
         "conv_transpose2d: the channels of [1,2,4,4] do not fit kernel [3,2,3,3] in 1 groups"},
        {__LINE__, [&] { conv_transpose2d(image, x); },
         "conv_transpose2d: takes a tensor of rank 4"},
        {__LINE__, [&] { conv_transpose2d(image, zeros({2, 2, 1, 1}), {.padding = 2}); },
         "conv_transpose2d: of shape [1,2,4,4] and kernel [2,2,1,1] nothing is left"},
        {__LINE__, [&] { unfold(image, {.size = 5}); },
         "unfold: a window of [5,5] does not fit shape [1,2,4,4]"},
        {__LINE__, [&] { conv2d(image, zeros({2, 2, 5, 5})); },
         "conv2d: a window of [5,5] does not fit shape [1,2,4,4]"},
        {__LINE__, [&] { interpolate(x, 3); },
         "interpolate: shape [2,3] has no spatial dimensions"},
        {__LINE__, [&] { interpolate(image, {3, 3, 3}); },
         "interpolate: size has 3 numbers for 2 spatial dimensions"},
        {__LINE__, [&] { interpolate(zeros({1, 1, 0}), 3); },
         "interpolate: axis 2 of shape [1,1,0]"},
    });
}

TEST_CASE("composed operations refuse dtypes and numbers that have no meaning") {
    const Tensor x = zeros({2, 3});
    const Tensor truths = zeros({2, 3}, {.dtype = DType::boolean});
    const Tensor index = zeros({2, 3}, {.dtype = DType::i64});
    check_refused<TypeError>({
        {__LINE__, [&] { neg(truths); }, "neg:"},
        {__LINE__, [&] { bitwise_not(x); }, "bitwise_not:"},
        {__LINE__, [&] { bitwise_and(x, x); }, "bitwise_and:"},
        {__LINE__, [&] { take_along_axis(x, x, 0); },
         "take_along_axis: indices must be i32 or i64, got f32"},
        {__LINE__, [&] { embedding(x, x); }, "embedding: indices must be i32 or i64"},
        {__LINE__, [&] { scatter_add(x, x, x, 0); }, "scatter_add: indices must be i32 or i64"},
        {__LINE__, [&] { scatter_add(truths, index, truths, 0); },
         "scatter_add: takes numbers, got bool"},
        {__LINE__, [&] { index_add(x, x, x); }, "index_add: indices must be i32 or i64"},
        {__LINE__, [&] { bincount(x, 3); }, "bincount: labels must be i32 or i64"},
        {__LINE__,
         [&] {
             scaled_dot_product_attention(x, x, x, {.mask = zeros({2, 2}, {.dtype = DType::i64})});
         },
         "scaled_dot_product_attention: the mask must be bool or floating, got i64"},
    });
    const Tensor image = zeros({1, 2, 4, 4});
    check_refused<ValueError>({
        {__LINE__, [&] { pad(x, {{-1, 0}, {0, 0}}, PadMode::edge); },
         "pad: the width -1 is negative"},
        {__LINE__, [&] { huber_loss(x, x, 0); }, "huber_loss: delta must be positive, got 0"},
        {__LINE__, [&] { smooth_l1_loss(x, x, -1); },
         "smooth_l1_loss: beta must be positive, got -1"},
        {__LINE__, [&] { rotary_embedding(zeros({2, 2}), {.base = 0}); },
         "rotary_embedding: the base must be positive, got 0"},
        {__LINE__, [&] { bincount(index, 0); }, "bincount: the length must be positive, got 0"},
        {__LINE__, [&] { dropout(Key(1), x, 1.5); }, "dropout: 1.5 is no probability"},
        {__LINE__, [&] { dropout(x, -0.5); }, "dropout: -0.5 is no probability"},
        {__LINE__, [&] { interpolate(image, 0); }, "interpolate: size must be at least 1, got 0"},
        {__LINE__, [&] { unfold(image, {.stride = 0}); },
         "unfold: stride must be at least 1, got 0"},
        {__LINE__, [&] { conv_transpose2d(image, zeros({2, 1, 2, 2}), {.output_padding = -1}); },
         "conv_transpose2d: output padding must be at least 0, got -1"},
    });
}
