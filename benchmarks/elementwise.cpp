#include <Eigen/Dense>
#include <cstring>
#include <vector>

#include "benchmarks/support.h"

/// Elementwise work on floats: what memory allows for the same bytes, and what the arithmetic takes
/// without memory, stand beside it.
namespace latent::benchmarks {
namespace {

constexpr std::int64_t in_memory = 1 << 24;  // 64 MiB, beyond the caches
constexpr std::int64_t in_cache = 1 << 14;   // result and operand fit L2
constexpr std::int64_t tiny = 1 << 4;        // hardly more than the cost of an evaluation
constexpr std::int64_t columns = 1 << 12;

using Rows = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

void one_thread(benchmark::internal::Benchmark* benchmark) {
    common_options(benchmark);
    benchmark->ArgNames({"size", "threads"})->Args({in_memory, 1});
}

void more_threads(benchmark::internal::Benchmark* benchmark) {
    one_thread(benchmark);
    benchmark->Args({in_memory, 2});
}

void all_sizes(benchmark::internal::Benchmark* benchmark) {
    more_threads(benchmark);
    benchmark->Args({in_cache, 1})->Args({tiny, 1});
}

/// tanh-GELU of a * x + b.
void chain_latent(benchmark::State& state) {
    const Threads threads(state.range(1));
    const Tensor x = sample({state.range(0)});
    measure(state, [&] { return gelu(1.5f * x + 0.25f, Gelu::tanh); });
    report_floats(state, 2 * state.range(0));
}
BENCHMARK(chain_latent)->Name("chain/latent")->Apply(all_sizes);

void chain_eigen(benchmark::State& state) {
    const Eigen::ArrayXf x = Eigen::ArrayXf::Random(state.range(0));
    Eigen::ArrayXf result = x;  // Written once, so that its pages exist.
    for (auto _ : state) {
        const auto scaled = 1.5f * x + 0.25f;
        result = 0.5f * scaled *
                 (1.0f + (0.7978845608f * (scaled + 0.044715f * scaled * scaled * scaled)).tanh());
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    report_floats(state, 2 * state.range(0));
}
BENCHMARK(chain_eigen)->Name("chain/eigen")->Apply(one_thread);

/// A generated kernel that only loads and stores: the number is a parameter at run time, so the
/// product stays.
void copy_latent(benchmark::State& state) {
    const Threads threads(state.range(1));
    const Tensor x = sample({state.range(0)});
    measure(state, [&] { return x * 1.0f; });
    report_floats(state, 2 * state.range(0));
}
BENCHMARK(copy_latent)->Name("copy/latent")->Apply(more_threads);

void copy_memcpy(benchmark::State& state) {
    const auto size = static_cast<std::size_t>(state.range(0));
    const std::vector<float> x(size, 1.0f);
    std::vector<float> result(size);
    for (auto _ : state) {
        std::memcpy(result.data(), x.data(), size * sizeof(float));
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    report_floats(state, 2 * state.range(0));
}
BENCHMARK(copy_memcpy)->Name("copy/memcpy")->Apply(one_thread);

void add_latent(benchmark::State& state) {
    const Threads threads(state.range(1));
    const Tensor x = sample({state.range(0)}, 1);
    const Tensor y = sample({state.range(0)}, 2);
    measure(state, [&] { return x + y; });
    report_floats(state, 3 * state.range(0));
}
BENCHMARK(add_latent)->Name("add/latent")->Apply(more_threads);

void add_eigen(benchmark::State& state) {
    const Eigen::ArrayXf x = Eigen::ArrayXf::Random(state.range(0));
    const Eigen::ArrayXf y = Eigen::ArrayXf::Random(state.range(0));
    Eigen::ArrayXf result = x;  // Written once, so that its pages exist.
    for (auto _ : state) {
        result = x + y;
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    report_floats(state, 3 * state.range(0));
}
BENCHMARK(add_eigen)->Name("add/eigen")->Apply(one_thread);

/// A vector added to each row of a matrix.
void add_row_latent(benchmark::State& state) {
    const Threads threads(state.range(1));
    const Tensor x = sample({state.range(0) / columns, columns}, 1);
    const Tensor row = sample({columns}, 2);
    measure(state, [&] { return x + row; });
    report_floats(state, 2 * state.range(0));
}
BENCHMARK(add_row_latent)->Name("add_row/latent")->Apply(one_thread);

void add_row_eigen(benchmark::State& state) {
    const Rows x = Rows::Random(state.range(0) / columns, columns);
    const Rows row = Rows::Random(1, columns);
    Rows result = x;
    for (auto _ : state) {
        result = x.rowwise() + row.row(0);
        benchmark::DoNotOptimize(result.data());
        benchmark::ClobberMemory();
    }
    report_floats(state, 2 * state.range(0));
}
BENCHMARK(add_row_eigen)->Name("add_row/eigen")->Apply(one_thread);

/// A vector added to each column.
void add_column_latent(benchmark::State& state) {
    const Threads threads(state.range(1));
    const Tensor x = sample({state.range(0) / columns, columns}, 1);
    const Tensor column = sample({state.range(0) / columns, 1}, 2);
    measure(state, [&] { return x + column; });
    report_floats(state, 2 * state.range(0));
}
BENCHMARK(add_column_latent)->Name("add_column/latent")->Apply(one_thread);

}  // namespace
}  // namespace latent::benchmarks
