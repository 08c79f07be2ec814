#include "tests/frontend/support.h"

using namespace latent;
using test::check_values;

namespace {

struct Layer {
    Tensor weight, bias;
    void visit(auto&& visitor) { visitor(weight, bias); }
};

Tensor f64(const std::vector<double>& elements, const Shape& shape) {
    return Tensor::from(elements, shape);
}

}  // namespace

TEST_CASE("jvp gives the value and how it moves, in the structure of the result") {
    const Tensor x = f64({1, 2}, {2});
    const auto [y, moved] = jvp([](const Tensor& at) { return at * at; }, x, f64({3, 5}, {2}));
    check_values(y, {2}, {1, 4});
    check_values(moved, {2}, {6, 20});

    const Layer layer{f64({1, 2, 3, 4}, {2, 2}), f64({1, 1}, {2})};
    const Layer along{f64({0, 1, 0, 0}, {2, 2}), f64({0, 2}, {2})};
    const auto [results, tangents] = jvp(
        [&](const Layer& at) { return std::vector{matmul(at.weight, x) + at.bias, at.bias.sum()}; },
        layer, along);
    check_values(results[0], {2}, {6, 12});
    check_values(tangents[0], {2}, {2, 2});
    check_values(tangents[1], {}, {2});
}

TEST_CASE("jvp refuses tangents that do not fit and results that do not move") {
    const Tensor x = f64({1, 2}, {2});
    const auto square = [](const Tensor& at) { return at * at; };
    CHECK_THROWS_WITH(jvp(square, x, f64({1}, {1})),
                      Catch::Contains("f64[1]") && Catch::Contains("f64[2]"));
    CHECK_THROWS_AS(jvp([](const Tensor&) { return full({}, 1.0f); }, x, x), GradientError);
    CHECK_THROWS_AS(jvp([](const Tensor& at) { return at > 0; }, x, x), GradientError);
    check_values(jvp([](const Tensor& at) { return floor(at); }, x, x).second, {2}, {0, 0});
}

TEST_CASE("hvp is the product with the Hessian, and zero for a linear function") {
    const Tensor x = f64({1, 2, 3}, {3});
    const Tensor v = f64({1, -1, 2}, {3});
    const auto cube = [](const Tensor& at) { return (at * at * at).sum() + at.prod(); };
    // 6 diag(x) and, of the product, x3 beside (1,2), x2 beside (1,3), x1 beside (2,3).
    check_values(hvp(cube, x, v), {3}, {6 + 1, -12 + 5, 36 + 1});
    check_values(hvp([](const Tensor& at) { return at.sum(); }, x, v), {3}, {0, 0, 0});
    const auto pair = hvp([](const std::vector<Tensor>& at) { return (at[0] * at[1]).sum(); },
                          std::vector{x, x}, std::vector{v, 2 * v});
    check_values(pair[0], {3}, {2, -2, 4});
    check_values(pair[1], {3}, {1, -1, 2});
}

TEST_CASE("jacobian and hessian hold all derivatives") {
    const Tensor x = f64({1, 2, 3}, {3});
    const auto wide = [](const Tensor& at) { return at.slice(0, 0, 2) * at.slice(0, 1); };
    check_values(jacobian(wide, x), {2, 3}, {2, 1, 0, 0, 3, 2});
    const auto tall = [](const Tensor& at) { return stack({at * at, at + at}, 0); };
    check_values(jacobian(tall, x), {2, 3, 3},
                 {2, 0, 0, 0, 4, 0, 0, 0, 6, 2, 0, 0, 0, 2, 0, 0, 0, 2});
    check_values(hessian([](const Tensor& at) { return at.prod(); }, x), {3, 3},
                 {0, 3, 2, 3, 0, 1, 2, 1, 0});
}

TEST_CASE("forward and reverse mode of composed operations are transposes of each other") {
    using Function = std::function<Tensor(const Tensor&)>;
    const Tensor weight = test::sample({4, 4});
    const Tensor labels = Tensor::from({0, 3, 1});
    const std::vector<std::pair<const char*, Function>> functions = {
        {"softmax", [](const Tensor& x) { return softmax(x, 1); }},
        {"log_softmax", [](const Tensor& x) { return log_softmax(x, 0); }},
        {"logsumexp", [](const Tensor& x) { return logsumexp(x); }},
        {"gelu", [](const Tensor& x) { return gelu(x); }},
        {"gelu by tanh", [](const Tensor& x) { return gelu(x, Gelu::tanh); }},
        {"silu", [](const Tensor& x) { return silu(x); }},
        {"softplus", [](const Tensor& x) { return softplus(x); }},
        {"layer_norm",
         [&](const Tensor& x) { return layer_norm(x, weight.select(0, 0), weight.select(0, 1)); }},
        {"rms_norm", [&](const Tensor& x) { return rms_norm(x, weight.select(0, 2)); }},
        {"group_norm",
         [&](const Tensor& x) {
             return group_norm(x, 2, weight.select(0, 0), weight.select(0, 1));
         }},
        {"variance", [](const Tensor& x) { return var(x, {.axes = {1}}); }},
        {"norm", [](const Tensor& x) { return norm(x, {1}); }},
        {"cross_entropy", [&](const Tensor& x) { return cross_entropy(x, labels); }},
        {"matmul", [&](const Tensor& x) { return matmul(matmul(x, weight), weight); }},
        {"transpose", [](const Tensor& x) { return x.transpose() * 2; }},
        {"strided", [](const Tensor& x) { return exp(x.slice(1, 0, 4, 2)); }},
        {"permuted product", [](const Tensor& x) { return matmul(x.transpose(), x); }},
        {"broadcast", [](const Tensor& x) { return x.slice(0, 0, 1) * x; }},
        {"one element", [](const Tensor& x) { return sin(x.slice(0, 0, 1).slice(1, 0, 1)); }},
        {"no element", [](const Tensor& x) { return exp(x.slice(0, 0, 0)); }},
        {"scalar", [](const Tensor& x) { return x.sum() * x.mean(); }},
        {"product", [](const Tensor& x) { return x.prod({1}); }},
        {"take", [&](const Tensor& x) { return take(x, labels, 1) * 3; }},
        {"where", [](const Tensor& x) { return where(x > 0, sqrt(x), 0); }},
        {"clip", [](const Tensor& x) { return clip(x, -0.5, 0.5); }},
        {"powers", [](const Tensor& x) { return pow(x, 3) + pow(x * x + 1, x); }},
        {"checkpoint",
         [](const Tensor& x) {
             return checkpoint([](const Tensor& at) { return tanh(at) * at; }, x);
         }},
        {"custom_vjp",
         [](const Tensor& x) {
             return custom_vjp([](const Tensor& at) { return sin(at); },
                               [](const Tensor& at, const Tensor&, const Tensor& cotangent) {
                                   return cotangent * cos(at);
                               })(x);
         }},
    };
    const Tensor x = test::sample({3, 4});
    const Tensor u = cos(x * 5);
    for (const auto& composed : functions) {
        INFO(composed.first);
        const Function& function = composed.second;
        const auto [y, moved] = jvp(function, x, u);
        const Tensor v = sin(arange(y.numel(), {.dtype = DType::f64}) + 1.0).reshape(y.shape());
        const Tensor at = x.detach();
        const Tensor back = vjp(function(at), {at}, v)[0];
        CHECK((moved * v).sum().item<double>() ==
              Approx((back * u).sum().item<double>()).epsilon(1e-10).margin(1e-12));
        const auto objective = [&](const Tensor& p) { return (function(p) * v).sum(); };
        const Tensor forward = hvp(objective, x, u);
        const auto slope = [&](const Tensor& p) {
            return (value_and_grad(objective, p).second * u).sum();
        };
        const Tensor start = leaf(x);
        const Tensor along = slope(start) + (start * 0.0).sum();
        const Tensor reverse = grad(along, {start})[0];
        test::check_values(forward, x.shape(), test::values(reverse), 1e-8);
    }
}
