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

double rmsprop_by_hand(const optim::RMSpropOptions& o) {
    double p = start;
    double mean_square = 0;
    double mean = 0;
    double velocity = 0;
    for (std::size_t i = 0; i < steps; ++i) {
        const double g = gradient_at(p) + o.weight_decay * p;
        mean_square = o.smoothing * mean_square + (1 - o.smoothing) * g * g;
        mean = o.smoothing * mean + (1 - o.smoothing) * g;
        const double spread = mean_square - (o.centered ? mean * mean : 0);
        velocity = o.momentum * velocity + g / (std::sqrt(spread) + o.epsilon);
        p -= o.learning_rate * velocity;
    }
    return p;
}

double adagrad_by_hand(const optim::AdagradOptions& o) {
    double p = start;
    double sum = 0;
    for (std::size_t i = 0; i < steps; ++i) {
        const double g = gradient_at(p) + o.weight_decay * p;
        sum += g * g;
        p -= o.learning_rate * g / (std::sqrt(sum) + o.epsilon);
    }
    return p;
}

double lion_by_hand(const optim::LionOptions& o) {
    double p = start;
    double m = 0;
    for (std::size_t i = 0; i < steps; ++i) {
        const double g = gradient_at(p);
        const double u = o.beta1 * m + (1 - o.beta1) * g;
        p -= o.learning_rate * ((u > 0 ? 1 : -1) + o.weight_decay * p);
        m = o.beta2 * m + (1 - o.beta2) * g;
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

TEST_CASE("RMSprop, Adagrad and Lion follow their formulas") {
    const auto check = [](const auto& optimizer, double expected) {
        CHECK(minimized(optimizer, DType::f64) == Approx(expected).epsilon(1e-12));
        CHECK(minimized(optimizer, DType::f32) == Approx(expected).epsilon(1e-5));
    };
    for (const optim::RMSpropOptions& options :
         {optim::RMSpropOptions{.learning_rate = 0.1},
          optim::RMSpropOptions{.smoothing = 0.9, .momentum = 0.9, .weight_decay = 0.1},
          optim::RMSpropOptions{.learning_rate = 0.02, .centered = true}}) {
        check(optim::RMSprop(options), rmsprop_by_hand(options));
    }
    for (const double decay : {0.0, 0.2}) {
        const optim::AdagradOptions adagrad{.learning_rate = 0.3, .weight_decay = decay};
        check(optim::Adagrad(adagrad), adagrad_by_hand(adagrad));
        const optim::LionOptions lion{.learning_rate = 0.3, .weight_decay = decay};
        check(optim::Lion(lion), lion_by_hand(lion));
    }
}

TEST_CASE("gradients are clipped by their common norm or one by one") {
    const std::vector<Tensor> gradients{Tensor::from({3.0f, 0.0f}), Tensor::from({4.0}, {1, 1})};
    CHECK(optim::global_norm(gradients).item<double>() == Approx(5));
    const auto clipped = optim::clip_by_global_norm(gradients, 2.5);
    check_values(clipped.norm, {}, {5});
    check_values(clipped.gradients[0], {2}, {1.5, 0});
    check_values(clipped.gradients[1], {1, 1}, {2});
    CHECK(clipped.gradients[0].dtype() == DType::f32);
    check_values(optim::clip_by_global_norm(gradients, 6).gradients[0], {2}, {3, 0}, 0);
    check_values(optim::clip_by_global_norm(zeros({2}), 1).gradients, {2}, {0, 0}, 0);
    const double nan = std::nan("");
    check_values(optim::clip_by_global_norm(Tensor::from({1.0, nan}), 1).gradients, {2},
                 {nan, nan});
    check_values(optim::clip_by_value(Tensor::from({-3.0, 0.5, nan}), 1), {3}, {-1, 0.5, nan}, 0);
}

TEST_CASE("schedules have the values of their formulas") {
    namespace schedules = optim::schedules;
    CHECK(schedules::constant(0.3)(7) == 0.3);
    const optim::Schedule step = schedules::step({.initial = 1, .factor = 0.5, .interval = 3});
    CHECK(step(2) == 1);
    CHECK(step(3) == 0.5);
    CHECK(step(8) == 0.25);
    CHECK(schedules::exponential({.initial = 2, .factor = 0.5})(3) == 0.25);
    const optim::Schedule linear = schedules::linear({.initial = 1, .final = 0.2, .steps = 4});
    CHECK(linear(0) == 1);
    CHECK(linear(1) == Approx(0.8));
    CHECK(linear(9) == 0.2);
    const optim::Schedule cosine =
        schedules::cosine({.peak = 1, .final = 0.1, .steps = 12, .warmup_steps = 4});
    CHECK(cosine(0) == 0.25);
    CHECK(cosine(3) == 1);
    CHECK(cosine(4) == 1);
    CHECK(cosine(6) == Approx(0.1 + 0.9 * (1 + std::sqrt(0.5)) / 2));
    CHECK(cosine(8) == Approx(0.55));
    CHECK(cosine(100) == Approx(0.1));
}
