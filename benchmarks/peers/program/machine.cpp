#include "benchmarks/peers/program/machine.h"

#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace latent::peers {

namespace {

/// Independent chains: two units of latency 4 need 8 at once.
constexpr int chains = 12;
constexpr int rounds = 2'000'000;
constexpr int trials = 10;
constexpr std::size_t copied_bytes = std::size_t{1} << 28;

volatile float sink = 0;

/// Different numbers to start from: equal chains are one to the optimiser.
float start_of(int chain) {
    return sink + static_cast<float>(chain);
}

__attribute__((target("avx2,fma"))) void multiply_add_avx2() {
    __m256 sums[chains];
    for (int chain = 0; chain < chains; ++chain) {
        sums[chain] = _mm256_set1_ps(start_of(chain));
    }
    const __m256 factor = _mm256_set1_ps(0.5F);
    for (int round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
        for (__m256& sum : sums) {
            sum = _mm256_fmadd_ps(sum, factor, factor);
        }
    }
    for (const __m256& sum : sums) {
        sink = sink + sum[0];
    }
}

__attribute__((target("avx512f"))) void multiply_add_avx512() {
    __m512 sums[chains];
    for (int chain = 0; chain < chains; ++chain) {
        sums[chain] = _mm512_set1_ps(start_of(chain));
    }
    const __m512 factor = _mm512_set1_ps(0.5F);
    for (int round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
        for (__m512& sum : sums) {
            sum = _mm512_fmadd_ps(sum, factor, factor);
        }
    }
    for (const __m512& sum : sums) {
        sink = sink + sum[0];
    }
}

/// The least seconds that `work(thread)` takes on all threads at once.
double least_seconds(int threads, const std::function<void(int)>& work) {
    double least = 0;
    for (int trial = 0; trial < trials; ++trial) {
        const auto start = std::chrono::steady_clock::now();
        {
            std::vector<std::jthread> running;
            for (int thread = 1; thread < threads; ++thread) {
                running.emplace_back([&work, thread] { work(thread); });
            }
            work(0);
        }
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        least = trial == 0 ? seconds : std::min(least, seconds);
    }
    return least;
}

}  // namespace

double peak_flops(int threads, bool wide) {
    wide = wide && __builtin_cpu_supports("avx512f") != 0;
    if (!wide && (__builtin_cpu_supports("avx2") == 0 || __builtin_cpu_supports("fma") == 0)) {
        return 0;
    }
    const double seconds =
        least_seconds(threads, [&](int) { wide ? multiply_add_avx512() : multiply_add_avx2(); });
    const int lanes = wide ? 16 : 8;
    return 2.0 * lanes * chains * rounds * threads / seconds;
}

double copy_bandwidth(int threads) {
    const auto from = std::make_unique<std::byte[]>(copied_bytes);
    const auto to = std::make_unique<std::byte[]>(copied_bytes);
    const std::size_t part = copied_bytes / static_cast<std::size_t>(threads);
    const double seconds = least_seconds(threads, [&](int thread) {
        const std::size_t begin = part * static_cast<std::size_t>(thread);
        std::memcpy(to.get() + begin, from.get() + begin, part);
    });
    return 2.0 * static_cast<double>(part) * threads / seconds;
}

}  // namespace latent::peers
