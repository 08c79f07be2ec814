#include <limits>

#include "tests/frontend/support.h"

using namespace latent;
using test::check_gradients;
using test::check_values;
using test::infinity;
using test::not_a_number;
using test::sample;

TEST_CASE("cumulative sums and products go along an axis, integers in i64") {
    const Tensor x = Tensor::from({1, 2, 3, 4, 5, 6}, {2, 3});
    check_values(cumsum(x, 1), {2, 3}, {1, 3, 6, 4, 9, 15});
    check_values(cumsum(x, 0), {2, 3}, {1, 2, 3, 5, 7, 9});
    check_values(cumprod(x, -1), {2, 3}, {1, 2, 6, 4, 20, 120});
    CHECK(cumsum(x, 1).dtype() == DType::i64);
    CHECK(cumsum(x > 2, 1).dtype() == DType::i64);
    CHECK(cumsum(x.cast(DType::f32), 1).dtype() == DType::f32);
    check_values(cumsum(zeros({0}), 0), {0}, {});
}

TEST_CASE("cumulative products keep zeros, infinities and the sign of zero") {
    check_values(cumprod(Tensor::from({2.0F, 0.0F, 3.0F}), 0), {3}, {2, 0, 0});
    check_values(cumprod(Tensor::from({float(infinity), 2.0F, -1.0F}), 0), {3},
                 {infinity, infinity, -infinity});
    const Tensor negative = cumprod(Tensor::from({-1.0F, 0.0F}), 0).eval();
    CHECK(std::signbit(negative.data<float>()[1]));
}

TEST_CASE("gradients of cumulative sums and products, also at zeros") {
    for (int axis = 0; axis < 3; ++axis) {
        check_gradients([&](const auto& in) { return cumsum(in[0], axis); }, {sample({2, 4, 3})});
        check_gradients([&](const auto& in) { return cumprod(in[0], axis); }, {sample({2, 4, 3})});
        check_gradients([&](const auto& in) { return logcumsumexp(in[0], axis); },
                        {sample({2, 4, 3})});
    }
    const Tensor x = leaf(Tensor::from({2.0, 0.0, 3.0, 0.0, 5.0}));
    const Gradients gradients = cumprod(x, 0).sum().backward();
    check_values(gradients[x], {5}, {1, 8, 0, 0, 0});
}

TEST_CASE("cumulative extremes come with the last position that reached them") {
    const Tensor x = Tensor::from({1.0F, 3.0F, 2.0F, 3.0F, 0.0F});
    const auto [values, indices] = cummax(x, 0);
    check_values(values, {5}, {1, 3, 3, 3, 3});
    check_values(indices, {5}, {0, 1, 1, 3, 3});
    CHECK(indices.dtype() == DType::i64);
    check_values(cummin(x, 0).values, {5}, {1, 1, 1, 1, 0});
    check_values(cummin(x, 0).indices, {5}, {0, 0, 0, 0, 4});
    const Tensor least = Tensor::from({5, std::numeric_limits<std::int32_t>::min(), 7});
    check_values(cummin(least, 0).values, {3}, {5, -2147483648.0, -2147483648.0});
    const Tensor broken = Tensor::from({1.0F, float(not_a_number), 2.0F});
    check_values(cummax(broken, 0).values, {3}, {1, not_a_number, not_a_number});
    check_gradients([](const auto& in) { return cummax(in[0], 1).values; }, {sample({3, 6})});
    check_gradients([](const auto& in) { return cummin(in[0], 0).values; }, {sample({6, 2})});
}

TEST_CASE("logcumsumexp neither overflows nor forgets small terms") {
    check_values(logcumsumexp(Tensor::from({1000.0, 1000.0}), 0), {2},
                 {1000, 1000 + std::log(2.0)});
    check_values(logcumsumexp(Tensor::from({-1000.0, 1000.0}), 0), {2}, {-1000, 1000});
    check_values(logcumsumexp(Tensor::from({-infinity, -infinity, 0.0}), 0), {3},
                 {-infinity, -infinity, 0});
}

TEST_CASE("sorting is stable, puts NaN last, and its gradient goes back") {
    const Tensor x = Tensor::from({3.0F, 1.0F, float(not_a_number), 1.0F, -2.0F});
    check_values(sort(x), {5}, {-2, 1, 1, 3, not_a_number});
    check_values(argsort(x), {5}, {4, 1, 3, 0, 2});
    check_values(argsort(x, 0, true), {5}, {2, 0, 1, 3, 4});
    check_values(sort(Tensor::from({2, 1, 4, 3}, {2, 2}), 0, true), {2, 2}, {4, 3, 2, 1});
    check_values(sort(Tensor::from({true, false})), {2}, {0, 1});
    check_gradients([](const auto& in) { return sort(in[0], 1); }, {sample({3, 5})});
}

TEST_CASE("topk of many elements is the beginning of a sort") {
    // Of few different values, so that many are equal, with NaN, infinities and a rest.
    const Tensor numbers = randint(Key(3), {3, 1000, 2}, -40, 40).cast(DType::f32);
    const Tensor x = where(numbers == 39, std::nanf(""), numbers / abs(numbers % 7 - 3)).eval();
    for (const std::int64_t k : {1, 3, 9}) {
        const auto [values, indices] = topk(x, k, 1);
        const Tensor order = slice(argsort(x, 1, true), 1, 0, k);
        CHECK(indices.to_vector<std::int64_t>() == order.to_vector<std::int64_t>());
        CHECK(allclose(values, take_along_axis(x, order, 1), {.equal_nan = true}).item<bool>());
    }
    const Tensor lowest = full({1000}, -std::numeric_limits<float>::infinity());
    CHECK(topk(lowest, 2).indices.to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 1});
}

TEST_CASE("topk gives the largest or smallest elements in order") {
    const Tensor x = Tensor::from({3, 1, 5, 2, 4, 6}, {2, 3});
    const auto [values, indices] = topk(x, 2);
    check_values(values, {2, 2}, {5, 3, 6, 4});
    check_values(indices, {2, 2}, {2, 0, 2, 1});
    check_values(topk(x, 1, 0, false).values, {1, 3}, {2, 1, 5});
    check_values(topk(x, 0).values, {2, 0}, {});
    check_gradients([](const auto& in) { return topk(in[0], 2, 1).values; }, {sample({3, 5})});
}

TEST_CASE("quantiles lie between neighbours, and NaN passes through") {
    const Tensor x = Tensor::from({4.0, 1.0, 3.0, 2.0});
    check_values(quantile(x, 0), {}, {1});
    check_values(quantile(x, 1), {}, {4});
    check_values(quantile(x, 0.25), {}, {1.75});
    check_values(median(x), {}, {2.5});
    check_values(median(Tensor::from({4, 1, 3, 2, 9, 9}, {2, 3})), {2}, {3, 9});
    check_values(median(Tensor::from({1.0, not_a_number, 2.0})), {}, {not_a_number});
    check_gradients([](const auto& in) { return quantile(in[0], 0.3, 1); }, {sample({3, 5})});
}

TEST_CASE("scans and sorting refuse what they cannot do") {
    const Tensor x = zeros({2, 3});
    CHECK_THROWS_AS(cumsum(x, 2), ShapeError);
    CHECK_THROWS_AS(cummax(x > 0, 0), TypeError);
    CHECK_THROWS_AS(sort(zeros({})), ShapeError);
    CHECK_THROWS_WITH(topk(x, 4), Catch::Contains("k = 4 of 3 elements along axis 1 of [2,3]"));
    CHECK_THROWS_AS(quantile(x, 1.5), ValueError);
    CHECK_THROWS_AS(median(zeros({2, 0})), ShapeError);
}
