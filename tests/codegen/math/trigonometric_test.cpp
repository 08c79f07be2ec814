#include "math_testing.h"

namespace latent::codegen::math::testing {

namespace {

const std::vector<Function> circular{
    {"sin", math::sin, [](long double x) { return std::sin(x); }, -10, 10, 1.6, 1.6},
    {"cos", math::cos, [](long double x) { return std::cos(x); }, -10, 10, 1.6, 1.6},
    {"tan", math::tan, [](long double x) { return std::tan(x); }, -10, 10, 1.3, 3.2},
};

}  // namespace

TEST_CASE("circular functions are accurate for every f32, however large") {
    for (const Function& function : circular) {
        check_function<float>(function);
    }
}

TEST_CASE("circular functions are accurate for f64 up to 2^29") {
    for (const Function& function : circular) {
        check_function<double>(function, 0x1p29);
    }
}

TEST_CASE("sin and cos of larger f64 arguments stay between -1 and 1, and infinity gives NaN") {
    const std::vector<double> arguments = samples_of_all_exponents<double>(1 << 16);
    for (const auto& function : {math::sin, math::cos}) {
        const std::vector<double> results = unary_kernel<double, double>(function)(arguments);
        for (size_t i = 0; i < results.size(); ++i) {
            const bool bounded =
                std::isfinite(arguments[i]) ? std::fabs(results[i]) <= 1 : std::isnan(results[i]);
            if (!bounded) {
                FAIL_CHECK("at " << arguments[i] << ": " << results[i]);
            }
        }
    }
}

TEST_CASE("circular functions are accurate next to multiples of pi / 2") {
    std::vector<float> singles;
    std::vector<double> doubles;
    for (int k = 1; k < 1 << 14; ++k) {
        const long double multiple = k * 1.57079632679489661923132169163975L;
        singles.push_back(static_cast<float>(multiple));
        doubles.push_back(static_cast<double>(multiple));
    }
    for (const Function& function : circular) {
        INFO(function.name);
        // The long double functions are used on purpose: singles are that near to the zeros.
        const WorstError single = worst_error<float>(
            unary_kernel<float, float>(function.expression), function.reference, singles);
        const WorstError wide = worst_error<double>(
            unary_kernel<double, double>(function.expression), function.reference, doubles);
        INFO(single << "; " << wide);
        CHECK(single.ulp <= function.single_ulp);
        CHECK(wide.ulp <= function.double_ulp);
    }
}

TEST_CASE("inverse circular functions are accurate for every argument") {
    check_functions(std::vector<Function>{
        {"asin", math::asin, [](long double x) { return std::asin(x); }, -1, 1, 1.4, 1.3},
        {"acos", math::acos, [](long double x) { return std::acos(x); }, -1, 1, 1.4, 1.4},
        {"atan", math::atan, [](long double x) { return std::atan(x); }, -5, 5, 2.1, 2.6},
    });
}

TEMPLATE_TEST_CASE("atan2 is accurate in all quadrants and at all special values", "", float,
                   double) {
    using T = TestType;
    const auto kernel = binary_kernel<T, T>(math::atan2);
    const auto reference = [](long double y, long double x) { return std::atan2(y, x); };

    std::vector<T> ys = samples_of_interval<T>(-5, 5, 1 << 17);
    std::vector<T> xs(ys.size());
    for (size_t i = 0; i < xs.size(); ++i) {
        xs[i] = ys[i * 4099 % ys.size()];
    }
    const std::vector<T> all_exponents = samples_of_all_exponents<T>(1 << 17);
    std::vector<T> others(all_exponents.size());
    for (size_t i = 0; i < others.size(); ++i) {
        others[i] = all_exponents[i * 4099 % all_exponents.size()];
    }
    std::vector<T> special_ys;
    std::vector<T> special_xs;
    for (const T y : special_values<T>()) {
        for (const T x : special_values<T>()) {
            special_ys.push_back(y);
            special_xs.push_back(x);
        }
    }
    for (const auto& [y, x] :
         {std::pair{ys, xs}, std::pair{all_exponents, others}, std::pair{special_ys, special_xs}}) {
        const WorstError worst = worst_error<T>(kernel, reference, y, x);
        INFO(worst);
        CHECK(worst.ulp <= 2.5);
    }
}

}  // namespace latent::codegen::math::testing
