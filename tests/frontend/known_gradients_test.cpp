#include <string_view>

#include "tests/frontend/support.h"

using namespace latent;
using test::check_values;
using test::infinity;

namespace {

Tensor row(const std::vector<double>& elements) {
    return leaf(Tensor::from(elements, {1, elements.size()}));
}

int count(const std::string& text, std::string_view part) {
    int found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++found;
    }
    return found;
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

TEST_CASE("the derivative of gelu is one far to the right and zero far to the left") {
    const Tensor x = row({1e30, 1e10, 40, -40, -1e10, -1e30});
    const Tensor first = gelu(x, Gelu::tanh).sum().backward()[x];
    check_values(first, {1, 6}, {1, 1, 1, 0, 0, 0});
    check_values(grad(first.sum(), {x})[0], {1, 6}, {0, 0, 0, 0, 0, 0});
}
