#include "codegen/reference/scalar_functions.h"
#include "math_testing.h"

namespace latent::codegen::math::testing {

namespace {

template <typename T>
bool same(T a, T b) {
    return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
}

// As the reference's, but in long double: its last steps round, which shows at quotients near 2^52.
template <typename T>
T quotient_rounded_down(T a, T b) {
    if (b == 0) {
        return a / b;
    }
    const long double rest = reference::remainder(a, b);
    const long double quotient = std::rint((static_cast<long double>(a) - rest) / b);
    if (std::isinf(b) && std::isfinite(a)) {
        return rest == a ? static_cast<T>(a / b) : T(-1);
    }
    return quotient == 0 ? std::copysign(T(0), a / b) : static_cast<T>(quotient);
}

// Pairs of every ratio below 2^52, ratios next to whole numbers among them, and of special values.
template <typename T>
std::pair<std::vector<T>, std::vector<T>> division_operands() {
    std::pair<std::vector<T>, std::vector<T>> operands;
    auto& [a, b] = operands;
    const auto add = [&](T x, T y) {
        const T ratio = std::fabs(x / y);
        if (ratio < 0x1p52 || std::isnan(ratio) || std::isinf(x) || y == 0) {
            a.push_back(x);
            b.push_back(y);
        }
    };
    for (const T x : special_values<T>()) {
        for (const T y : special_values<T>()) {
            add(x, y);
        }
    }
    const std::vector<T> values = samples_of_all_exponents<T>(1 << 17);
    uint64_t state = 7;
    for (size_t i = 0; i < values.size(); ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const int distance = static_cast<int>(state >> 58) - 5;
        const T other = values[i * 4099 % values.size()];
        if (values[i] == 0 || other == 0 || !std::isfinite(values[i]) || !std::isfinite(other)) {
            continue;  // no exponent to speak of; the special values above have them
        }
        const T divisor = std::ldexp(other, std::ilogb(values[i]) - distance - std::ilogb(other));
        add(values[i], divisor);
        const T multiple = divisor * std::round(values[i] / divisor);
        add(multiple, divisor);
        add(std::nextafter(multiple, T(0)), divisor);
    }
    return operands;
}

}  // namespace

TEST_CASE("rounding functions are exact, and round takes ties to even") {
    check_functions(std::vector<Function>{
        {"floor", math::floor, [](long double x) { return std::floor(x); }, -9, 9, 0, 0},
        {"ceil", math::ceil, [](long double x) { return std::ceil(x); }, -9, 9, 0, 0},
        {"trunc", math::trunc, [](long double x) { return std::trunc(x); }, -9, 9, 0, 0},
        {"round", math::round, [](long double x) { return std::rint(x); }, -9, 9, 0, 0},
    });
    CHECK(unary_kernel<float, float>(math::round)(
              std::vector<float>{-2.5f, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f}) ==
          std::vector<float>{-2, -2, -0.0f, 0, 2, 2});
}

TEMPLATE_TEST_CASE("remainder is exact and has the sign of the divisor", "", float, double) {
    using T = TestType;
    const auto [a, b] = division_operands<T>();
    const std::vector<T> results = binary_kernel<T, T>(math::remainder)(a, b);
    for (size_t i = 0; i < a.size(); ++i) {
        const T expected = static_cast<T>(reference::remainder(a[i], b[i]));
        if (!same(results[i], expected)) {
            FAIL_CHECK(a[i] << " by " << b[i] << " leaves " << results[i] << ", not " << expected);
        }
    }
}

TEMPLATE_TEST_CASE("floor_divide follows NumPy", "", float, double) {
    using T = TestType;
    const auto [a, b] = division_operands<T>();
    const std::vector<T> results = binary_kernel<T, T>(math::floor_divide)(a, b);
    for (size_t i = 0; i < a.size(); ++i) {
        const T expected = quotient_rounded_down(a[i], b[i]);
        if (!same(results[i], expected)) {
            FAIL_CHECK(a[i] << " by " << b[i] << " gives " << results[i] << ", not " << expected);
        }
    }
}

TEST_CASE("a ratio too large for an exact remainder gives zero and its own quotient") {
    const std::vector<double> a{1e300, -1e300, 1e300};
    const std::vector<double> b{3, 3, -1e-300};
    CHECK(binary_kernel<double, double>(math::remainder)(a, b) == std::vector<double>{0, 0, 0});
    CHECK(binary_kernel<double, double>(math::floor_divide)(a, b) ==
          std::vector<double>{1e300 / 3, -1e300 / 3, -INFINITY});
}

}  // namespace latent::codegen::math::testing
