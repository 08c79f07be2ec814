#include "tests/frontend/support.h"

using namespace latent;
using test::check_gradients;
using test::check_values;
using test::sample;
using test::values;

TEST_CASE("reshape, permute and their relatives move elements as NumPy does") {
    const Tensor x = arange(6).reshape({2, 3});
    check_values(x.reshape({3, -1}), {3, 2}, {0, 1, 2, 3, 4, 5});
    check_values(x.flatten(), {6}, {0, 1, 2, 3, 4, 5});
    check_values(x.permute({1, 0}), {3, 2}, {0, 3, 1, 4, 2, 5});
    check_values(x.permute({-1, 0}), {3, 2}, {0, 3, 1, 4, 2, 5});
    check_values(x.transpose(), {3, 2}, {0, 3, 1, 4, 2, 5});
    check_values(swapaxes(x, 0, -1), {3, 2}, {0, 3, 1, 4, 2, 5});
    CHECK(x.expand_dims(0).shape() == Shape{1, 2, 3});
    CHECK(x.expand_dims(-1).shape() == Shape{2, 3, 1});
    CHECK(x.reshape({1, 2, 1, 3}).squeeze().shape() == Shape{2, 3});
    CHECK(x.reshape({1, 2, 1, 3}).squeeze(2).shape() == Shape{1, 2, 3});
    check_values(x.slice(0, 0, 1).broadcast_to({2, 2, 3}), {2, 2, 3},
                 {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2});
    check_values(flip(x), {2, 3}, {5, 4, 3, 2, 1, 0});
    check_values(flip(x, 1), {2, 3}, {2, 1, 0, 5, 4, 3});
    check_values(roll(x, 1, 1), {2, 3}, {2, 0, 1, 5, 3, 4});
    check_values(roll(x, -4, 1), {2, 3}, {1, 2, 0, 4, 5, 3});
    check_values(tile(x, {2, 1}), {4, 3}, {0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5});
    check_values(tile(Tensor::from({1, 2}), {3}), {6}, {1, 2, 1, 2, 1, 2});
    check_values(repeat(Tensor::from({1, 2}), 3, 0), {6}, {1, 1, 1, 2, 2, 2});
    CHECK(x.extent(-1) == 3);
}

TEST_CASE("slices follow Python's rules for every start, stop and step") {
    constexpr std::int64_t extent = 5;
    const Tensor x = arange(extent);
    for (std::int64_t start = -7; start <= 7; ++start) {
        for (std::int64_t stop = -7; stop <= 7; ++stop) {
            for (const std::int64_t step : {-3, -1, 1, 2}) {
                // By definition: walk from the clamped start, and stop at the clamped stop.
                const auto clamp = [&](std::int64_t i) {
                    const std::int64_t from_front = i < 0 ? i + extent : i;
                    return step > 0 ? std::clamp<std::int64_t>(from_front, 0, extent)
                                    : std::clamp<std::int64_t>(from_front, -1, extent - 1);
                };
                std::vector<std::int64_t> expected;
                for (std::int64_t i = clamp(start); step > 0 ? i < clamp(stop) : i > clamp(stop);
                     i += step) {
                    expected.push_back(i);
                }
                const std::vector<std::int64_t> got =
                    x.slice(0, start, stop, step).to_vector<std::int64_t>();
                if (got != expected) {
                    FAIL("slice " << start << ":" << stop << ":" << step);
                }
            }
        }
    }
    check_values(x.slice(0, {}, {}, -1), {5}, {4, 3, 2, 1, 0});
    check_values(x.slice(0, 3), {2}, {3, 4});
    check_values(x.slice(0, -2), {2}, {3, 4});
    check_values(x.select(0, -1), {}, {4});
    check_values(arange(6).reshape({2, 3}).select(1, 2), {2}, {2, 5});
}

TEST_CASE("tensors are joined, split, padded and indexed") {
    const Tensor x = arange(6).reshape({2, 3});
    check_values(concat({x, x + 10}, 1), {2, 6}, {0, 1, 2, 10, 11, 12, 3, 4, 5, 13, 14, 15});
    check_values(stack({x, x + 10}, -1), {2, 3, 2}, {0, 10, 1, 11, 2, 12, 3, 13, 4, 14, 5, 15});
    const std::vector<Tensor> parts = split(x, {1, 2}, 1);
    check_values(parts[1], {2, 2}, {1, 2, 4, 5});
    CHECK(split(x, 3, 1).size() == 3);
    check_values(pad(x, {{1, 0}, {0, 1}}, 9), {3, 4}, {9, 9, 9, 9, 0, 1, 2, 9, 3, 4, 5, 9});
    check_values(pad(x, {{0, 0}, {-1, 0}}), {2, 2}, {1, 2, 4, 5});
    const Tensor indices = Tensor::from({2, 0, 0, 1}, {2, 2});
    check_values(take(x, indices, 1), {2, 2, 2}, {2, 0, 0, 1, 5, 3, 3, 4});
    check_values(take(x, Tensor::from({1, 7, -1})), {3, 3}, {3, 4, 5, 3, 4, 5, 0, 1, 2});
    check_values(one_hot(Tensor::from({2, 0}), 3), {2, 3}, {0, 0, 1, 1, 0, 0});
    const Tensor w = leaf(ones({3}));
    check_values(take(w, indices).sum().backward()[w], {3}, {2, 1, 1});
}

TEST_CASE("padding continues elements at the ends") {
    const Tensor x = arange(3);
    const auto padded = [&](std::int64_t low, std::int64_t high, PadMode mode) {
        return pad(x, {{low, high}}, mode);
    };
    check_values(padded(2, 3, PadMode::edge), {8}, {0, 0, 0, 1, 2, 2, 2, 2});
    check_values(padded(2, 1, PadMode::reflect), {6}, {2, 1, 0, 1, 2, 1});
    check_values(padded(1, 3, PadMode::symmetric), {7}, {0, 0, 1, 2, 2, 1, 0});
    check_values(padded(2, 3, PadMode::wrap), {8}, {1, 2, 0, 1, 2, 0, 1, 2});
    check_values(pad(arange(4).reshape({2, 2}), {{1, 0}, {0, 1}}, PadMode::wrap), {3, 3},
                 {2, 3, 2, 0, 1, 0, 2, 3, 2});
    check_gradients([](const auto& in) { return pad(in[0], {{1, 2}, {2, 1}}, PadMode::symmetric); },
                    {sample({2, 3})});
}

TEST_CASE("tile takes more or fewer repeats than dimensions") {
    const Tensor x = Tensor::from({1, 2});
    check_values(tile(x, {2, 1, 2}), {2, 1, 4}, {1, 2, 1, 2, 1, 2, 1, 2});
    check_values(tile(x.reshape({2, 1}), {2}), {2, 2}, {1, 1, 2, 2});
    check_values(tile(x, {0}), {0}, {});
    CHECK_THROWS_AS(tile(x, {-1}), ValueError);
}

TEST_CASE("triangles, diagonals and grids") {
    const Tensor x = arange(1, 7).reshape({2, 3});
    check_values(tril(x), {2, 3}, {1, 0, 0, 4, 5, 0});
    check_values(triu(x, 1), {2, 3}, {0, 2, 3, 0, 0, 6});
    check_values(tril(ones({1, 2, 2}, {.dtype = DType::boolean})), {1, 2, 2}, {1, 0, 1, 1});
    check_values(diagonal(x), {2}, {1, 5});
    check_values(diagonal(x, 1), {2}, {2, 6});
    check_values(diagonal(x, -1), {1}, {4});
    check_values(diagonal(x, 3), {0}, {});
    check_values(diagonal(x, 0, 1, 0), {2}, {1, 5});
    check_values(diagonal(arange(8).reshape({2, 2, 2}), 0, 0, -1), {2, 2}, {0, 5, 2, 7});
    check_gradients([](const auto& in) { return diagonal(in[0], -1); }, {sample({4, 3})});

    const std::vector<Tensor> grid = meshgrid({arange(2), arange(3)});
    check_values(grid[0], {2, 3}, {0, 0, 0, 1, 1, 1});
    check_values(grid[1], {2, 3}, {0, 1, 2, 0, 1, 2});
    const std::vector<Tensor> swapped = meshgrid({arange(2), arange(3)}, GridOrder::xy);
    check_values(swapped[0], {3, 2}, {0, 1, 0, 1, 0, 1});
    check_values(swapped[1], {3, 2}, {0, 0, 1, 1, 2, 2});
    CHECK(meshgrid({}).empty());
}

TEST_CASE("what is joined meets at any place of a vector") {
    constexpr std::int64_t rows = 3;
    for (const DType dtype : {DType::f32, DType::f64, DType::i32, DType::u8}) {
        for (const std::int64_t left : {1, 7, 16, 37}) {
            const std::int64_t right = 45 - left;
            const Tensor a = (arange(rows * left) % 100).reshape({rows, left}).cast(dtype).eval();
            const Tensor b = (arange(rows * right) + 100).reshape({rows, right}).cast(dtype).eval();
            const std::vector<double> from_left = values(a);
            const std::vector<double> from_right = values(b);
            std::vector<double> joined, rolled, padded;
            for (std::int64_t i = 0; i < rows; ++i) {
                const auto element = [&](std::int64_t k) {
                    return k < left ? from_left[static_cast<std::size_t>(i * left + k)]
                                    : from_right[static_cast<std::size_t>(i * right + k - left)];
                };
                for (std::int64_t k = 0; k < left + right; ++k) {
                    joined.push_back(element(k));
                    rolled.push_back(element((k + right) % (left + right)));
                }
                for (std::int64_t k = -left; k < right; ++k) {
                    padded.push_back(k < 0 ? 9
                                           : from_right[static_cast<std::size_t>(i * right + k)]);
                }
            }
            const Tensor both = concat({a, b}, 1);
            check_values(both, {rows, 45}, joined);
            check_values(roll(both.eval(), left, 1), {rows, 45}, rolled);
            check_values(pad(b, {{0, 0}, {left, 0}}, 9), {rows, 45}, padded);
        }
    }
}

TEST_CASE("short innermost dimensions are arranged and reduced as long ones are") {
    for (const std::int64_t extent : {2, 3, 10, 31}) {
        const Tensor x = sample({50, extent}).cast(DType::f32).eval();
        const Tensor turned = x.transpose().eval();  // the same with the long dimension innermost
        check_values(x.sum(1), {50}, values(turned.sum(0)), 1e-5);
        check_values(x.max(1), {50}, values(turned.max(0)));
        check_values(argmax(x, 1), {50}, values(argmax(turned, 0)));
        check_values(softmax(x, 1).transpose(), {extent, 50}, values(softmax(turned, 0)), 1e-5);
        check_values(cumsum(x, 1).transpose(), {extent, 50}, values(cumsum(turned, 0)), 1e-5);
        check_values(sort(x, 1).transpose(), {extent, 50}, values(sort(turned, 0)));
        check_values(stack({x, x + 1}, 2).permute({2, 1, 0}), {2, extent, 50},
                     values(stack({turned, turned + 1}, 0)));
        check_values(repeat(x, 3, 1).transpose(), {3 * extent, 50}, values(repeat(turned, 3, 0)));
    }
}

TEST_CASE("what moves elements moves gradients back") {
    check_gradients([](const auto& in) { return concat({in[0].slice(0, 2, 0, -1), in[1]}); },
                    {sample({3, 2}), sample({1, 2}, 2)});
    check_gradients([](const auto& in) { return flip(pad(in[0], {{1, 2}, {-1, 0}}), 0); },
                    {sample({3, 2})});
    check_gradients([](const auto& in) { return roll(tile(in[0], {2, 1}), 1, 0).reshape({-1, 4}); },
                    {sample({2, 3})});
    check_gradients([](const auto& in) { return repeat(in[0], 2, 1).permute({1, 0}); },
                    {sample({2, 3})});
    check_gradients([](const auto& in) { return stack(split(in[0], 2, 1), 0); }, {sample({2, 4})});
}

TEST_CASE("creation makes what it says") {
    check_values(eye(2, 3), {2, 3}, {1, 0, 0, 0, 1, 0});
    check_values(arange(2, 11, 3), {3}, {2, 5, 8});
    check_values(arange(5, 0, -2), {3}, {5, 3, 1});
    check_values(arange(5, 0), {0}, {});
    check_values(arange(0.0, 1.0, 0.25), {4}, {0, 0.25, 0.5, 0.75});
    check_values(linspace(1, 3, 5), {5}, {1, 1.5, 2, 2.5, 3});
    check_values(linspace(1, 3, 1), {1}, {1});
    check_values(full({2}, 7), {2}, {7, 7});
    check_values(zeros_like(eye(2)), {2, 2}, {0, 0, 0, 0});
    check_values(ones_like(arange(2)), {2}, {1, 1});
    CHECK(linspace(0.1, 0.7, 97).to_vector<float>().back() == 0.7f);
    const std::size_t n = 2;
    CHECK(Tensor::from(std::vector<float>(6), {n, 3}).shape() == Shape{2, 3});
}
