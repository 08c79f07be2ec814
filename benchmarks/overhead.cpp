#include "benchmarks/support.h"

/// What Latent itself costs where the arithmetic is next to nothing.
namespace latent::benchmarks {
namespace {

constexpr std::int64_t elements = 16;

/// Of `ops` operations.
Tensor chain(const Tensor& x, std::int64_t ops) {
    Tensor y = x;
    for (std::int64_t i = 0; i < ops; i += 2) {
        y = y * x + x;
    }
    return y;
}

void report_time_per_op(benchmark::State& state) {
    state.counters["time_per_op"] = benchmark::Counter(
        static_cast<double>(state.range(0)),
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void ops(benchmark::internal::Benchmark* benchmark) {
    common_options(benchmark);
    benchmark->ArgName("ops")->Arg(1000);
}

/// Building and freeing the graph.
void build_graph(benchmark::State& state) {
    const Tensor x = sample({elements});
    for (auto _ : state) {
        benchmark::DoNotOptimize(chain(x, state.range(0)));
    }
    report_time_per_op(state);
}
BENCHMARK(build_graph)->Name("build/latent")->Apply(ops);

/// Building its gradient as well.
void build_gradient(benchmark::State& state) {
    const Tensor x = sample({elements});
    for (auto _ : state) {
        benchmark::DoNotOptimize(grad(chain(x, state.range(0)).sum(), {x}));
    }
    report_time_per_op(state);
}
BENCHMARK(build_gradient)->Name("build_gradient/latent")->Apply(ops);

/// Building, finding the plan again, and running it.
void evaluate_graph(benchmark::State& state) {
    const Threads threads(1);
    const Tensor x = sample({elements});
    measure(state, [&] { return chain(x, state.range(0)); });
    report_time_per_op(state);
}
BENCHMARK(evaluate_graph)->Name("evaluate/latent")->Apply(ops)->Arg(2)->Arg(16);

/// Each operation evaluated by itself.
void evaluate_eagerly(benchmark::State& state) {
    const Threads threads(1);
    const Tensor x = sample({elements});
    measure(state, [&] {
        Tensor y = x;
        for (std::int64_t i = 0; i < state.range(0); ++i) {
            y = (y * x).eval();
        }
        return y;
    });
    report_time_per_op(state);
}
BENCHMARK(evaluate_eagerly)->Name("evaluate_eagerly/latent")->Apply(ops);

}  // namespace
}  // namespace latent::benchmarks
