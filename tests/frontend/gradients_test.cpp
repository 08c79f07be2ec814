#include "tests/frontend/support.h"

using namespace latent;
using test::check_values;

TEST_CASE("gradients are lazy values, keyed by the tensor") {
    const Tensor x = leaf(Tensor::from({1.0f, 2.0f}));
    const Tensor hidden = x * x;
    const Tensor loss = (hidden * 3).sum();
    const Gradients g = loss.backward();
    const Tensor& first = g[x];
    CHECK_FALSE(first.is_ready());
    CHECK(&g[x] == &first);
    const Tensor alias = x;
    CHECK(&g[alias] == &first);
    check_values(g[x], {2}, {6, 12});
    check_values(g[hidden], {2}, {3, 3});
}

TEST_CASE("a late backward recomputes what it needs") {
    const Tensor x = leaf(Tensor::from({1.0f, 2.0f}));
    const Tensor loss = exp(x).sum();
    CHECK(loss.item<float>() == Approx(std::exp(1) + std::exp(2)));
    check_values(loss.backward()[x], {2}, {std::exp(1), std::exp(2)});
}

TEST_CASE("a factor that was computed as a reshape has forgotten of what") {
    const Tensor factor = (arange(4) * 2.0f).reshape({2, 2}).eval();
    const Tensor x = leaf(full({2, 2}, 1.0f));
    check_values((x * factor).sum().backward()[x], {2, 2}, {0, 2, 4, 6});
}

TEST_CASE("gradients have gradients") {
    const Tensor x = leaf(full({}, 2.0f, {.dtype = DType::f64}));
    const Tensor y = pow(x, 4);
    const Tensor first = y.backward()[x];
    check_values(first, {}, {32});
    const Tensor second = grad(first, {x})[0];
    check_values(second, {}, {48});
    check_values(grad(second, {x})[0], {}, {48});
    const auto laplacian = [](const std::vector<Tensor>& in) {
        return grad((sin(in[0]) * in[0]).sum(), {in[0]})[0];
    };
    test::check_gradients(laplacian, {test::sample({3})});
}

TEST_CASE("adding two Gradients accumulates micro-batches") {
    const Tensor w = leaf(full({}, 3.0f));
    const Tensor v = leaf(full({}, 4.0f));
    const Gradients first = (w * 2).backward();
    const Gradients second = (w * v).backward();
    const Gradients sum = first + second + second;
    check_values(sum[w], {}, {2 + 4 + 4});
    check_values(sum[v], {}, {6});
    CHECK_THROWS_AS((first + first)[v], GradientError);
}

TEST_CASE("grad, vjp and value_and_grad differentiate by tensors that do not require a gradient") {
    const Tensor x = full({}, 3.0f);
    check_values(grad(x * x, {x})[0], {}, {6});
    const Tensor y = Tensor::from({1.0f, 2.0f});
    check_values(vjp(y * y, {y}, Tensor::from({1.0f, 10.0f}))[0], {2}, {2, 40});
    const auto [value, gradient] = value_and_grad([](const Tensor& v) { return (v * v).sum(); }, y);
    check_values(value, {}, {5});
    check_values(gradient, {2}, {2, 4});
    CHECK_THROWS_AS(value_and_grad([](const Tensor& v) { return v * v; }, y), GradientError);
}

TEST_CASE("detach stops gradients, and a leaf starts them") {
    const Tensor x = leaf(full({}, 3.0f));
    check_values((x * x.detach()).backward()[x], {}, {3});
    const Tensor y = leaf(x * 2);
    check_values((y * y).backward()[y], {}, {12});
    CHECK_THROWS_AS((y * y).backward()[x], GradientError);
}

TEST_CASE("a gradient that is zero everywhere is zeros, not an error") {
    const Tensor x = leaf(Tensor::from({1.5f, 2.5f}));
    check_values((floor(x) * 2).sum().backward()[x], {2}, {0, 0});
}

TEST_CASE("the gradient of a product is the product of the others, zeros among them or not") {
    constexpr std::int64_t count = 150;
    for (const int axis : {0, 1, 2}) {
        Shape shape;
        for (int i = 0; i < 3; ++i) {
            shape.push_back(i == axis ? count : 3);
        }
        const Tensor position = arange(count).reshape(axis == 0   ? Shape{count, 1, 1}
                                                      : axis == 1 ? Shape{1, count, 1}
                                                                  : Shape{1, 1, count});
        const Tensor factors = (1 + 0.1 * test::sample(shape)).eval();
        const auto gradient = [&](const Tensor& at) {
            const Tensor x = leaf(at);
            return x.prod(axis).sum().backward()[x];
        };
        const Tensor others = factors.prod(axis, true) / factors;
        check_values(gradient(factors), shape, test::values(others), 1e-9);
        const Tensor one_zero = where(position == 70, 0.0, factors);
        check_values(gradient(one_zero), shape, test::values(where(position == 70, others, 0.0)),
                     1e-9);
        const Tensor two_zeros = where(position == 3, 0.0, one_zero);
        check_values(gradient(two_zeros), shape, test::values(zeros_like(factors)));
    }
    const Tensor x = leaf((1 + 0.1 * test::sample({4, 5, 6})).eval());
    const Tensor all = x.prod().backward()[x];
    check_values(all, {4, 5, 6}, test::values(x.prod() / x), 1e-9);
    const Tensor apart = x.prod({0, 2}).sum().backward()[x];
    check_values(apart, {4, 5, 6}, test::values(x.prod({0, 2}, true) / x), 1e-9);
}
