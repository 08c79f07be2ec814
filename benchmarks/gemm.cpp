#include <cblas.h>
#include <immintrin.h>
#include <omp.h>
#include <unistd.h>

#include <Eigen/Dense>
#include <cstdio>
#include <cstdlib>
#include <vector>
#ifdef LATENT_HAS_ONEDNN
#include <dnnl.hpp>
#include <memory>
#include <unordered_map>
#endif

#include "benchmarks/support.h"

/// Products of float matrices, square and ragged, beside OpenBLAS, oneDNN, Eigen and the measured
/// peak of the processor.
namespace latent::benchmarks {
namespace {

struct Sizes {
    std::int64_t m, n, k, threads;

    explicit Sizes(const benchmark::State& state)
        : m(state.range(0)), n(state.range(1)), k(state.range(2)), threads(state.range(3)) {}
    std::int64_t flops() const { return 2 * m * n * k; }
};

void names(benchmark::internal::Benchmark* benchmark) {
    common_options(benchmark);
    benchmark->ArgNames({"m", "n", "k", "threads"});
}

void all_sizes(benchmark::internal::Benchmark* benchmark) {
    names(benchmark);
    for (const std::int64_t extent : {64, 128, 256, 512, 1000, 1024, 2048}) {
        benchmark->Args({extent, extent, extent, 1});
    }
    benchmark->Args({1009, 769, 515, 1});
    for (const std::int64_t extent : {1024, 2048}) {
        benchmark->Args({extent, extent, extent, 2});
    }
}

void one_size(benchmark::internal::Benchmark* benchmark) {
    names(benchmark);
    benchmark->Args({1024, 1024, 1024, 1});
}

void gemm_latent(benchmark::State& state) {
    const Sizes sizes(state);
    const Threads threads(sizes.threads);
    const Tensor a = sample({sizes.m, sizes.k}, 1);
    const Tensor b = sample({sizes.k, sizes.n}, 2);
    measure(state, [&] { return matmul(a, b); });
    report_flops(state, sizes.flops());
}
BENCHMARK(gemm_latent)->Name("gemm/latent")->Apply(all_sizes);

/// Row-major, beta = 0.
void openblas_multiply(const Sizes& sizes, const std::vector<float>& a, const std::vector<float>& b,
                       std::vector<float>& c) {
    const auto m = static_cast<blasint>(sizes.m);
    const auto n = static_cast<blasint>(sizes.n);
    const auto k = static_cast<blasint>(sizes.k);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0f, a.data(), k, b.data(), n,
                0.0f, c.data(), n);
}

void gemm_openblas(benchmark::State& state) {
    const Sizes sizes(state);
    openblas_set_num_threads(static_cast<int>(sizes.threads));
    const std::vector<float> a = sample({sizes.m, sizes.k}, 1).to_vector<float>();
    const std::vector<float> b = sample({sizes.k, sizes.n}, 2).to_vector<float>();
    std::vector<float> c(static_cast<std::size_t>(sizes.m * sizes.n));
    for (auto _ : state) {
        openblas_multiply(sizes, a, b, c);
        benchmark::DoNotOptimize(c.data());
        benchmark::ClobberMemory();
    }
    report_flops(state, sizes.flops());
    state.SetLabel(openblas_get_corename());
}
BENCHMARK(gemm_openblas)->Name("gemm/openblas")->Apply(all_sizes);

void gemm_eigen(benchmark::State& state) {
    using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const Sizes sizes(state);
    Eigen::setNbThreads(static_cast<int>(sizes.threads));
    const Matrix a = Matrix::Random(sizes.m, sizes.k);
    const Matrix b = Matrix::Random(sizes.k, sizes.n);
    Matrix c(sizes.m, sizes.n);
    for (auto _ : state) {
        c.noalias() = a * b;
        benchmark::DoNotOptimize(c.data());
        benchmark::ClobberMemory();
    }
    report_flops(state, sizes.flops());
}
BENCHMARK(gemm_eigen)->Name("gemm/eigen")->Apply(all_sizes);

#ifdef LATENT_HAS_ONEDNN
/// A row-major product, with bias and tanh-GELU on every element of it where there is a bias.
class OnednnProduct {
  public:
    OnednnProduct(const Sizes& sizes, bool with_bias_and_gelu) {
        const auto row_major = [](std::int64_t rows, std::int64_t columns) {
            return dnnl::memory::desc({rows, columns}, dnnl::memory::data_type::f32,
                                      dnnl::memory::format_tag::ab);
        };
        const auto a = row_major(sizes.m, sizes.k);
        const auto b = row_major(sizes.k, sizes.n);
        const auto c = row_major(sizes.m, sizes.n);
        const auto bias = with_bias_and_gelu ? row_major(1, sizes.n) : dnnl::memory::desc();
        dnnl::primitive_attr attributes;
        if (with_bias_and_gelu) {
            dnnl::post_ops after;
            after.append_eltwise(dnnl::algorithm::eltwise_gelu_tanh, 0, 0);
            attributes.set_post_ops(after);
        }
        product_ = dnnl::matmul({engine_, a, b, bias, c, attributes});
        arguments_ = {{DNNL_ARG_SRC, sampled(a, 1)},
                      {DNNL_ARG_WEIGHTS, sampled(b, 2)},
                      {DNNL_ARG_DST, dnnl::memory(c, engine_)}};
        if (with_bias_and_gelu) {
            arguments_.emplace(DNNL_ARG_BIAS, sampled(bias, 3));
        }
    }

    void operator()() {
        product_.execute(stream_, arguments_);
        stream_.wait();
    }

  private:
    dnnl::memory sampled(const dnnl::memory::desc& layout, std::uint64_t seed) const {
        dnnl::memory memory(layout, engine_);
        const std::vector<float> elements =
            sample(Shape(layout.get_dims()), seed).to_vector<float>();
        std::ranges::copy(elements, static_cast<float*>(memory.get_data_handle()));
        return memory;
    }

    dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream_{engine_};
    dnnl::matmul product_;
    std::unordered_map<int, dnnl::memory> arguments_;
};

void measure_onednn(benchmark::State& state, bool with_bias_and_gelu) {
    const Sizes sizes(state);
    omp_set_num_threads(static_cast<int>(sizes.threads));
    OnednnProduct product(sizes, with_bias_and_gelu);
    for (auto _ : state) {
        product();
        benchmark::ClobberMemory();
    }
    report_flops(state, sizes.flops());
}
BENCHMARK_CAPTURE(measure_onednn, gemm, false)->Name("gemm/onednn")->Apply(all_sizes);
BENCHMARK_CAPTURE(measure_onednn, layer, true)->Name("gemm_bias_gelu/onednn")->Apply(one_size);
#endif

/// With bias and tanh-GELU on every element of the product.
void layer_latent(benchmark::State& state) {
    const Sizes sizes(state);
    const Threads threads(sizes.threads);
    const Tensor a = sample({sizes.m, sizes.k}, 1);
    const Tensor b = sample({sizes.k, sizes.n}, 2);
    const Tensor bias = sample({sizes.n}, 3);
    measure(state, [&] { return gelu(matmul(a, b) + bias, Gelu::tanh); });
    report_flops(state, sizes.flops());
}
BENCHMARK(layer_latent)->Name("gemm_bias_gelu/latent")->Apply(one_size);

/// OpenBLAS, then Eigen on its result.
void layer_openblas(benchmark::State& state) {
    const Sizes sizes(state);
    openblas_set_num_threads(static_cast<int>(sizes.threads));
    const std::vector<float> a = sample({sizes.m, sizes.k}, 1).to_vector<float>();
    const std::vector<float> b = sample({sizes.k, sizes.n}, 2).to_vector<float>();
    const Eigen::RowVectorXf bias = Eigen::RowVectorXf::Random(sizes.n);
    std::vector<float> c(static_cast<std::size_t>(sizes.m * sizes.n));
    for (auto _ : state) {
        openblas_multiply(sizes, a, b, c);
        for (std::int64_t i = 0; i < sizes.m; ++i) {
            Eigen::Map<Eigen::ArrayXf> row(c.data() + i * sizes.n, sizes.n);
            row += bias.array().transpose();
            row =
                0.5f * row * (1.0f + (0.7978845608f * (row + 0.044715f * row * row * row)).tanh());
        }
        benchmark::DoNotOptimize(c.data());
        benchmark::ClobberMemory();
    }
    report_flops(state, sizes.flops());
    state.SetLabel(openblas_get_corename());
}
BENCHMARK(layer_openblas)->Name("gemm_bias_gelu/openblas+eigen")->Apply(one_size);

#if defined(__AVX512F__)
using Vector = __m512;
Vector splat(float x) {
    return _mm512_set1_ps(x);
}
Vector multiply_add(Vector a, Vector b, Vector c) {
    return _mm512_fmadd_ps(a, b, c);
}
#elif defined(__FMA__)
using Vector = __m256;
Vector splat(float x) {
    return _mm256_set1_ps(x);
}
Vector multiply_add(Vector a, Vector b, Vector c) {
    return _mm256_fmadd_ps(a, b, c);
}
#endif

#if defined(__FMA__)
/// Independent fused multiply-adds in registers: two units of latency 4 need 8 at once.
void fma_peak(benchmark::State& state) {
    constexpr int chains = 12;
    constexpr int rounds = 10000;
    constexpr int lanes = sizeof(Vector) / sizeof(float);
    Vector sums[chains] = {};
    float factor = 0.5f;
    benchmark::DoNotOptimize(factor);
    const Vector a = splat(factor);
    for (auto _ : state) {
        for (int round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
            for (int i = 0; i < chains; ++i) {
                sums[i] = multiply_add(sums[i], a, a);
            }
        }
    }
    benchmark::DoNotOptimize(sums);
    report_flops(state, std::int64_t{2} * lanes * chains * rounds);
}
BENCHMARK(fma_peak)->Name("fma_peak/measured")->Apply(common_options);
#endif

/// OpenBLAS picks its kernels as it is loaded, and takes plain ones for a processor newer than
/// itself. It reads the wish in the environment only then, so the program starts again with the
/// fastest kernels that the instruction set allows.
void start_with_best_openblas(char** arguments) {
    constexpr const char* wish = "OPENBLAS_CORETYPE";
    if (std::getenv(wish) != nullptr) {
        return;
    }
    const char* core = nullptr;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
        core = "SkylakeX";
    } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        core = "Haswell";
    }
    if (core != nullptr && setenv(wish, core, 0) == 0) {
        execv("/proc/self/exe", arguments);
        std::perror("cannot start again with OPENBLAS_CORETYPE");  // Go on with its own choice.
    }
}

}  // namespace
}  // namespace latent::benchmarks

int main(int argc, char** argv) {
    latent::benchmarks::start_with_best_openblas(argv);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return EXIT_FAILURE;
    }
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
