#include "codegen/reference/scalar_functions.h"
#include "math_testing.h"

namespace latent::codegen::math::testing {

namespace {

template <typename To, typename From>
std::vector<To> converted(const std::vector<From>& values) {
    return unary_kernel<To, From>(
        [](const Expr& x) { return math::convert(Halide::type_of<To>(), x); })(values);
}

template <typename To, typename From>
void check_conversion(const std::vector<From>& values) {
    const std::vector<To> results = converted<To>(values);
    for (size_t i = 0; i < values.size(); ++i) {
        if (results[i] != reference::convert<To>(values[i])) {
            FAIL_CHECK(values[i] << " becomes " << results[i]);
        }
    }
}

template <typename T>
std::vector<T> numbers() {
    std::vector<T> values = samples_of_all_exponents<T>(1 << 16);
    for (const T special : special_values<T>()) {
        values.push_back(special);
    }
    for (const int bits : {31, 32, 63, 64}) {
        const T limit = std::ldexp(T(1), bits);
        for (const T value : {limit, std::nextafter(limit, T(0)), std::nextafter(limit, 2 * limit),
                              limit - T(0.5), limit - T(1)}) {
            values.push_back(value);
            values.push_back(-value);
        }
    }
    return values;
}

}  // namespace

TEMPLATE_TEST_CASE("floats become integers by truncation, saturation and 0 for NaN", "", float,
                   double) {
    check_conversion<int32_t>(numbers<TestType>());
    check_conversion<int64_t>(numbers<TestType>());
}

TEST_CASE("floats of small unsigned types saturate as well") {
    CHECK(converted<uint8_t>(std::vector<float>{-1, -0.5f, 0, 254.9f, 255, 256, INFINITY, NAN}) ==
          std::vector<uint8_t>{0, 0, 0, 254, 255, 255, 255, 0});
}

TEST_CASE("integers become floats by rounding, and other integers by wrapping") {
    const std::vector<int64_t> wide{0,
                                    -1,
                                    1ll << 24,
                                    (1ll << 24) + 1,
                                    (1ll << 32) + 5,
                                    std::numeric_limits<int64_t>::max(),
                                    std::numeric_limits<int64_t>::min()};
    check_conversion<float>(wide);
    check_conversion<double>(wide);
    check_conversion<int32_t>(wide);
    const std::vector<int32_t> narrow{0, -1, 16777217, std::numeric_limits<int32_t>::max(),
                                      std::numeric_limits<int32_t>::min()};
    check_conversion<float>(narrow);
    check_conversion<double>(narrow);
    check_conversion<int64_t>(narrow);
}

TEST_CASE("singles become doubles exactly and doubles become singles by rounding") {
    const std::vector<float> singles = numbers<float>();
    const std::vector<double> wide = converted<double>(singles);
    for (size_t i = 0; i < singles.size(); ++i) {
        if (error_in_ulp(wide[i], singles[i]) != 0) {
            FAIL_CHECK(singles[i] << " becomes " << wide[i]);
        }
    }
    std::vector<double> doubles = numbers<double>();
    for (const double near_limit : {0x1.fffffefffffffp127, 0x1.fffffeffffffep127, 0x1.ffffffp127}) {
        doubles.push_back(near_limit);
        doubles.push_back(-near_limit);
    }
    const std::vector<float> narrow = converted<float>(doubles);
    for (size_t i = 0; i < doubles.size(); ++i) {
        if (error_in_ulp(narrow[i], static_cast<float>(doubles[i])) != 0) {
            FAIL_CHECK(doubles[i] << " becomes " << narrow[i]);
        }
    }
}

TEST_CASE("NaN and infinity survive a conversion for what follows it in a kernel") {
    const std::vector<float> values{NAN, INFINITY, -INFINITY, 1, 0x1p127f};
    const auto kernel = unary_kernel<uint8_t, float>([](const Expr& x) {
        const Expr wide = math::convert(Halide::Float(64), x);
        const Expr narrow = math::convert(Halide::Float(32), math::multiply(wide, wide));
        return Halide::cast<uint8_t>(math::is_nan(wide)) +
               Halide::cast<uint8_t>(math::is_infinite(wide)) * 2 +
               Halide::cast<uint8_t>(math::is_nan(narrow)) * 4 +
               Halide::cast<uint8_t>(math::is_infinite(narrow)) * 8;
    });
    CHECK(kernel(values) == std::vector<uint8_t>{5, 10, 10, 0, 8});
}

TEST_CASE("everything but zero becomes true") {
    const auto kernel = unary_kernel<uint8_t, float>([](const Expr& x) {
        return math::convert(Halide::UInt(8), math::convert(Halide::Bool(), x));
    });
    CHECK(kernel(std::vector<float>{0, -0.0f, 1, -2, NAN, INFINITY, 1e-45f}) ==
          std::vector<uint8_t>{0, 0, 1, 1, 1, 1, 1});
}

}  // namespace latent::codegen::math::testing
