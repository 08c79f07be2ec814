#include <limits>
#include <numbers>

#include "tests/frontend/support.h"

using namespace latent;
using test::check_gradients;
using test::check_values;
using test::infinity;
using test::not_a_number;
using test::sample;

TEST_CASE("operators and functions of two operands compute what they say") {
    const Tensor a = Tensor::from({7.0, -7.0, 2.0});
    const Tensor b = Tensor::from({2.0, 2.0, -3.0});
    check_values(a - b, {3}, {5, -9, 5});
    check_values(a * b, {3}, {14, -14, -6});
    check_values(a / b, {3}, {3.5, -3.5, -2.0 / 3});
    check_values(a % b, {3}, {1, 1, -1});
    check_values(floor_divide(a, b), {3}, {3, -4, -1});
    check_values(10 - a, {3}, {3, 17, 8});
    check_values(1 / b, {3}, {0.5, 0.5, -1.0 / 3});
    check_values(-a, {3}, {-7, 7, -2});
    check_values(maximum(a, 0), {3}, {7, 0, 2});
    check_values(minimum(0, a), {3}, {0, -7, 0});
    check_values(a >= b, {3}, {1, 0, 1});
    check_values(a != 2, {3}, {1, 1, 0});
    check_values(2 == a, {3}, {0, 0, 1});
    check_values((a > 0) & (b > 0), {3}, {1, 0, 0});
    check_values((a > 0) | (b > 0), {3}, {1, 1, 1});
    check_values((a > 0) ^ (b > 0), {3}, {0, 1, 1});
    check_values(!(a > 0), {3}, {0, 1, 0});
    check_values(logical_and(a, b - 2), {3}, {0, 0, 1});
    check_values(where(a > 0, a, 0), {3}, {7, 0, 2});
    check_values(clip(a, -1, 5), {3}, {5, -1, 2});
    check_values(hypot(Tensor::from({3e200, 0.0}), Tensor::from({4e200, 0.0})), {2}, {5e200, 0});
    check_values(logaddexp(Tensor::from({1000.0, -infinity}), Tensor::from({1000.0, 1.0})), {2},
                 {1000 + std::numbers::ln2, 1});
    const Tensor i = Tensor::from({6, -5});
    check_values(i & 3, {2}, {2, 3});
    check_values(~i, {2}, {-7, 4});
    check_values(bitwise_left_shift(i, 1), {2}, {12, -10});
    check_values(bitwise_right_shift(i, 1), {2}, {3, -3});
    check_values(i % 4, {2}, {2, 3});
}

TEST_CASE("functions of one operand compute what they say") {
    const Tensor x = Tensor::from({-1.5, 0.5, 2.5});
    check_values(abs(x), {3}, {1.5, 0.5, 2.5});
    check_values(round(x), {3}, {-2, 0, 2});
    check_values(floor(x), {3}, {-2, 0, 2});
    check_values(ceil(x), {3}, {-1, 1, 3});
    check_values(trunc(x), {3}, {-1, 0, 2});
    check_values(sign(x), {3}, {-1, 1, 1});
    check_values(square(x), {3}, {2.25, 0.25, 6.25});
    check_values(exp2(x), {3}, {std::exp2(-1.5), std::exp2(0.5), std::exp2(2.5)});
    check_values(log2(square(x)), {3}, {std::log2(2.25), -2, std::log2(6.25)});
    check_values(log10(square(x)), {3}, {std::log10(2.25), std::log10(0.25), std::log10(6.25)});
    check_values(rsqrt(square(x)), {3}, {1 / 1.5, 2, 0.4});
    check_values(reciprocal(x), {3}, {-1 / 1.5, 2, 0.4});
    const Tensor odd = Tensor::from({not_a_number, infinity, -infinity, 1.0});
    check_values(isnan(odd), {4}, {1, 0, 0, 0});
    check_values(isinf(odd), {4}, {0, 1, 1, 0});
    check_values(isfinite(odd), {4}, {0, 0, 0, 1});
}

TEST_CASE("operators have names") {
    const Tensor a = Tensor::from({6, 5});
    check_values(neg(a), {2}, {-6, -5});
    check_values(add(a, 1), {2}, {7, 6});
    check_values(sub(1, a), {2}, {-5, -4});
    check_values(mul(a, a), {2}, {36, 25});
    check_values(div(a, 2), {2}, {3, 2.5});
    check_values(eq(a, 5), {2}, {0, 1});
    check_values(ne(a, 5), {2}, {1, 0});
    check_values(lt(a, 6), {2}, {0, 1});
    check_values(le(a, 6), {2}, {1, 1});
    check_values(gt(a, 5), {2}, {1, 0});
    check_values(ge(a, 6), {2}, {1, 0});
    check_values(bitwise_and(a, 3), {2}, {2, 1});
    check_values(bitwise_or(a, 3), {2}, {7, 7});
    check_values(bitwise_xor(a, 3), {2}, {5, 6});
    check_values(bitwise_not(a), {2}, {-7, -6});
}

TEST_CASE("NaN and infinities can be replaced, and compared within tolerances") {
    const Tensor odd = Tensor::from({not_a_number, infinity, -infinity, 1.0});
    check_values(nan_to_num(odd, 7, 8, 9), {4}, {7, 8, 9, 1});
    constexpr double largest = std::numeric_limits<double>::max();
    check_values(nan_to_num(odd), {4}, {0, largest, -largest, 1});
    check_values(sign(odd), {4}, {0, 1, -1, 1});
    check_values(isclose(odd, odd), {4}, {0, 1, 1, 1});
    check_values(isclose(odd, odd, {.equal_nan = true}), {4}, {1, 1, 1, 1});
    check_values(isclose(odd, full({}, infinity)), {4}, {0, 1, 0, 0});
    check_values(isclose(Tensor::from({1.0, 1.0}), Tensor::from({1.001, 1.1}), {.relative = 0.01}),
                 {2}, {1, 0});
    check_values(allclose(Tensor::from({3, 4}), Tensor::from({3, 4})), {}, {1});
    check_values(allclose(Tensor::from({3, 4}), Tensor::from({3, 5})), {}, {0});
    check_values(count_nonzero(Tensor::from({0.0, not_a_number, 2.0, 0.0}, {2, 2}), 0), {2},
                 {1, 1});
}

TEST_CASE("pow looks at exponents that are numbers") {
    const Tensor x = Tensor::from({-2.0, 0.0, 3.0});
    check_values(pow(x, 2), {3}, {4, 0, 9});
    check_values(pow(x, 3), {3}, {-8, 0, 27});
    check_values(pow(x, 7), {3}, {-128, 0, 2187});
    check_values(pow(x, -1), {3}, {-0.5, infinity, 1.0 / 3});
    check_values(pow(x, 0), {3}, {1, 1, 1});
    check_values(pow(x, 1), {3}, {-2, 0, 3});
    check_values(pow(square(x), 0.5), {3}, {2, 0, 3});
    check_values(pow(square(x), -0.5), {3}, {0.5, infinity, 1.0 / 3});
    check_values(pow(square(x), 1.3), {3}, {std::pow(4, 1.3), 0, std::pow(9, 1.3)});
    check_values(pow(x, Tensor::from({2.0, 0.0, 0.5})), {3}, {4, 1, std::sqrt(3)});
    check_values(pow(2, x), {3}, {0.25, 1, 8});
    check_values(pow(Tensor::from({2, 3}), 10), {2}, {1024, 59049});
    const Tensor w = leaf(x);
    check_values(pow(w, 2).sum().backward()[w], {3}, {-4, 0, 6});
}

TEST_CASE("reductions take axes from either end and keep dimensions if asked") {
    const Tensor x = arange(24.0).reshape({2, 3, 4});
    check_values(x.sum(), {}, {276});
    check_values(x.sum({0, 2}), {3}, {60, 92, 124});
    check_values(x.sum({-1, 0}), {3}, {60, 92, 124});
    check_values(x.sum({0, 2}, true), {1, 3, 1}, {60, 92, 124});
    check_values(x.mean(-1), {2, 3}, {1.5, 5.5, 9.5, 13.5, 17.5, 21.5});
    check_values(x.max({0, 1}), {4}, {20, 21, 22, 23});
    check_values(x.min(0, true).min({1, 2}), {1}, {0});
    check_values(x.sum(std::vector<int>{}), {2, 3, 4}, test::values(x));
    check_values((x > 3).all({1, 2}), {2}, {0, 1});
    check_values((x > 22).any(0).sum(), {}, {1});
    check_values(prod(Tensor::from({2, 3, 4})), {}, {24});
    check_values(var(x, {.axes = {2}}).mean(), {}, {1.25});
    check_values(var(x, {.axes = {2}, .correction = 1}).mean(), {}, {5.0 / 3});
    check_values(stddev(x, {.axes = {2}, .keepdims = true}).max(2), {2, 3},
                 std::vector<double>(6, std::sqrt(1.25)));
    check_values(norm(Tensor::from({3.0, -4.0})), {}, {5});
    check_values(norm(Tensor::from({3.0, -4.0}), Axes::all(), 1), {}, {7});
    check_values(norm(Tensor::from({3.0, -4.0}), Axes::all(), infinity), {}, {4});
    check_values(norm(Tensor::from({3.0, -4.0}), Axes::all(), 3), {}, {std::cbrt(91)});
    check_values(logsumexp(Tensor::from({1000.0, 1000.0})), {}, {1000 + std::numbers::ln2});
    check_values(logsumexp(Tensor::from({-infinity, -infinity})), {}, {-infinity});
    check_values(logsumexp(Tensor::from({infinity, 0.0})), {}, {infinity});
}

TEST_CASE("argmax and argmin give the first extreme position, or that of the first NaN") {
    const Tensor x = Tensor::from({1.0, 5.0, 5.0, -2.0, not_a_number, 7.0}, {2, 3});
    check_values(argmax(x, 1), {2}, {1, 1});
    check_values(argmin(x, 1, true), {2, 1}, {0, 1});
    check_values(argmax(x, -2), {3}, {0, 1, 1});
    check_values(argmax(x), {}, {4});
    check_values(argmax(x, std::nullopt, true), {1, 1}, {4});
    check_values(argmax(Tensor::from({3, 9, 9})), {}, {1});
}

TEST_CASE("argmax and argmin tell neighbouring numbers, infinities and NaN apart in every dtype") {
    // The smallest numbers, neighbours beside 1, the largest numbers, of each dtype.
    const auto check = [](DType dtype, double least, double above_one, double largest) {
        CAPTURE(name(dtype));
        const auto first = [&](const std::vector<double>& values, int max, int min) {
            const Tensor x = Tensor::from(values).cast(dtype);
            check_values(argmax(x), {}, {static_cast<double>(max)});
            check_values(argmin(x), {}, {static_cast<double>(min)});
        };
        first({0.0, -least, least, -0.0, least}, 2, 1);
        first({-0.0, 0.0, -0.0}, 0, 0);
        first({1.0, above_one, 1.0, above_one}, 1, 0);
        first({-1.0, -above_one, -1.0}, 0, 1);
        first({-largest, largest, -largest}, 1, 0);
        first({1.0, -infinity, infinity, infinity, -infinity}, 2, 1);
        first({infinity, infinity}, 0, 0);
        first({-infinity, -infinity}, 0, 0);
        first({infinity, 1.0, not_a_number, -infinity, not_a_number}, 2, 2);
        first({-infinity, largest, -not_a_number}, 2, 2);
    };
    check(DType::f64, std::numeric_limits<double>::denorm_min(), 1 + 0x1p-52,
          std::numeric_limits<double>::max());
    check(DType::f32, 0x1p-149, 1 + 0x1p-23, 0x1.fffffep127);
    check(DType::f16, 0x1p-24, 1 + 0x1p-10, 65504);
    check(DType::bf16, 0x1p-133, 1 + 0x1p-7, 0x1.fep127);
}

TEST_CASE("matmul handles vectors, matrices and broadcast batches") {
    const Tensor v = Tensor::from({1.0, 2.0, 3.0});
    const Tensor m = arange(6.0, {.dtype = DType::f64}).reshape({3, 2});
    check_values(matmul(v, v), {}, {14});
    check_values(matmul(v, m), {2}, {16, 22});
    check_values(matmul(m.transpose(), v), {2}, {16, 22});
    check_values(matmul(m.transpose(), m), {2, 2}, {20, 26, 26, 35});
    const Tensor batch = stack({m, 2 * m});  // (2, 3, 2)
    check_values(matmul(v, batch), {2, 2}, {16, 22, 32, 44});
    const Tensor left = sample({2, 1, 4, 3});
    const Tensor right = sample({5, 3, 2}, 2);
    const Tensor product = matmul(left, right);
    REQUIRE(product.shape() == Shape{2, 5, 4, 2});
    const Tensor by_hand = (left.expand_dims(-1) * right.expand_dims(1)).sum(-2);
    check_values(product, {2, 5, 4, 2}, test::values(by_hand), 1e-12);
    check_gradients([](const auto& in) { return matmul(in[0], in[1]); },
                    {sample({2, 1, 2, 3}), sample({2, 3, 2}, 2)});
    check_values(matmul(Tensor::from({1, 2}), Tensor::from({3, 4})), {}, {11});
}

TEST_CASE("einsum, tensordot and outer agree with broadcast products") {
    const Tensor a = sample({2, 3, 4});
    const Tensor b = sample({4, 3, 5}, 2);
    const std::vector<double> expected =
        test::values((a.permute({0, 2, 1}).expand_dims(-1) * b.expand_dims(0)).sum({1, 2}));
    check_values(einsum("ijk,kjl->il", {a, b}), {2, 5}, expected, 1e-12);
    check_values(tensordot(a, b, {1, 2}, {1, 0}), {2, 5}, expected, 1e-12);
    check_values(tensordot(swapaxes(a, 1, 2), b, 2), {2, 5}, expected, 1e-12);
}

TEST_CASE("einsum takes diagonals, sums, permutes, multiplies many and infers its result") {
    const Tensor m = arange(9.0, {.dtype = DType::f64}).reshape({3, 3});
    check_values(einsum("ii->i", {m}), {3}, {0, 4, 8});
    check_values(einsum("ii", {m}), {}, {12});
    check_values(einsum("ij->ji", {m}), {3, 3}, test::values(m.transpose()));
    check_values(einsum("ij->", {m}), {}, {36});
    check_values(einsum("ba", {m}), {3, 3}, test::values(m.transpose()));
    check_values(einsum("ij,jk,kl->il", {m, m, m}), {3, 3}, test::values(matmul(matmul(m, m), m)));
    check_values(einsum("i,j->ij", {m.select(0, 1), m.select(0, 2)}), {3, 3},
                 test::values(outer(m.select(0, 1), m.select(0, 2))));
    check_values(einsum("ab,ab->a", {m, m}), {3}, {5, 50, 149});
    check_values(einsum("ij,k->i", {m, m.select(0, 1)}), {3}, {36, 144, 252});
    check_gradients([](const auto& in) { return einsum("iij,jk->ik", in); },
                    {sample({2, 2, 3}), sample({3, 2}, 2)});
}

TEST_CASE("softmax, its logarithm and cross entropy survive large logits") {
    const Tensor x = Tensor::from({1000.0, 1000.0, 0.0, -infinity}, {2, 2});
    check_values(softmax(x), {2, 2}, {0.5, 0.5, 1, 0});
    check_values(log_softmax(x).slice(0, 0, 1), {1, 2}, {-std::numbers::ln2, -std::numbers::ln2});
    const Tensor labels = Tensor::from({1, 0});
    check_values(cross_entropy(x, labels), {}, {std::numbers::ln2 / 2});
    check_values(cross_entropy(x, labels, Reduction::none), {2}, {std::numbers::ln2, 0});
    check_values(cross_entropy(x, labels, Reduction::sum), {}, {std::numbers::ln2});
    check_values(softmax(x, 0).sum(0), {2}, {1, 1});
    check_gradients([](const auto& in) { return softmax(in[0], 0); }, {sample({3, 4})});
    check_gradients([](const auto& in) { return log_softmax(in[0]); }, {sample({3, 4})});
    check_gradients([](const auto& in) { return logsumexp(in[0], 1); }, {sample({3, 4})});
    check_gradients([&](const auto& in) { return cross_entropy(in[0], labels); }, {sample({2, 4})});
}

TEST_CASE(
    "activations, normalisations and losses have the values and gradients of their formulas") {
    const Tensor x = Tensor::from({-2.0, 0.0, 3.0});
    const auto phi = [](double v) { return 0.5 * (1 + std::erf(v / std::numbers::sqrt2)); };
    check_values(gelu(x), {3}, {-2 * phi(-2), 0, 3 * phi(3)});
    check_values(gelu(x, Gelu::tanh), {3}, {-2 * phi(-2), 0, 3 * phi(3)}, 1e-3);
    check_values(sigmoid(x), {3}, {1 / (1 + std::exp(2)), 0.5, 1 / (1 + std::exp(-3))});
    check_values(silu(x), {3}, {-2 / (1 + std::exp(2)), 0, 3 / (1 + std::exp(-3))});
    check_values(softplus(Tensor::from({-1000.0, 0.0, 1000.0})), {3}, {0, std::numbers::ln2, 1000});
    check_values(leaky_relu(x, 0.1), {3}, {-0.2, 0, 3});
    check_values(mse_loss(x, Tensor::from({0.0, 0.0, 0.0})), {}, {13.0 / 3});
    for (const auto& activation :
         {+[](const Tensor& v) { return gelu(v); },
          +[](const Tensor& v) { return gelu(v, Gelu::tanh); },
          +[](const Tensor& v) { return sigmoid(v); }, +[](const Tensor& v) { return silu(v); },
          +[](const Tensor& v) { return softplus(v); }}) {
        check_gradients([&](const auto& in) { return activation(in[0]); }, {x});
    }
    const Tensor rows = sample({3, 5});
    const Tensor normalized =
        layer_norm(rows, ones({5}, {.dtype = DType::f64}), zeros({5}, {.dtype = DType::f64}));
    check_values(normalized.mean(-1), {3}, {0, 0, 0}, 1e-12);
    check_values(var(normalized, {.axes = {-1}}), {3}, {1, 1, 1}, 1e-3);
    check_gradients([](const auto& in) { return layer_norm(in[0], in[1], in[2]); },
                    {rows, sample({5}, 2), sample({5}, 3)});
    check_gradients([](const auto& in) { return rms_norm(in[0], in[1]); }, {rows, sample({5}, 2)});
}

TEST_CASE("where is safe from NaN in the branch that is not taken") {
    const Tensor x = leaf(Tensor::from({0.0, 4.0}));
    const Tensor y = where(x > 0, sqrt(x), 0);
    check_values(y.sum().backward()[x], {2}, {0, 0.25});
    const Tensor zero = leaf(Tensor::from({0.0, 0.0}));
    check_values(norm(zero).backward()[zero], {2}, {0, 0});
    check_values(hypot(zero, zero).sum().backward()[zero], {2}, {0, 0});
}
