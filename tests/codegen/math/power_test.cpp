#include "codegen/reference/scalar_functions.h"
#include "math_testing.h"

namespace latent::codegen::math::testing {

TEST_CASE("square roots are correctly rounded and their reciprocals accurate") {
    check_functions(std::vector<Function>{
        {"sqrt", math::sqrt, [](long double x) { return std::sqrt(x); }, 0, 10, 0.501, 0.501},
        {"rsqrt", math::rsqrt, [](long double x) { return 1 / std::sqrt(x); }, 0, 10, 1.5, 1.5},
    });
}

TEMPLATE_TEST_CASE("pow is accurate over bases and exponents of all sizes", "", float, double) {
    using T = TestType;
    const auto kernel = binary_kernel<T, T>(math::pow);
    const auto reference = [](long double x, long double y) { return std::pow(x, y); };
    const size_t count = 1 << 18;

    std::vector<T> bases = samples_of_interval<T>(0, 20, count);
    std::vector<T> exponents = samples_of_interval<T>(-30, 30, count);
    std::vector<T> all_bases = samples_of_all_exponents<T>(count);
    // Exponents for which the result is neither 0 nor infinite.
    std::vector<T> fitting(count);
    for (size_t i = 0; i < count; ++i) {
        const T log_size = std::log2(std::fabs(all_bases[i]));
        const T target = static_cast<T>(std::numeric_limits<T>::max_exponent) *
                         static_cast<T>(std::sin(static_cast<double>(i)));
        fitting[i] = all_bases[i] < 0 ? std::round(target / log_size) : target / log_size;
    }
    // Next to 1 the exponents are large.
    std::vector<T> near_one = samples_of_interval<T>(0.999, 1.001, count);
    std::vector<T> large = samples_of_interval<T>(-50000, 50000, count);
    for (const auto& [base, exponent] :
         {std::pair{bases, exponents}, std::pair{all_bases, fitting}, std::pair{near_one, large}}) {
        std::vector<T> shuffled(count);
        for (size_t i = 0; i < count; ++i) {
            shuffled[i] = exponent[i * 4099 % count];
        }
        for (const std::vector<T>& other : {exponent, shuffled}) {
            const WorstError worst = worst_error<T>(kernel, reference, base, other);
            INFO(worst);
            CHECK(worst.ulp <= 1.9);
        }
    }
}

TEMPLATE_TEST_CASE("pow has the special cases of C", "", float, double) {
    using T = TestType;
    std::vector<T> bases;
    std::vector<T> exponents;
    for (const T base : special_values<T>()) {
        for (const T exponent : special_values<T>()) {
            bases.push_back(base);
            exponents.push_back(exponent);
        }
    }
    const auto reference = [](long double x, long double y) {
        return static_cast<long double>(std::pow(static_cast<T>(x), static_cast<T>(y)));
    };
    const WorstError worst =
        worst_error<T>(binary_kernel<T, T>(math::pow), reference, bases, exponents);
    INFO(worst);
    CHECK(worst.ulp <= 1.6);
}

TEMPLATE_TEST_CASE("pow of integers wraps and truncates reciprocals", "", int32_t, int64_t) {
    using T = TestType;
    std::vector<T> bases;
    std::vector<T> exponents;
    std::vector<T> expected;
    for (const T base : {0, 1, -1, 2, -2, 3, -7, 10, 65537, std::numeric_limits<int>::min()}) {
        for (const T exponent : {0, 1, 2, 3, 7, 31, 32, 63, 1000001, -1, -2, -3}) {
            bases.push_back(base);
            exponents.push_back(exponent);
            expected.push_back(reference::pow(base, exponent));
        }
    }
    CHECK(binary_kernel<T, T>(math::pow)(bases, exponents) == expected);
}

}  // namespace latent::codegen::math::testing
