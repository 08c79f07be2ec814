#include "math_testing.h"

namespace latent::codegen::math::testing {

namespace {

long double reference(long double x) {
    return std::lgamma(x);
}

}  // namespace

TEST_CASE("the logarithm of the gamma function is accurate in f32 for every argument") {
    check_function<float>({"lgamma", math::lgamma, reference, -20, 20, 1, 0});
}

TEST_CASE("the logarithm of the gamma function is accurate in f64 for positive arguments") {
    const auto kernel = unary_kernel<double, double>(math::lgamma);
    std::vector<double> everywhere = samples_of_all_exponents<double>(1 << 18);
    std::erase_if(everywhere, [](double x) { return x < 0; });
    for (const std::vector<double>& samples :
         {everywhere, samples_of_interval<double>(0, 3, 1 << 18),
          samples_of_interval<double>(0, 40, 1 << 18),
          samples_of_interval<double>(2.5e305, 2.6e305, 1 << 12)}) {
        const WorstError worst = worst_error<double>(kernel, reference, samples);
        INFO(worst);
        CHECK(worst.ulp <= 4);
    }
}

TEST_CASE("the logarithm of the gamma function is accurate in f64 for negative arguments") {
    const auto kernel = unary_kernel<double, double>(math::lgamma);
    for (const double low : {-1e-3, -4.0, -40.0, -1e6}) {
        const std::vector<double> arguments = samples_of_interval<double>(low, 0, 1 << 17);
        const std::vector<double> results = kernel(arguments);
        long double worst = 0;  // relative to the terms of the reflection, for there are zeros
        for (size_t i = 0; i < results.size(); ++i) {
            const long double expected = reference(arguments[i]);
            const long double scale =
                std::max({std::fabs(expected), reference(1 - arguments[i]), 1.0L});
            worst = std::max(worst, std::fabs(results[i] - expected) / scale);
        }
        INFO(low);
        CHECK(worst <= 4 * std::numeric_limits<double>::epsilon());
    }
}

TEST_CASE("the logarithm of the gamma function has the special values of Annex F in f64") {
    const std::vector<double> arguments = special_values<double>();
    const std::vector<double> results = unary_kernel<double, double>(math::lgamma)(arguments);
    for (size_t i = 0; i < arguments.size(); ++i) {
        INFO("at " << arguments[i] << ": " << results[i]);
        CHECK(error_in_ulp(results[i], reference(arguments[i])) <= 4);
    }
}

}  // namespace latent::codegen::math::testing
