#include "tests/frontend/support.h"

using namespace latent;
using test::check_values;

namespace {

constexpr std::size_t steps = 5;
constexpr double start = 2;
double gradient_at(double p) {
    return 2 * p + 1;
}

/// Minimises p^2 + p from 2 for a few steps, in the dtype.
template <typename Optimizer>
double minimized(const Optimizer& optimizer, DType dtype) {
    std::vector<Tensor> parameters{leaf(full({}, start, {.dtype = dtype}))};
    auto state = optimizer.init(parameters);
    for (std::size_t i = 0; i < steps; ++i) {
        const Tensor loss = square(parameters[0]) + parameters[0];
        std::tie(parameters, state) = optimizer.update(parameters, loss.backward(), state);
    }
    CHECK(parameters[0].dtype() == dtype);
    return parameters[0].item<double>();
}

double sgd_by_hand(const optim::SGDOptions& o) {
    double p = start;
    double velocity = 0;
    for (std::size_t i = 0; i < steps; ++i) {
        const double g = gradient_at(p) + o.weight_decay * p;
        velocity = o.momentum * velocity + g;
        p -= o.learning_rate * (o.nesterov ? g + o.momentum * velocity : velocity);
    }
    return p;
}

double adam_by_hand(double rate, double decay, bool decoupled) {
    double p = start;
    double m = 0;
    double v = 0;
    for (std::size_t t = 1; t <= steps; ++t) {
        const double g = gradient_at(p) + (decoupled ? 0 : decay * p);
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        const double mean = m / (1 - std::pow(0.9, t));
        const double square = v / (1 - std::pow(0.999, t));
        p -= (decoupled ? rate * decay * p : 0) + rate * mean / (std::sqrt(square) + 1e-8);
    }
    return p;
}

}  // namespace

TEST_CASE("SGD follows its formula with momentum, Nesterov's look ahead and weight decay") {
    for (const optim::SGDOptions& options :
         {optim::SGDOptions{.learning_rate = 0.1},
          optim::SGDOptions{.learning_rate = 0.1, .momentum = 0.9},
          optim::SGDOptions{.learning_rate = 0.1, .momentum = 0.9, .nesterov = true},
          optim::SGDOptions{.learning_rate = 0.1, .momentum = 0.5, .weight_decay = 0.3}}) {
        CHECK(minimized(optim::SGD(options), DType::f64) ==
              Approx(sgd_by_hand(options)).epsilon(1e-12));
        CHECK(minimized(optim::SGD(options), DType::f32) ==
              Approx(sgd_by_hand(options)).epsilon(1e-5));
    }
}

TEST_CASE("Adam and AdamW follow their formulas with and without weight decay") {
    for (const double decay : {0.0, 0.2}) {
        const optim::Adam adam{{.learning_rate = 0.1, .weight_decay = decay}};
        const optim::AdamW adamw{{.learning_rate = 0.1, .weight_decay = decay}};
        CHECK(minimized(adam, DType::f64) ==
              Approx(adam_by_hand(0.1, decay, false)).epsilon(1e-12));
        CHECK(minimized(adam, DType::f32) == Approx(adam_by_hand(0.1, decay, false)).epsilon(1e-5));
        CHECK(minimized(adamw, DType::f64) ==
              Approx(adam_by_hand(0.1, decay, true)).epsilon(1e-12));
        CHECK(minimized(adamw, DType::f32) == Approx(adam_by_hand(0.1, decay, true)).epsilon(1e-5));
    }
}

TEST_CASE("new parameters are leaves without history that require a gradient if the old ones did") {
    const std::vector<Tensor> parameters{leaf(ones({2})), ones({2})};
    const std::vector<Tensor> gradients{ones({2}), ones({2})};
    const optim::Adam adam;
    const auto [updated, state] = adam.update(parameters, gradients, adam.init(parameters));
    CHECK(updated[0].requires_grad());
    CHECK_FALSE(updated[1].requires_grad());
    CHECK_FALSE(state.first_moments[0].requires_grad());
}

TEST_CASE("gradients flow through a differentiable step") {
    const std::vector<Tensor> parameters{leaf(full({}, 3.0, {.dtype = DType::f64}))};
    const optim::SGD sgd{{.learning_rate = 0.1, .differentiable = true}};
    const Gradients g = square(parameters[0]).backward();
    const auto [updated, state] = sgd.update(parameters, g, sgd.init(parameters));
    // p' = p - 0.2 p, so d(p'^2)/dp = 2 * 0.8^2 p
    check_values(square(updated[0]).backward()[parameters[0]], {}, {2 * 0.64 * 3});
}

TEST_CASE("memory and node count stay flat while a loop reads only the loss") {
    const Tensor x = randn({8, 4}).eval();
    std::vector<Tensor> parameters{leaf(randn({4, 3})), zeros({3}, {.requires_grad = true})};
    const optim::Adam adam{{.learning_rate = 1e-2}};
    auto state = adam.init(parameters);
    const auto step = [&] {
        const Tensor loss = square(matmul(x, parameters[0]) + parameters[1]).mean();
        std::tie(parameters, state) = adam.update(parameters, loss.backward(), state);
        return loss.item<float>();
    };
    float first = step();
    float last = 0;
    for (int i = 0; i < 20; ++i) {
        last = step();
    }
    const Counters early = counters();
    for (int i = 0; i < 200; ++i) {
        last = step();
    }
    const Counters late = counters();
    CHECK(late.nodes_alive == early.nodes_alive);
    CHECK(late.bytes_now == early.bytes_now);
    CHECK(last < first);
}
