#include "math_testing.h"

namespace latent::codegen::math::testing {

TEST_CASE("exponentials and logarithms are accurate for every argument") {
    const auto sigmoid_reference = [](long double x) {
        return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
    };
    check_functions(std::vector<Function>{
        {"exp", math::exp, [](long double x) { return std::exp(x); }, -104, 89, 1.1, 1.1},
        {"exp2", math::exp2, [](long double x) { return std::exp2(x); }, -151, 129, 1.5, 1.5},
        {"expm1", math::expm1, [](long double x) { return std::expm1(x); }, -5, 20, 1.9, 2.5},
        {"sigmoid", math::sigmoid, sigmoid_reference, -110, 20, 1.8, 1.8},
        {"log", math::log, [](long double x) { return std::log(x); }, 0.01, 10, 1, 1},
        {"log2", math::log2, [](long double x) { return std::log2(x); }, 0.01, 10, 1.5, 1.5},
        {"log10", math::log10, [](long double x) { return std::log10(x); }, 0.01, 10, 1.15, 1.1},
        {"log1p", math::log1p, [](long double x) { return std::log1p(x); }, -0.99, 10, 1, 1},
    });
}

TEST_CASE("exp2 and log2 are exact for powers of two") {
    std::vector<float> exponents;
    std::vector<float> powers;
    for (int k = -149; k <= 127; ++k) {
        exponents.push_back(static_cast<float>(k));
        powers.push_back(std::ldexp(1.0f, k));
    }
    CHECK(unary_kernel<float, float>(math::exp2)(exponents) == powers);
    CHECK(unary_kernel<float, float>(math::log2)(powers) == exponents);
}

TEST_CASE("functions leave the zeros beside them their sign") {
    const std::vector<float> arguments = {-3.0f, -0.5f, 0.0f, 0.5f, 3.0f};
    const auto remainders = unary_kernel<float, float>(
        [](const Expr& x) { return math::remainder(math::exp(x), math::exp(x)); })(arguments);
    for (const float remainder : remainders) {
        CHECK(remainder == 0);
        CHECK_FALSE(std::signbit(remainder));
    }
}

TEST_CASE("exponentials have the same bits in vectors of any length, with AVX-512 and without") {
    const Halide::Target host = Halide::get_jit_target_from_environment();
    const Halide::Target narrower = host.without_feature(Halide::Target::AVX512_Skylake);
    const auto same_bits = []<typename T>(const std::vector<T>& a, const std::vector<T>& b) {
        return std::ranges::equal(a, b, [](T x, T y) {
            return std::bit_cast<BitsOf<T>>(x) == std::bit_cast<BitsOf<T>>(y) || (x != x && y != y);
        });
    };
    const auto check = [&]<typename T>(const char* name, auto function, T) {
        INFO(name << " of " << Halide::type_of<T>());
        std::vector<T> arguments = samples_of_all_exponents<T>(1 << 14);
        std::ranges::copy(samples_of_interval<T>(-160, 100, 1 << 14),
                          std::back_inserter(arguments));
        std::ranges::copy(samples_of_interval<T>(-800, 800, 1 << 14),
                          std::back_inserter(arguments));
        std::ranges::copy(special_values<T>(), std::back_inserter(arguments));
        const auto results = [&](int lanes, const Halide::Target& target) {
            const auto expression = [&](const auto& operands) { return function(operands[0]); };
            return Kernel<T, T, 1>(expression, lanes, target)(arguments);
        };
        const std::vector<T> alone = results(1, host);
        for (const int lanes : {2, 3, 4, 8, 16, 32}) {
            INFO("vectors of " << lanes);
            CHECK(same_bits(results(lanes, host), alone));
        }
        CHECK(same_bits(results(8, narrower), alone));
    };
    check("exp", math::exp, 1.0f);
    check("exp", math::exp, 1.0);
    check("exp2", math::exp2, 1.0f);
    check("exp2", math::exp2, 1.0);
    check("sigmoid", math::sigmoid, 1.0f);
    check("exp of exp", [](const Expr& x) { return math::exp(math::exp(x)); }, 1.0f);
}

TEST_CASE("exponentials refuse other types than f32 and f64") {
    CHECK_THROWS_AS(math::exp(Halide::cast<int>(1)), std::invalid_argument);
    CHECK_THROWS_AS(math::log(Halide::cast<Halide::float16_t>(1.0f)), std::invalid_argument);
}

}  // namespace latent::codegen::math::testing
