#include <cmath>
#include <functional>
#include <string_view>
#include <tuple>

#include "tests/frontend/support.h"
#include "tests/support/statements.h"

using namespace latent;
using test::check_values;
using test::count;
using test::infinity;

namespace {

using Function = std::function<Tensor(const Tensor&)>;

Tensor row(const std::vector<double>& elements) {
    return leaf(Tensor::from(elements, {1, elements.size()}));
}

Tensor vector(const std::vector<double>& elements) {
    return Tensor::from(elements, {elements.size()});
}

/// The rows of `x`, one for each position of the first axis, by the steps of the formula.
Tensor standardized_in_steps(const Tensor& x) {
    const Tensor centred = x - x.mean({1}, true);
    return centred / sqrt((centred * centred).mean({1}, true) + 1e-5);
}

}  // namespace

TEST_CASE("the gradient of a softmax is made of its result, and takes no exponential") {
    const Tensor x = leaf(randn({30, 40}).eval());
    const Tensor y = softmax(x, 1).eval();
    const std::string text = explain(y.backward(ones({30, 40}))[x]);
    CHECK(count(text, "stage reduce") == 1);
    CHECK(count(text, "elementwise f32 exp") == 0);
    CHECK(count(text, "elementwise f32 div") == 0);
}

TEST_CASE(
    "a cotangent or tangent of zero gives zero where a softmax or a norm of a row is not a "
    "number") {
    const Tensor x = row({-infinity, -infinity});
    const Tensor shown = Tensor::from({false, false}, {1, 2});
    const Tensor weights = full({2}, 1.0, {.dtype = DType::f64});
    const Tensor zero = zeros({2}, {.dtype = DType::f64});
    for (const Tensor& y :
         {softmax(x, 1), layer_norm(x, weights, zero), rms_norm(x, weights, 1e-5)}) {
        check_values(where(shown, y, 0.0).sum().backward()[x], {1, 2}, {0, 0});
    }
    const auto [y, moved] =
        jvp([&](const Tensor& at) { return softmax(where(shown, at, x.detach()), 1); }, x,
            ones_like(x));
    check_values(moved, {1, 2}, {0, 0});
}

TEST_CASE("a zero beside other numbers gives zero where a row of a softmax is not a number") {
    const Tensor x = leaf(Tensor::from({1.0, 2.0, -infinity, -infinity}, {2, 2}));
    const Tensor along = Tensor::from({1.0, 0.0, 0.0, 0.0}, {2, 2});
    const auto softmax_of_rows = [](const Tensor& at) { return softmax(at, 1); };
    const double slope = std::exp(1.0) / std::pow(1 + std::exp(1.0), 2);
    const std::vector<double> expected{slope, -slope, 0, 0};
    check_values(softmax_of_rows(x).backward(along)[x], {2, 2}, expected);
    check_values(jvp(softmax_of_rows, x.detach(), along).second, {2, 2}, expected);
}

TEST_CASE("an infinite tangent moves nothing where the derivative of a known rule is zero") {
    const Tensor p = vector({0, 0.5, 0.5});
    const auto probabilities = [](const Tensor& at) { return softmax(log(at), 0); };
    check_values(jvp(probabilities, p, ones_like(p)).second, {3}, {0, 0, 0});
    check_values(jvp(probabilities, p, vector({1, 1, 0})).second, {3}, {0, 0.5, -0.5});

    for (const DType dtype : {DType::f32, DType::f64}) {
        const Tensor x = vector({0, 4}).cast(dtype);
        const auto far_left = [](const Tensor& at) { return gelu(sqrt(at) - 100.0, Gelu::tanh); };
        check_values(jvp(far_left, x, ones_like(x)).second, {2}, {0, 0});
    }
}

TEST_CASE("known rules move, and bend, as the steps of their formulas do") {
    const Tensor weight = test::sample({2, 4});
    const Tensor gamma = weight.select(0, 0);
    const Tensor beta = weight.select(0, 1);
    const std::vector<std::tuple<const char*, Function, Function>> functions = {
        {"softmax", [](const Tensor& x) { return softmax(x, 1); },
         [](const Tensor& x) { return exp(x) / exp(x).sum({1}, true); }},
        {"gelu by tanh", [](const Tensor& x) { return gelu(x, Gelu::tanh); },
         [](const Tensor& x) {
             const double scale = std::sqrt(2 / std::acos(-1.0));
             return x * (1 + tanh(scale * (x + 0.044715 * x * x * x))) / 2;
         }},
        {"layer_norm", [&](const Tensor& x) { return layer_norm(x, gamma, beta); },
         [&](const Tensor& x) { return standardized_in_steps(x) * gamma + beta; }},
        {"rms_norm", [&](const Tensor& x) { return rms_norm(x, gamma); },
         [&](const Tensor& x) { return x / sqrt((x * x).mean({1}, true) + 1e-5) * gamma; }},
        {"group_norm", [&](const Tensor& x) { return group_norm(x, 2, gamma, beta); },
         [&](const Tensor& x) {
             const Tensor rows = standardized_in_steps(x.reshape({6, 2}));
             return rows.reshape({3, 4}) * gamma + beta;
         }},
    };
    const Tensor x = test::sample({3, 4});
    const Tensor u = cos(x * 5);
    const Tensor v = sin(x * 3);
    for (const auto& [name, known, steps] : functions) {
        INFO(name);
        const auto check = [&](const auto& derivative) {
            check_values(derivative(known), {3, 4}, test::values(derivative(steps)), 1e-9);
        };
        check([&](const Function& of) { return of(x); });
        check([&](const Function& of) { return jvp(of, x, u).second; });
        check([&](const Function& of) { return vjp(of(x), {x}, v)[0]; });
        check([&](const Function& of) {
            return hvp([&](const Tensor& at) { return (of(at) * v).sum(); }, x, u);
        });
        // Forward mode of forward mode.
        check([&](const Function& of) {
            return jvp([&](const Tensor& at) { return jvp(of, at, u).second; }, x, u).second;
        });
    }
}

TEST_CASE("gelu of -infinity is not a number, by tanh as by erf") {
    const Tensor x = row({-infinity, infinity});
    for (const Gelu form : {Gelu::erf, Gelu::tanh}) {
        check_values(gelu(x, form), {1, 2}, {test::not_a_number, infinity});
    }
}

TEST_CASE("the derivative of gelu is one far to the right and zero far to the left") {
    for (const DType dtype : {DType::f32, DType::f64}) {
        const Tensor x = leaf(row({1e30, 1e10, 40, -40, -1e10, -1e30}).detach().cast(dtype));
        const auto gelu_by_tanh = [](const Tensor& at) { return gelu(at, Gelu::tanh); };
        const Tensor first = gelu_by_tanh(x).sum().backward()[x];
        const Tensor moved = jvp(gelu_by_tanh, x.detach(), ones_like(x)).second;
        const Tensor second = grad(first.sum(), {x})[0];
        check_values(first, {1, 6}, {1, 1, 1, 0, 0, 0});
        check_values(moved, {1, 6}, {1, 1, 1, 0, 0, 0});
        check_values(second, {1, 6}, {0, 0, 0, 0, 0, 0});
    }
}
