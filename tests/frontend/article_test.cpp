#include "tests/frontend/support.h"

using namespace latent;
using test::check_values;

TEST_CASE("a tensor keeps its value whatever is done with it") {
    const Tensor x = Tensor::from({1.0f, 2.0f, 3.0f});
    Tensor y = x;
    y += 1;
    y = y * x;
    y.eval();
    check_values(x, {3}, {1, 2, 3});
    check_values(y, {3}, {2, 6, 12});
}

TEST_CASE("(5,10) + (10) broadcasts, and the gradient of the (10) operand is summed back to (10)") {
    const Tensor a = ones({5, 10}, {.requires_grad = true});
    const Tensor b = leaf(arange(10.0));
    const Tensor sum = a + b;
    CHECK(sum.shape() == Shape{5, 10});
    const Gradients g = sum.sum().backward();
    check_values(g[a], {5, 10}, std::vector<double>(50, 1));
    check_values(g[b], {10}, std::vector<double>(10, 5));
    check_values(sum.select(0, 4), {10}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
}

TEST_CASE("a tensor and a number are added in either order") {
    const Tensor x = Tensor::from({1.0f, 2.0f});
    check_values(x + 5.0f, {2}, {6, 7});
    check_values(5.0f + x, {2}, {6, 7});
    CHECK((5.0f + x).dtype() == DType::f32);
    CHECK((x + 5.0).dtype() == DType::f32);
}

TEST_CASE("zeros, ones and rand take requires_grad, which spreads to results") {
    const Tensor w = zeros({2}, {.requires_grad = true});
    CHECK(w.requires_grad());
    CHECK(ones({2}, {.requires_grad = true}).requires_grad());
    CHECK(rand({2}, {.requires_grad = true}).requires_grad());
    const Tensor x = ones({2});
    CHECK_FALSE(x.requires_grad());
    CHECK((w + x).requires_grad());
    CHECK(exp(w).sum().requires_grad());
    CHECK_FALSE((x * 2).requires_grad());
    CHECK_FALSE((w > x).requires_grad());
    CHECK_FALSE(w.detach().requires_grad());
    CHECK_FALSE((w.detach() + x).requires_grad());
}

TEST_CASE("backward of a scalar starts from one") {
    const Tensor x = leaf(full({}, 3.0f));
    check_values((x * x).backward()[x], {}, {6});
    const Tensor one_element = leaf(full({1, 1}, 3.0f));
    check_values(square(one_element).backward()[one_element], {1, 1}, {6});
}

TEST_CASE("backward of another shape needs a cotangent or throws") {
    const Tensor x = leaf(Tensor::from({1.0f, 2.0f}));
    const Tensor y = x * x;
    CHECK_THROWS_AS(y.backward(), GradientError);
    check_values(y.backward(Tensor::from({10.0f, 100.0f}))[x], {2}, {20, 400});
}

TEST_CASE("a value used twice gets the sum of both gradients, once each") {
    const Tensor x = leaf(full({}, 2.0f));
    const Tensor shared = x * 3.0f;
    const Tensor y = shared * shared + shared;  // 9 x^2 + 3 x
    check_values(y.backward()[x], {}, {39});
}

TEST_CASE("a ladder of 60 diamonds takes linear time") {
    const Tensor x = leaf(full({}, 1.0f, {.dtype = DType::f64}));
    Tensor y = x;
    for (int i = 0; i < 60; ++i) {
        y = (y + y) * 0.5;
    }
    check_values(y.backward()[x], {}, {1});
    check_values(y, {}, {1});
}

TEST_CASE(
    "a chain of 1,000,000 ops builds, differentiates, evaluates and is destroyed on a default "
    "stack",
    "[large]") {
    const std::uint64_t before = counters().nodes_alive;
    {
        const Tensor x = leaf(full({}, 0.0f, {.dtype = DType::f64}));
        const Tensor one = full({}, 1.0f, {.dtype = DType::f64});
        Tensor y = x;
        for (int i = 0; i < 1'000'000; ++i) {
            y = y + one;
        }
        CHECK(y.item<double>() == 1'000'000);
        CHECK(y.backward()[x].item<double>() == 1);
    }
    CHECK(counters().nodes_alive <= before + 100);
}

TEST_CASE(
    "one optimiser step gives new parameters; the old ones still hold the old values and still "
    "evaluate") {
    const Tensor w = leaf(Tensor::from({1.0f, 2.0f}));
    const Tensor x = Tensor::from({3.0f, 4.0f});
    const Tensor output = w * x;
    const Tensor loss = pow(output, 2).sum();
    const Gradients g = loss.backward();
    const optim::SGD sgd{{.learning_rate = 0.1}};
    const std::vector<Tensor> old{w};
    const auto [updated, state] = sgd.update(old, g, sgd.init(old));
    check_values(updated[0], {2}, {1 - 0.1 * 18, 2 - 0.1 * 64});
    check_values(w, {2}, {1, 2});
    check_values(output, {2}, {3, 8});
    CHECK(updated[0].requires_grad());
}

TEST_CASE("nothing needs zeroing between steps") {
    std::vector<Tensor> parameters{leaf(full({}, 5.0f))};
    const optim::SGD sgd{{.learning_rate = 0.25}};
    optim::SGDState state = sgd.init(parameters);
    for (int i = 0; i < 3; ++i) {
        const Tensor loss = square(parameters[0]);
        std::tie(parameters, state) = sgd.update(parameters, loss.backward(), state);
    }
    check_values(parameters[0], {}, {5.0 / 8});  // each step halves it
}

TEST_CASE("relu has forward and backward, with gradient zero at zero") {
    const Tensor x = leaf(Tensor::from({-1.0f, 0.0f, 2.0f}));
    const Tensor y = relu(x);
    check_values(y, {3}, {0, 0, 2});
    check_values(y.sum().backward()[x], {3}, {0, 0, 1});
}

TEST_CASE("a user composes a new operation with gradients out of others") {
    const auto mish = [](const Tensor& x) { return x * tanh(softplus(x)); };
    test::check_gradients([&](const auto& in) { return mish(in[0]); }, {test::sample({5})});
}
