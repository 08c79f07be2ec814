#pragma once

#include <benchmark/benchmark.h>
#include <latent/latent.h>

#include <cstdint>

/// What the benchmarks share. Their names read `<work>/<who does it>/<sizes>`, so that those of one
/// work can be set side by side; latent's own is `latent`.
namespace latent::benchmarks {

/// The number of threads that Latent's kernels run on, for the lifetime of the object.
class Threads {
  public:
    explicit Threads(std::int64_t count) : before_(num_threads()) {
        set_num_threads(static_cast<int>(count));
    }
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;
    ~Threads() { set_num_threads(before_); }

  private:
    int before_;
};

/// Normal numbers, computed.
inline Tensor sample(const Shape& shape, std::uint64_t seed = 0) {
    return normal(Key(seed), shape).eval();
}

/// Times building, evaluating and freeing the tensors that `build` returns. Reports launches; an
/// evaluation that compiles a kernel while it is timed is an error.
template <typename Build>
void measure(benchmark::State& state, Build&& build) {
    eval(build());  // Compiles the kernels and fills the pool of buffers.
    const Counters before = counters();
    for (auto _ : state) {
        eval(build());
    }
    const Counters after = counters();
    if (after.kernels_compiled != before.kernels_compiled) {
        state.SkipWithError("compiled a kernel while it was timed");
    }
    state.counters["launches"] = benchmark::Counter(
        static_cast<double>(after.launches - before.launches), benchmark::Counter::kAvgIterations);
}

/// Reports GB/s of `count` floats read or written in each iteration.
inline void report_floats(benchmark::State& state, std::int64_t count) {
    state.SetBytesProcessed(state.iterations() * count * static_cast<std::int64_t>(sizeof(float)));
}

/// Reports operations per second, of `count` in each iteration.
inline void report_flops(benchmark::State& state, std::int64_t count) {
    state.counters["flops"] = benchmark::Counter(static_cast<double>(count),
                                                 benchmark::Counter::kIsIterationInvariantRate);
}

/// Kernels run on other threads too, so real time is what counts; the processor time of all threads
/// stands beside it.
inline void common_options(benchmark::internal::Benchmark* benchmark) {
    benchmark->UseRealTime()->MeasureProcessCPUTime();
}

}  // namespace latent::benchmarks
