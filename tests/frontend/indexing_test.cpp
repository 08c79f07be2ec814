#include "tests/frontend/support.h"

using namespace latent;
using test::check_gradients;
using test::check_values;
using test::infinity;
using test::not_a_number;
using test::sample;

TEST_CASE("take_along_axis broadcasts beside its axis and clamps along it") {
    const Tensor x = arange(6).reshape({2, 3});
    check_values(take_along_axis(x, Tensor::from({2, 0, 1, 1}, {2, 2}), 1), {2, 2}, {2, 0, 4, 4});
    check_values(take_along_axis(x, Tensor::from({-1, 7}, {1, 2}), -1), {2, 2}, {0, 2, 3, 5});
    check_values(take_along_axis(x.slice(0, 0, 1), Tensor::from({1, 2}, {2, 1}), 1), {2, 1},
                 {1, 2});
    check_values(take_along_axis(x, Tensor::from({1, 0, 1}, {1, 3}), 0), {1, 3}, {3, 1, 5});
    check_values(take_along_axis(x, argmax(x, 1, true), 1), {2, 1}, {2, 5});
    const Tensor indices = Tensor::from({1, 1, 0, 2}, {2, 2});
    check_gradients([&](const auto& in) { return take_along_axis(in[0], indices, 1); },
                    {sample({2, 3})});
}

TEST_CASE("scatter_add adds at each index, and leaves out updates that have none") {
    const Tensor x = ones({2, 3});
    const Tensor indices = Tensor::from({0, 0, 5, 1}, {2, 2});
    const Tensor updates = Tensor::from({1, 2, 30, 4, 5, 60, 7, 8, 90}, {3, 3});
    check_values(scatter_add(x, indices, updates, 1), {2, 3}, {4, 1, 1, 1, 6, 5});
    check_values(scatter_add(x, indices.slice(0, 0, 1), updates, 0), {2, 3}, {2, 3, 1, 1, 1, 1});
    CHECK(scatter_add(x, indices, updates, 1).dtype() == DType::f32);
    check_gradients([&](const auto& in) { return scatter_add(in[0], indices, in[1], 1); },
                    {sample({2, 3}), sample({2, 2}, 2)});
}

TEST_CASE("index_add adds parts, and embedding reads them") {
    const Tensor x = zeros({2, 3});
    check_values(index_add(x, Tensor::from({2, 0, 2}), arange(6).reshape({2, 3}), 1), {2, 3},
                 {1, 0, 2, 4, 0, 8});
    check_values(embedding(arange(6).reshape({3, 2}), Tensor::from({2, 0}, {2, 1})), {2, 1, 2},
                 {4, 5, 0, 1});
    const Tensor table = leaf(ones({3, 2}));
    check_values(embedding(table, Tensor::from({2, 2, 0})).sum().backward()[table], {3, 2},
                 {1, 1, 0, 0, 2, 2});
    check_gradients(
        [](const auto& in) { return index_add(in[0], Tensor::from({1, 1, 0}), in[1], 0); },
        {sample({2, 2}), sample({3, 2}, 2)});
}

TEST_CASE("bincount counts, or sums weights, within its length") {
    const Tensor labels = Tensor::from({1, 3, 1, -1, 7, 0}, {2, 3});
    const Tensor counts = bincount(labels, 4);
    check_values(counts, {4}, {1, 2, 0, 1});
    CHECK(counts.dtype() == DType::i64);
    const Tensor weights = leaf(Tensor::from({0.5, 1.0, 2.0, 4.0, 8.0, 16.0}, {2, 3}));
    const Tensor sums = bincount(labels, 4, weights);
    check_values(sums, {4}, {16, 2.5, 0, 1});
    check_values(sums.sum().backward()[weights], {2, 3}, {1, 1, 1, 0, 0, 1});
}

TEST_CASE("searchsorted finds the place before or after equal elements") {
    const Tensor sorted = Tensor::from({1.0, 2.0, 2.0, 2.0, 5.0, 7.0});
    const Tensor values = Tensor::from({0.0, 2.0, 3.0, 7.0, 9.0, not_a_number, -infinity}, {7});
    check_values(searchsorted(sorted, values), {7}, {0, 1, 4, 5, 6, 6, 0});
    check_values(searchsorted(sorted, values, Side::right), {7}, {0, 4, 4, 6, 6, 6, 0});
    check_values(searchsorted(sorted, full({}, 5.0)), {}, {4});
    CHECK(searchsorted(sorted, values).dtype() == DType::i64);
    check_values(searchsorted(zeros({0}), ones({2})), {2}, {0, 0});

    const Tensor with_nan = Tensor::from({1.0, not_a_number, not_a_number});
    check_values(searchsorted(with_nan, Tensor::from({2.0, not_a_number})), {2}, {1, 1});
    check_values(searchsorted(with_nan, Tensor::from({2.0, not_a_number}), Side::right), {2},
                 {1, 3});

    const Tensor rows = Tensor::from({1, 3, 5, 2, 4, 6}, {2, 3});
    check_values(searchsorted(rows, Tensor::from({3, 6, 3, 6}, {2, 2})), {2, 2}, {1, 3, 1, 2});
    const Tensor many = arange(1000);
    check_values(searchsorted(many * 2, many * 2 + 1).sum(), {}, {500500});
}
