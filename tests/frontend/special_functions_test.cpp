#include <latent/latent.h>

#include <numbers>

#include "tests/frontend/support.h"

using namespace latent;
using namespace latent::test;

TEST_CASE("digamma is accurate, on the negative axis and near zero too") {
    const Tensor x =
        Tensor::from({-10.3, -1.5, -1e-3, 1e-3, 0.25, 0.5, 1.0, 2.0, 7.5, 100.0, 1e10});
    const std::vector<double> expected = {
        4.662403493582087,   0.70315664064524319, 999.42113819789133,   -1000.5755719318103,
        -4.2274535333762654, -1.9635100260214235, -0.57721566490153286, 0.42278433509846714,
        1.9467574842460868,  4.6001618527380874,  23.025850929890457};
    check_values(digamma(x), {11}, expected, 1e-14);
    check_values(digamma(cast(x, DType::f32)), {11}, expected, 1e-5);
}

TEST_CASE("digamma is accurate to a few units in the last place, beside its zero too") {
    const std::vector<double> x = {0.5, 0.75, 1.25, 1.4, 1.4616321449683622, 1.5, 1.75, 2.046875,
                                   3.0, 7.5,  8.0,  8.5};
    const std::vector<double> exact = {
        -1.9635100260214234794,   -1.0858608797864721696,     -0.22745353337626540809,
        -0.061384544585116236801, -9.2412655217294275168e-17, 0.036489973978576520559,
        0.24747245354686116371,   0.45257995137818187736,     0.92278433509846713939,
        1.9467574842460867881,    2.0156414779556099965,      2.0800908175794201214};
    const std::vector<double> result = values(digamma(Tensor::from(x)));
    for (std::size_t i = 0; i < x.size(); ++i) {
        INFO("digamma(" << x[i] << ")");
        CHECK(std::abs(result[i] / exact[i] - 1) < 8e-16);
    }
}

TEST_CASE("digamma has poles at 0, with the opposite sign, and no value at its other poles") {
    const Tensor x = Tensor::from({-infinity, -2.0, -1.0, -0.0, 0.0, infinity, not_a_number});
    check_values(
        digamma(x), {7},
        {not_a_number, not_a_number, not_a_number, infinity, -infinity, infinity, not_a_number});
}

TEST_CASE("special functions have gradients, and these have gradients") {
    const Tensor inside = Tensor::from({-0.9, -0.3, 0.0, 0.5, 0.8});
    const Tensor positive = Tensor::from({0.2, 1.0, 1.46, 2.5, 9.0});
    const Tensor negative = Tensor::from({-0.4, -1.6, -3.3});
    check_gradients([](const auto& in) { return erfc(in[0]); }, {2.0 * inside});
    check_gradients([](const auto& in) { return erfinv(in[0]); }, {inside});
    check_gradients([](const auto& in) { return lgamma(in[0]); }, {positive});
    check_gradients([](const auto& in) { return lgamma(in[0]); }, {negative});
    check_gradients([](const auto& in) { return digamma(in[0]); }, {positive});
    check_gradients([](const auto& in) { return digamma(in[0]); }, {negative});

    const Tensor one = leaf(Tensor::from({1.0}));
    const Tensor trigamma = grad(digamma(one).sum(), {one})[0];
    check_values(trigamma, {1}, {std::numbers::pi * std::numbers::pi / 6}, 1e-14);
}

TEST_CASE("the sigmoid is accurate in both of its tails, and so is its gradient") {
    const Tensor x = leaf(Tensor::from({-100.0F, 40.0F}));
    const double tail = std::exp(-100);
    const Tensor y = sigmoid(x);
    CHECK(std::abs(values(y)[0] / tail - 1) < 0.02);  // a denormal f32
    const Tensor slope = y.sum().backward()[x];
    CHECK(std::abs(values(slope)[1] / std::exp(-40) - 1) < 1e-6);
}

TEST_CASE("special functions of integers are f32") {
    CHECK(lgamma(Tensor::from({5})).dtype() == DType::f32);
    CHECK(digamma(Tensor::from({5})).dtype() == DType::f32);
    check_values(lgamma(Tensor::from({5})), {1}, {std::log(24)});
}
