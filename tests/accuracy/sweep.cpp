#include "tests/accuracy/sweep.h"

#include <fmt/format.h>
#include <latent/eval.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <exception>
#include <mutex>
#include <span>
#include <stdexcept>
#include <thread>

#include "tests/support/ulp.h"

namespace latent::accuracy {

namespace {

using test::error_in_ulp;

constexpr int threads = 2;
constexpr std::uint64_t bit_patterns = std::uint64_t{1} << 32;
constexpr std::uint64_t chunk_size = std::uint64_t{1} << 14;
constexpr std::uint64_t checked_every = 1009;    // a prime, so that no bit of the argument is fixed
constexpr double screening_tolerance = 0x1p-28;  // of the value: a sixteenth of an ULP of f32

/// `function` of the arguments in their own dtype.
template <typename T>
Tensor evaluate(const Function& function, const std::vector<T>& arguments) {
    return function.apply(Tensor::from(arguments), std::source_location::current()).eval();
}

std::vector<double> results_in_double(const Function& function,
                                      const std::vector<float>& arguments) {
    std::vector<double> wide(arguments.begin(), arguments.end());
    const Tensor tensor = evaluate(function, wide);
    std::ranges::copy(tensor.data<double>(), wide.begin());
    if (function.beyond != nullptr) {
        for (std::size_t i = 0; i < wide.size(); ++i) {
            if (!(arguments[i] >= function.smallest && arguments[i] <= function.largest)) {
                wide[i] = function.beyond(arguments[i]);
            }
        }
    }
    return wide;
}

bool is_denormal(float x) {
    return x != 0 && std::fabs(x) < std::numeric_limits<float>::min();
}

/// A quick error_in_ulp. Infinite or NaN where an operand is, zero where only the signs of zeros
/// differ.
double approximate_error_in_ulp(float result, double expected, float rounded) {
    const std::uint32_t exponent = (std::bit_cast<std::uint32_t>(rounded) >> 23) & 0xff;
    const std::uint64_t exponent_of_unit = std::max(exponent, 1U) + (1023 - 127 - 23);
    const auto unit = std::bit_cast<double>(exponent_of_unit << 52);
    return std::fabs(double{result} - expected) / unit;
}

/// Keeps the worst errors of what it is shown.
class Judge {
  public:
    Judge(const Function& function, SingleErrors& worst) : function_(function), worst_(worst) {}

    void judge(float argument, float result, double screened) {
        const auto rounded = static_cast<float>(screened);
        if (std::bit_cast<std::uint32_t>(result) == std::bit_cast<std::uint32_t>(rounded) ||
            (std::isnan(result) && std::isnan(rounded))) {
            return;
        }
        const bool denormal = is_denormal(argument) || is_denormal(rounded);
        const double least = (denormal ? worst_.denormal : worst_.everywhere).ulp;
        const double error = approximate_error_in_ulp(result, screened, rounded);
        if (error > 0 && error <= least) {
            return;
        }
        const double ulp = error_in_ulp(result, function_.reference(argument));
        worst_.everywhere.include(ulp, argument);
        if (denormal) {
            worst_.denormal.include(ulp, argument);
        }
    }

    void check_screening(float argument, double screened) const {
        const auto expected = static_cast<double>(function_.reference(argument));
        const bool same = screened == expected || (std::isnan(screened) && std::isnan(expected));
        const double tolerance = std::max(std::fabs(expected), 0x1p-149) * screening_tolerance;
        if (!same && !(std::fabs(screened - expected) <= tolerance)) {
            throw std::runtime_error(fmt::format("{} in f64 is {} at {}, expected {}",
                                                 function_.name, screened, argument, expected));
        }
    }

  private:
    const Function& function_;
    SingleErrors& worst_;
};

void sweep_chunk(const Function& function, std::uint64_t first, std::uint32_t stride,
                 SingleErrors& worst) {
    std::vector<float> arguments;
    const std::uint64_t end = std::min(first + chunk_size * stride, bit_patterns);
    for (std::uint64_t bits = first; bits < end; bits += stride) {
        arguments.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    }
    const Tensor tensor = evaluate(function, arguments);
    const std::span<const float> results = tensor.data<float>();
    const std::vector<double> screened = results_in_double(function, arguments);
    Judge judge(function, worst);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        judge.judge(arguments[i], results[i], screened[i]);
    }
    for (std::size_t i = 0; i < arguments.size(); i += checked_every) {
        judge.check_screening(arguments[i], screened[i]);
    }
}

}  // namespace

SingleErrors sweep_single(const Function& function, std::uint32_t stride,
                          const std::function<void(double)>& progress) {
    const std::uint64_t step = chunk_size * stride;
    std::atomic<std::uint64_t> next{0};
    std::mutex mutex;
    SingleErrors worst;
    std::exception_ptr failure;
    const auto work = [&] {
        SingleErrors own;
        try {
            for (std::uint64_t first = next.fetch_add(step); first < bit_patterns;
                 first = next.fetch_add(step)) {
                sweep_chunk(function, first, stride, own);
                const std::lock_guard lock(mutex);
                progress(static_cast<double>(first) / static_cast<double>(bit_patterns));
            }
        } catch (...) {
            next = bit_patterns;
            const std::lock_guard lock(mutex);
            failure = std::current_exception();
        }
        const std::lock_guard lock(mutex);
        worst.everywhere.include(own.everywhere.ulp, own.everywhere.argument);
        worst.denormal.include(own.denormal.ulp, own.denormal.argument);
    };
    {
        std::vector<std::jthread> workers;
        for (int i = 0; i < threads; ++i) {
            workers.emplace_back(work);
        }
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
    return worst;
}

WorstError sample_double(const Function& function, std::size_t count) {
    std::vector<double> arguments;
    const std::uint64_t step = std::numeric_limits<std::uint64_t>::max() / count;
    for (std::size_t i = 0; i < count; ++i) {
        // The low bits vary too: step is odd.
        const auto x = std::bit_cast<double>(i * (step | 1));
        if (x >= function.smallest && x <= function.largest) {
            arguments.push_back(x);
        }
        const double part = (static_cast<double>(i) + 0.5) / static_cast<double>(count);
        arguments.push_back(std::lerp(function.low, function.high, part));
    }
    const Tensor tensor = evaluate(function, arguments);
    const std::span<const double> results = tensor.data<double>();
    WorstError worst;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        worst.include(error_in_ulp(results[i], function.reference(arguments[i])), arguments[i]);
    }
    return worst;
}

std::array<float, 5> special_results(const Function& function) {
    using Limits = std::numeric_limits<float>;
    const std::vector<float> arguments{-Limits::infinity(), -0.0F, 0.0F, Limits::infinity(),
                                       Limits::quiet_NaN()};
    const Tensor tensor = evaluate(function, arguments);
    std::array<float, 5> specials{};
    std::ranges::copy(tensor.data<float>(), specials.begin());
    return specials;
}

}  // namespace latent::accuracy
