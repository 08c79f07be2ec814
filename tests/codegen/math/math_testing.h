#pragma once

#include <Halide.h>

#include <algorithm>
#include <array>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <ostream>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "codegen/lower/function_instructions.h"
#include "codegen/math/math.h"
#include "tests/support/ulp.h"

/// What the tests of codegen/math share: compiled kernels, samples and errors in ULP.
namespace latent::codegen::math::testing {

using test::error_in_ulp;

template <typename T>
using BitsOf = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

/// A buffer for a kernel's input. Halide's inputs are not const, although kernels only read them.
template <typename T>
Halide::Buffer<T> view(const std::vector<T>& values) {
    return Halide::Buffer<T>(const_cast<T*>(values.data()), static_cast<int>(values.size()));
}

/// What our lowering does with functions, for kernels that Halide lowers alone.
class LowerFunctions : public Halide::Internal::IRMutator {
  public:
    explicit LowerFunctions(Halide::Target target) : target_(std::move(target)) {}
    Halide::Internal::Stmt mutate(const Halide::Internal::Stmt& statement) override {
        return lower_functions(statement, target_);
    }

  private:
    Halide::Target target_;
};

/// As many lanes as AVX2 has.
template <typename Result, typename T>
constexpr int usual_lanes = 32 / std::max(sizeof(T), sizeof(Result));

/// An expression of N operands of type T as a vectorised kernel. The target is not StrictFloat, so
/// the expressions must keep IEEE semantics by themselves.
template <typename Result, typename T, size_t N>
class Kernel {
  public:
    explicit Kernel(const std::function<Expr(const std::array<Expr, N>&)>& expression,
                    int lanes = usual_lanes<Result, T>,
                    const Halide::Target& target = Halide::get_jit_target_from_environment()) {
        Halide::Var i;
        std::vector<Halide::Argument> arguments;
        std::array<Expr, N> operands;
        for (Expr& operand : operands) {
            const Halide::ImageParam input(Halide::type_of<T>(), 1);
            arguments.push_back(input);
            operand = input(i);
        }
        Halide::Func kernel;
        kernel(i) = expression(operands);
        if (lanes > 1) {
            kernel.vectorize(i, lanes, Halide::TailStrategy::GuardWithIf);
        }
        kernel.add_custom_lowering_pass(new LowerFunctions(target));
        callable_ = kernel.compile_to_callable(arguments, target);
    }

    template <typename... Operands>
    std::vector<Result> operator()(const Operands&... operands) const {
        static_assert(sizeof...(Operands) == N);
        const std::vector<T>& first = std::get<0>(std::tie(operands...));
        std::vector<Result> results(first.size());
        Halide::Buffer<Result> output(results.data(), static_cast<int>(results.size()));
        callable_(view(operands)..., output);
        return results;
    }

  private:
    // Calling does not change it, but Halide does not say so.
    mutable Halide::Callable callable_;
};

template <typename Result, typename T>
Kernel<Result, T, 1> unary_kernel(const std::function<Expr(const Expr&)>& function) {
    return Kernel<Result, T, 1>([&](const auto& operands) { return function(operands[0]); });
}

template <typename Result, typename T>
Kernel<Result, T, 2> binary_kernel(const std::function<Expr(const Expr&, const Expr&)>& function) {
    return Kernel<Result, T, 2>(
        [&](const auto& operands) { return function(operands[0], operands[1]); });
}

/// Numbers of every exponent and sign: evenly spaced bit patterns with low bits that vary.
template <typename T>
std::vector<T> samples_of_all_exponents(size_t count) {
    std::vector<T> samples(count);
    const BitsOf<T> step = static_cast<BitsOf<T>>(std::numeric_limits<BitsOf<T>>::max() / count);
    uint64_t state = 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < count; ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const BitsOf<T> bits =
            static_cast<BitsOf<T>>(i) * step + static_cast<BitsOf<T>>(state >> 20) % step;
        samples[i] = std::bit_cast<T>(bits);
    }
    return samples;
}

template <typename T>
std::vector<T> samples_of_interval(double low, double high, size_t count) {
    std::vector<T> samples(count);
    for (size_t i = 0; i < count; ++i) {
        samples[i] = static_cast<T>(low + (high - low) * (static_cast<double>(i) + 0.5) /
                                              static_cast<double>(count));
    }
    return samples;
}

/// Zeros, infinities, NaN, limits, small integers and halves.
template <typename T>
std::vector<T> special_values() {
    using Limits = std::numeric_limits<T>;
    std::vector<T> values{Limits::quiet_NaN()};
    for (const T magnitude :
         {T(0), Limits::denorm_min(), Limits::min(), T(0.25), T(0.5), T(1), T(1.5), T(2), T(3),
          T(4), T(1000), T(1001), Limits::max(), Limits::infinity()}) {
        values.push_back(magnitude);
        values.push_back(-magnitude);
    }
    return values;
}

/// The worst of a set of results.
struct WorstError {
    double ulp = 0;
    std::vector<double> operands;
    double result = 0;
    long double expected = 0;
};

inline std::ostream& operator<<(std::ostream& stream, const WorstError& worst) {
    stream << std::hexfloat << "at";
    for (const double operand : worst.operands) {
        stream << ' ' << operand;
    }
    return stream << ": " << worst.result << ", expected " << static_cast<double>(worst.expected)
                  << std::defaultfloat << ", off by " << worst.ulp << " ULP";
}

/// `reference` takes as many long doubles as the kernel has operands.
template <typename T, size_t N, typename Reference, typename... Operands>
WorstError worst_error(const Kernel<T, T, N>& kernel, const Reference& reference,
                       const Operands&... operands) {
    const std::vector<T> results = kernel(operands...);
    WorstError worst;
    for (size_t i = 0; i < results.size(); ++i) {
        const long double expected = reference(static_cast<long double>(operands[i])...);
        const double ulp = error_in_ulp(results[i], expected);
        if (ulp > worst.ulp) {
            worst = {ulp, {static_cast<double>(operands[i])...}, results[i], expected};
        }
    }
    return worst;
}

/// A function of one variable, what it should be, where it is sampled densely, and the error that
/// is allowed.
struct Function {
    std::string name;
    std::function<Expr(const Expr&)> expression;
    std::function<long double(long double)> reference;
    double low;
    double high;
    double single_ulp;
    double double_ulp;
};

/// Checks the error over all exponents up to `largest`, over the dense interval and at the special
/// values, and that what the kernel makes of NaN and infinity can be seen by what is fused to it.
template <typename T>
void check_function(const Function& function,
                    double largest = std::numeric_limits<double>::infinity()) {
    constexpr bool single = std::is_same_v<T, float>;
    const double allowed = single ? function.single_ulp : function.double_ulp;
    // Doubles are precise enough to judge singles, and faster.
    const auto reference = [&](long double x) { return function.reference(x); };
    INFO(function.name << (single ? " in f32" : " in f64"));

    const auto kernel = unary_kernel<T, T>(function.expression);
    std::vector<T> everywhere = samples_of_all_exponents<T>(single ? 1 << 19 : 1 << 18);
    std::erase_if(everywhere, [&](T x) { return std::fabs(x) > largest; });
    for (const std::vector<T>& samples :
         {everywhere,
          samples_of_interval<T>(function.low, function.high, single ? 1 << 19 : 1 << 18),
          samples_of_interval<T>(-1, 1, 1 << 16)}) {
        const WorstError worst = worst_error<T>(kernel, reference, samples);
        INFO(worst);
        CHECK(worst.ulp <= allowed);
    }

    std::vector<T> specials = special_values<T>();
    std::erase_if(specials, [&](T x) { return std::isfinite(x) && std::fabs(x) > largest; });
    const std::vector<T> results = kernel(specials);
    const auto classes = unary_kernel<uint8_t, T>([&](const Expr& x) {
        const Expr value = function.expression(x);
        return Halide::select(math::is_nan(value), Halide::cast<uint8_t>(2),
                              math::is_infinite(value), Halide::cast<uint8_t>(1),
                              Halide::cast<uint8_t>(0));
    })(specials);
    for (size_t i = 0; i < specials.size(); ++i) {
        INFO("at " << specials[i] << ": " << results[i]);
        CHECK(error_in_ulp(results[i], reference(specials[i])) <= allowed);
        CHECK(int{classes[i]} == (std::isnan(results[i]) ? 2 : std::isinf(results[i]) ? 1 : 0));
    }
}

inline void check_functions(std::span<const Function> functions) {
    for (const Function& function : functions) {
        check_function<float>(function);
        check_function<double>(function);
    }
}

}  // namespace latent::codegen::math::testing
