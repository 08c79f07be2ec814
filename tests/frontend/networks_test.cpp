#include <numbers>

#include "tests/frontend/support.h"

using namespace latent;
using test::check_gradients;
using test::check_values;
using test::infinity;
using test::not_a_number;
using test::sample;

namespace {

/// Equal within rounding.
void check_same(const Tensor& got, const Tensor& expected, double tolerance = 1e-9) {
    check_values(got, expected.shape(), test::values(expected), tolerance);
}

}  // namespace

TEST_CASE("activations have the limits of their formulas, and keep NaN") {
    const Tensor x = Tensor::from({-infinity, -1000.0, 0.0, 1000.0, infinity, not_a_number});
    check_values(relu(x), {6}, {0, 0, 0, 1000, infinity, not_a_number});
    check_values(elu(x, 2), {6}, {-2, -2, 0, 1000, infinity, not_a_number});
    check_values(log_sigmoid(x), {6}, {-infinity, -1000, -std::numbers::ln2, 0, 0, not_a_number});
    check_values(hardswish(x), {6}, {0, 0, 0, 1000, infinity, not_a_number});
    check_values(selu(Tensor::from({-infinity, 1.0})), {2},
                 {-1.7580993408473766, 1.0507009873554805});
    const Tensor w = leaf(Tensor::from({-4.0, -3.0, 0.0, 3.0, 4.0}));
    check_values(hardswish(w).sum().backward()[w], {5}, {0, -0.5, 0.5, 1.5, 1});
    check_values(relu(w).sum().backward()[w], {5}, {0, 0, 0, 1, 1});
}

TEST_CASE("instance and group normalisation are layer normalisation of channels and groups") {
    const Tensor x = sample({2, 4, 3, 2});
    const Tensor one = ones({6}, {.dtype = DType::f64});
    const Tensor rows = layer_norm(x.reshape({8, 6}), one, one * 0);
    check_same(instance_norm(x), rows.reshape({2, 4, 3, 2}));
    const Tensor gamma = sample({4}, 2);
    const Tensor beta = sample({4}, 3);
    const Tensor scaled =
        rows.reshape({2, 4, 3, 2}) * gamma.reshape({4, 1, 1}) + beta.reshape({4, 1, 1});
    check_same(instance_norm(x, gamma, beta), scaled);
    check_same(group_norm(x, 4, gamma, beta), scaled);
    check_gradients([](const auto& in) { return group_norm(in[0], 2, in[1], in[2]); },
                    {sample({2, 4, 3}), gamma, beta});
}

TEST_CASE("batch normalisation learns the statistics it normalises by") {
    const Tensor x = sample({4, 3, 5}) * 2.0 + 1.0;
    const Tensor gamma = sample({3}, 2);
    const Tensor beta = sample({3}, 3);
    const ChannelStatistics start{zeros({3}, {.dtype = DType::f64}),
                                  ones({3}, {.dtype = DType::f64})};
    const NormalizedBatch batch =
        batch_norm_training(x, start, gamma, beta, {.momentum = 0.25, .epsilon = 0});
    const ChannelStatistics own{mean(x, {0, 2}), var(x, {.axes = {0, 2}})};
    eval(batch);
    check_same(batch.output, batch_norm(x, own, gamma, beta, 0));
    check_same(batch.running.mean, 0.25 * own.mean);
    check_same(batch.running.variance, 0.75 + 0.25 * var(x, {.axes = {0, 2}, .correction = 1}));
    check_gradients(
        [&](const auto& in) { return batch_norm_training(in[0], start, in[1], in[2]).output; },
        {x, gamma, beta}, 1e-5);
    const Tensor w = leaf(x);
    CHECK_FALSE(batch_norm_training(w, start, gamma, beta).running.mean.requires_grad());
}

TEST_CASE("losses agree with their definitions") {
    const Tensor distance = Tensor::from({-3.0, -1.0, 0.5, 2.0});
    const Tensor zero = distance * 0;
    check_values(l1_loss(distance, zero), {}, {6.5 / 4});
    check_values(huber_loss(distance, zero, 1, Reduction::none), {4}, {2.5, 0.5, 0.125, 1.5});
    check_values(huber_loss(distance, zero, 2, Reduction::none), {4}, {4, 0.5, 0.125, 2});
    check_values(smooth_l1_loss(distance, zero, 2, Reduction::none), {4}, {2, 0.25, 0.0625, 1});
    check_values(mse_loss(distance.reshape({2, 2}), zero.reshape({2, 2}), Reduction::batch_mean),
                 {}, {14.25 / 2});
    const Tensor logits = Tensor::from({-1000.0, 1000.0, 0.0});
    check_values(
        binary_cross_entropy_with_logits(logits, Tensor::from({1.0, 1.0, 0.25}), Reduction::none),
        {3}, {1000, 0, std::numbers::ln2});
    const Tensor target = Tensor::from({0.0, 0.25, 0.75});
    check_values(kl_div(log(Tensor::from({0.5, 0.25, 0.25})), target, Reduction::sum), {},
                 {0.75 * std::log(3)});
    check_gradients(
        [](const auto& in) { return smooth_l1_loss(in[0], in[1], 0.5, Reduction::none); },
        {sample({6}), sample({6}, 2)});
    check_gradients(
        [&](const auto& in) { return kl_div(in[0], softmax(in[1]), Reduction::batch_mean); },
        {sample({2, 3}), sample({2, 3}, 2)});
}

TEST_CASE("cosine similarity is that of directions, and 0 with nothing") {
    const Tensor a = Tensor::from({3.0, 4.0, 0.0, 0.0}, {2, 2});
    const Tensor b = Tensor::from({4.0, 3.0, 1.0, 1.0}, {2, 2});
    check_values(cosine_similarity(a, b), {2}, {0.96, 0});
    check_values(cosine_similarity(a, b, 0), {2}, {12 / std::sqrt(17) / 3, 12 / std::sqrt(10) / 4});
    const Tensor w = leaf(a);
    check_values(cosine_similarity(w, b).sum().backward()[w].slice(0, 0, 1), {1, 2},
                 {(0.8 - 0.96 * 0.6) / 5, (0.6 - 0.96 * 0.8) / 5});
    check_gradients([](const auto& in) { return cosine_similarity(in[0], in[1]); },
                    {sample({2, 3}), sample({2, 3}, 2)});
}

TEST_CASE("attention sees what its mask and order let it see") {
    const Tensor query = sample({2, 4, 3});
    const Tensor key = sample({2, 5, 3}, 2);
    const Tensor value = sample({2, 5, 6}, 3);
    const Tensor scores = matmul(query, key.transpose()) * 0.7;
    check_same(scaled_dot_product_attention(query, key, value, {.scale = 0.7}),
               matmul(softmax(scores), value));

    const Tensor visible = tril(ones({4, 5}, {.dtype = DType::boolean}));
    const Tensor causal = scaled_dot_product_attention(query, key, value, {.causal = true});
    check_same(scaled_dot_product_attention(query, key, value, {.mask = visible}), causal);
    const Tensor added = where(visible, zeros({}, {.dtype = DType::f64}), -infinity);
    check_same(scaled_dot_product_attention(query, key, value, {.mask = added}), causal);
    check_same(causal.slice(1, 0, 1), value.slice(1, 0, 1));

    const Tensor nothing = zeros({4, 5}, {.dtype = DType::boolean});
    check_values(scaled_dot_product_attention(query, key, value, {.mask = nothing}), {2, 4, 6},
                 std::vector<double>(48, 0));
    const Tensor w = leaf(query);
    check_values(scaled_dot_product_attention(w, key, value, {.mask = nothing}).sum().backward()[w],
                 {2, 4, 3}, std::vector<double>(24, 0));
    check_gradients(
        [&](const auto& in) {
            return scaled_dot_product_attention(in[0], in[1], in[2], {.mask = visible});
        },
        {query, key, value});
}

TEST_CASE("rotary embedding rotates pairs by their position") {
    const Tensor x = sample({2, 3, 4});
    const std::vector<double> in = test::values(x);
    const auto rotated = [&](std::size_t distance, std::size_t stride, double first) {
        std::vector<double> out(in.size());
        for (std::size_t row = 0; row < 6; ++row) {
            for (std::size_t pair = 0; pair < 2; ++pair) {
                const double angle = (first + static_cast<double>(row % 3)) /
                                     std::pow(10000, static_cast<double>(pair) / 2);
                const std::size_t a = row * 4 + pair * stride;
                const std::size_t b = a + distance;
                out[a] = in[a] * std::cos(angle) - in[b] * std::sin(angle);
                out[b] = in[a] * std::sin(angle) + in[b] * std::cos(angle);
            }
        }
        return out;
    };
    check_values(rotary_embedding(x), {2, 3, 4}, rotated(2, 1, 0));
    check_values(rotary_embedding(x, {.first_position = 7, .pairs = RotaryPairs::interleaved}),
                 {2, 3, 4}, rotated(1, 2, 7));
    check_gradients([](const auto& inputs) { return rotary_embedding(inputs[0]); },
                    {sample({3, 4})});
}

TEST_CASE("dropout keeps the mean, takes its key, and stops the gradients of what it drops") {
    const Tensor x = ones({100, 100});
    const Tensor dropped = dropout(Key(1), x, 0.25);
    CHECK(dropped.mean().item<float>() == Approx(1).epsilon(0.02));
    CHECK(count_nonzero(dropped).item<std::int64_t>() == Approx(7500).epsilon(0.03));
    CHECK(dropped.to_vector<float>() == dropout(Key(1), x, 0.25).to_vector<float>());
    CHECK(dropped.to_vector<float>() != dropout(Key(2), x, 0.25).to_vector<float>());
    check_values(dropout(Key(1), ones({3}), 1), {3}, {0, 0, 0});
    check_values(dropout(Key(1), ones({3}), 0), {3}, {1, 1, 1});
    const Tensor w = leaf(x);
    CHECK(dropout(Key(1), w, 0.25).sum().backward()[w].to_vector<float>() ==
          dropped.to_vector<float>());
    const auto with_seed = [&] {
        const SeedScope scope(5);
        return dropout(x).to_vector<float>();
    };
    CHECK(with_seed() == with_seed());
}
