#include <Eigen/Dense>

#include "benchmarks/support.h"

/// Sums of a row-major square matrix of floats, whole and along either axis.
namespace latent::benchmarks {
namespace {

using Rows = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::int64_t extent = 4096;

void sizes(benchmark::internal::Benchmark* benchmark) {
    common_options(benchmark);
    benchmark->ArgNames({"extent", "threads"})->Args({extent, 1});
}

void more_threads(benchmark::internal::Benchmark* benchmark) {
    sizes(benchmark);
    benchmark->Args({extent, 2});
}

void sum_latent(benchmark::State& state, const Axes& axes) {
    const Threads threads(state.range(1));
    const Tensor x = sample({state.range(0), state.range(0)});
    measure(state, [&] { return x.sum(axes); });
    report_floats(state, state.range(0) * state.range(0));
}
BENCHMARK_CAPTURE(sum_latent, all, Axes::all())->Name("sum_all/latent")->Apply(more_threads);
BENCHMARK_CAPTURE(sum_latent, axis0, Axes(0))->Name("sum_axis0/latent")->Apply(more_threads);
BENCHMARK_CAPTURE(sum_latent, axis1, Axes(1))->Name("sum_axis1/latent")->Apply(more_threads);

template <typename Sum>
void sum_eigen(benchmark::State& state, const Sum& sum) {
    const Rows x = Rows::Random(state.range(0), state.range(0));
    Eigen::ArrayXf result(state.range(0));
    for (auto _ : state) {
        sum(x, result);
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    report_floats(state, state.range(0) * state.range(0));
}

void sum_all_eigen(benchmark::State& state) {
    sum_eigen(state, [](const Rows& x, Eigen::ArrayXf& result) { result[0] = x.sum(); });
}
BENCHMARK(sum_all_eigen)->Name("sum_all/eigen")->Apply(sizes);

void sum_axis0_eigen(benchmark::State& state) {
    sum_eigen(state, [](const Rows& x, Eigen::ArrayXf& result) { result = x.colwise().sum(); });
}
BENCHMARK(sum_axis0_eigen)->Name("sum_axis0/eigen")->Apply(sizes);

void sum_axis1_eigen(benchmark::State& state) {
    sum_eigen(state, [](const Rows& x, Eigen::ArrayXf& result) { result = x.rowwise().sum(); });
}
BENCHMARK(sum_axis1_eigen)->Name("sum_axis1/eigen")->Apply(sizes);

}  // namespace
}  // namespace latent::benchmarks
