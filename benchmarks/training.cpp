#include <tuple>
#include <utility>
#include <vector>

#include "benchmarks/support.h"

/// A whole training step of a multilayer perceptron 784-512-512-10: loss, gradients, new
/// parameters.
namespace latent::benchmarks {
namespace {

constexpr std::int64_t inputs = 784;
constexpr std::int64_t hidden = 512;
constexpr std::int64_t classes = 10;

struct Layer {
    Tensor weight, bias;
    void visit(auto&& visitor) { visitor(weight, bias); }
};

Layer make_layer(std::int64_t in, std::int64_t out, std::uint64_t seed) {
    return {leaf((sample({in, out}, seed) * 0.05f).eval()), leaf(zeros({out}).eval())};
}

using Model = std::vector<Layer>;

Tensor predict(const Model& model, const Tensor& images) {
    Tensor activation = images;
    for (std::size_t i = 0; i + 1 < model.size(); ++i) {
        activation = relu(matmul(activation, model[i].weight) + model[i].bias);
    }
    return matmul(activation, model.back().weight) + model.back().bias;
}

/// Forward, and two products of the same size backward; the first layer needs no gradient of its
/// input.
std::int64_t flops(std::int64_t batch) {
    const std::int64_t first = inputs * hidden;
    const std::int64_t others = hidden * hidden + hidden * classes;
    return 2 * batch * (2 * first + 3 * others);
}

template <typename Optimizer>
void train(benchmark::State& state, const Optimizer& optimizer) {
    const std::int64_t batch = state.range(0);
    const Threads threads(state.range(1));
    const Tensor images = sample({batch, inputs}, 1);
    const Tensor labels = randint(Key(2), {batch}, 0, classes).eval();
    Model model = {make_layer(inputs, hidden, 3), make_layer(hidden, hidden, 4),
                   make_layer(hidden, classes, 5)};
    auto moments = optimizer.init(model);
    eval(moments);
    measure(state, [&] {
        auto [loss, gradients] = value_and_grad(
            [&](const Model& current) { return cross_entropy(predict(current, images), labels); },
            model);
        std::tie(model, moments) = optimizer.update(model, gradients, moments);
        return std::tuple(std::move(loss), model, moments);
    });
    report_flops(state, flops(batch));
}

void sizes(benchmark::internal::Benchmark* benchmark) {
    common_options(benchmark);
    benchmark->ArgNames({"batch", "threads"})->Args({128, 1})->Args({128, 2});
}

void train_sgd(benchmark::State& state) {
    train(state, optim::SGD({.learning_rate = 1e-2, .momentum = 0.9}));
}
BENCHMARK(train_sgd)->Name("train_sgd/latent")->Apply(sizes);

void train_adam(benchmark::State& state) {
    train(state, optim::Adam({.learning_rate = 1e-3}));
}
BENCHMARK(train_adam)->Name("train_adam/latent")->Apply(sizes);

}  // namespace
}  // namespace latent::benchmarks
