#include "benchmarks/support.h"

/// Row-wise chains, forward and backward. A backward pass gets the cotangent and computes anew what
/// it needs of the forward one.
namespace latent::benchmarks {
namespace {

void sizes(benchmark::internal::Benchmark* benchmark) {
    common_options(benchmark);
    benchmark->ArgNames({"rows", "columns", "threads"})
        ->Args({4096, 1024, 1})
        ->Args({4096, 1024, 2});
}

Shape matrix(const benchmark::State& state) {
    return {state.range(0), state.range(1)};
}

void report_matrices(benchmark::State& state, std::int64_t count) {
    report_floats(state, count * state.range(0) * state.range(1));
}

void softmax_forward(benchmark::State& state) {
    const Threads threads(state.range(2));
    const Tensor x = sample(matrix(state));
    measure(state, [&] { return softmax(x); });
    report_matrices(state, 2);
}
BENCHMARK(softmax_forward)->Name("softmax/latent")->Apply(sizes);

void softmax_backward(benchmark::State& state) {
    const Threads threads(state.range(2));
    const Tensor x = sample(matrix(state), 1);
    const Tensor cotangent = sample(matrix(state), 2);
    measure(state, [&] { return vjp(softmax(x), {x}, cotangent); });
    report_matrices(state, 3);
}
BENCHMARK(softmax_backward)->Name("softmax_backward/latent")->Apply(sizes);

void layer_norm_forward(benchmark::State& state) {
    const Threads threads(state.range(2));
    const Tensor x = sample(matrix(state), 1);
    const Tensor gamma = sample({state.range(1)}, 2);
    const Tensor beta = sample({state.range(1)}, 3);
    measure(state, [&] { return layer_norm(x, gamma, beta); });
    report_matrices(state, 2);
}
BENCHMARK(layer_norm_forward)->Name("layer_norm/latent")->Apply(sizes);

void layer_norm_backward(benchmark::State& state) {
    const Threads threads(state.range(2));
    const Tensor x = sample(matrix(state), 1);
    const Tensor gamma = sample({state.range(1)}, 2);
    const Tensor beta = sample({state.range(1)}, 3);
    const Tensor cotangent = sample(matrix(state), 4);
    measure(state, [&] { return vjp(layer_norm(x, gamma, beta), {x, gamma, beta}, cotangent); });
    report_matrices(state, 3);
}
BENCHMARK(layer_norm_backward)->Name("layer_norm_backward/latent")->Apply(sizes);

}  // namespace
}  // namespace latent::benchmarks
