#include <array>

#include "codegen/reference/scalar_functions.h"
#include "math_testing.h"

// The same functions for targets that have fewer instructions, as far as this machine runs them.

namespace latent::codegen::math::testing {

namespace {

std::vector<Halide::Target> targets() {
    const Halide::Target host = Halide::get_host_target();
    std::vector<Halide::Target> runnable;
    for (const char* features :
         {"sse41", "sse41-avx-f16c-fma-avx2", "sse41-avx-f16c-fma-avx2-avx512-avx512_skylake"}) {
        const Halide::Target target(std::string("x86-64-linux-") + features);
        const bool runs = std::ranges::all_of(
            std::array{Halide::Target::SSE41, Halide::Target::AVX2, Halide::Target::FMA,
                       Halide::Target::AVX512_Skylake},
            [&](Halide::Target::Feature feature) {
                return !target.has_feature(feature) || host.has_feature(feature);
            });
        if (runs) {
            runnable.push_back(target.with_feature(Halide::Target::JIT));
        }
    }
    return runnable;
}

/// Every kind of number, special ones beside usual ones.
template <typename T>
std::vector<T> mixed_values() {
    std::vector<T> values = samples_of_all_exponents<T>(1 << 16);
    const std::vector<T> around_one = samples_of_interval<T>(-2, 2, 1 << 16);
    values.insert(values.end(), around_one.begin(), around_one.end());
    const std::vector<T> specials = special_values<T>();
    for (size_t i = 0; i < values.size(); i += 13) {
        values[i] = specials[i / 13 % specials.size()];
    }
    return values;
}

}  // namespace

TEMPLATE_TEST_CASE("logarithms and what is made of them are right on each instruction set", "",
                   float, double) {
    using T = TestType;
    const std::vector<T> values = mixed_values<T>();
    const double without_fused = 2.0;
    for (const Halide::Target& target : targets()) {
        for (const Function& function : std::vector<Function>{
                 {"log", math::log, [](long double x) { return std::log(x); }, 0, 0, 1.0, 1.0},
                 {"log2", math::log2, [](long double x) { return std::log2(x); }, 0, 0, 1.5, 1.5},
                 {"log10", math::log10, [](long double x) { return std::log10(x); }, 0, 0, 1.15,
                  1.1},
                 {"log1p", math::log1p, [](long double x) { return std::log1p(x); }, 0, 0, 1.0,
                  1.0},
                 {"asinh", math::asinh, [](long double x) { return std::asinh(x); }, 0, 0, 1.9,
                  1.9},
                 {"acosh", math::acosh, [](long double x) { return std::acosh(x); }, 0, 0, 1.95,
                  1.5},
                 {"atanh", math::atanh, [](long double x) { return std::atanh(x); }, 0, 0, 1.8,
                  1.8},
                 {"erfinv", math::erfinv, reference::erfinv, 0, 0, 1.0, 4.0}}) {
            INFO(function.name << " for " << target.to_string());
            for (const int lanes : {1, 2 * usual_lanes<T, T>}) {
                const Kernel<T, T, 1> kernel(
                    [&](const auto& operands) { return function.expression(operands[0]); }, lanes,
                    target);
                const WorstError worst = worst_error<T>(kernel, function.reference, values);
                INFO(worst);
                const double allowed =
                    std::is_same_v<T, float> ? function.single_ulp : function.double_ulp;
                CHECK(worst.ulp <= (target.has_feature(Halide::Target::FMA)
                                        ? allowed
                                        : std::max(allowed, without_fused)));
            }
        }
    }
}

TEMPLATE_TEST_CASE("pow is right for all numbers on each instruction set", "", float, double) {
    using T = TestType;
    std::vector<T> bases;
    std::vector<T> exponents;
    const std::vector<T> specials = special_values<T>();
    // Bases of each kind with usual exponents beside them, and special exponents with usual bases.
    for (const T base : mixed_values<T>()) {
        const size_t i = bases.size();
        bases.push_back(base);
        exponents.push_back(i % 11 == 0 ? specials[i / 11 % specials.size()]
                                        : static_cast<T>(static_cast<int>(i * 37 % 97) - 48) / 4);
    }
    const auto reference = [](long double x, long double y) { return std::pow(x, y); };
    for (const Halide::Target& target : targets()) {
        INFO(target.to_string());
        for (const int lanes : {1, 2 * usual_lanes<T, T>}) {
            const Kernel<T, T, 2> kernel(
                [](const auto& operands) { return math::pow(operands[0], operands[1]); }, lanes,
                target);
            const WorstError worst = worst_error<T>(kernel, reference, bases, exponents);
            INFO(worst);
            CHECK(worst.ulp <= 1.9);
        }
    }
}

}  // namespace latent::codegen::math::testing
