#include "codegen/reference/scalar_functions.h"
#include "math_testing.h"

namespace latent::codegen::math::testing {

namespace {

template <typename T>
std::pair<std::vector<T>, std::vector<T>> pairs_of(const std::vector<T>& values) {
    std::pair<std::vector<T>, std::vector<T>> pairs;
    for (const T a : values) {
        for (const T b : values) {
            pairs.first.push_back(a);
            pairs.second.push_back(b);
        }
    }
    return pairs;
}

template <typename T>
std::vector<T> edge_integers() {
    using Limits = std::numeric_limits<T>;
    return {0,
            1,
            -1,
            2,
            -2,
            3,
            7,
            -7,
            100,
            Limits::max(),
            Limits::max() - 1,
            Limits::min(),
            Limits::min() + 1};
}

// Whether they are the same value, the sign of zero included.
template <typename T>
bool same(T a, T b) {
    return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
}

template <typename T>
void check_same(const std::vector<T>& a, const std::vector<T>& b, const std::vector<T>& results,
                const std::function<T(T, T)>& expected) {
    for (size_t i = 0; i < results.size(); ++i) {
        INFO(a[i] << " and " << b[i] << " give " << results[i]);
        CHECK(same(results[i], expected(a[i], b[i])));
    }
}

}  // namespace

TEMPLATE_TEST_CASE("float arithmetic is that of IEEE for all special values", "", float, double) {
    using T = TestType;
    const auto [a, b] = pairs_of(special_values<T>());
    const auto check = [&](Expr (*function)(const Expr&, const Expr&), auto expected) {
        check_same<T>(a, b, binary_kernel<T, T>(function)(a, b), expected);
    };
    check(math::add, [](T x, T y) { return x + y; });
    check(math::subtract, [](T x, T y) { return x - y; });
    check(math::multiply, [](T x, T y) { return x * y; });
    check(math::divide, [](T x, T y) { return x / y; });
    check(math::maximum, [](T x, T y) { return static_cast<T>(reference::maximum(x, y)); });
    check(math::minimum, [](T x, T y) { return static_cast<T>(reference::minimum(x, y)); });
}

TEMPLATE_TEST_CASE("signs of floats are right for zeros and NaN", "", float, double) {
    using T = TestType;
    const std::vector<T> x = special_values<T>();
    const auto check = [&](Expr (*function)(const Expr&), auto expected) {
        check_same<T>(x, x, unary_kernel<T, T>(function)(x), [&](T a, T) { return expected(a); });
    };
    check(math::negate, [](T a) { return -a; });
    check(math::absolute, [](T a) { return std::fabs(a); });
    check(math::sign, [](T a) { return static_cast<T>(reference::sign(a)); });
}

TEMPLATE_TEST_CASE("comparisons of floats see NaN", "", float, double) {
    using T = TestType;
    const auto [a, b] = pairs_of(special_values<T>());
    const auto check = [&, &x = a, &y = b](Expr (*function)(const Expr&, const Expr&),
                                           auto expected) {
        const auto results = binary_kernel<uint8_t, T>([&](const Expr& l, const Expr& r) {
            return Halide::cast<uint8_t>(function(l, r));
        })(x, y);
        for (size_t i = 0; i < results.size(); ++i) {
            INFO(x[i] << " and " << y[i]);
            CHECK(results[i] == expected(x[i], y[i]));
        }
    };
    check(math::equal, std::equal_to<T>());
    check(math::not_equal, std::not_equal_to<T>());
    check(math::less, std::less<T>());
    check(math::less_equal, std::less_equal<T>());
}

TEMPLATE_TEST_CASE("integer arithmetic wraps", "", int32_t, int64_t) {
    using T = TestType;
    const auto [a, b] = pairs_of(edge_integers<T>());
    const auto check = [&, &x = a, &y = b](Expr (*function)(const Expr&, const Expr&),
                                           auto expected) {
        const std::vector<T> results = binary_kernel<T, T>(function)(x, y);
        for (size_t i = 0; i < results.size(); ++i) {
            INFO(x[i] << " and " << y[i]);
            CHECK(results[i] == expected(x[i], y[i]));
        }
    };
    check(math::add, [](T x, T y) { return reference::add(x, y); });
    check(math::subtract, [](T x, T y) { return reference::sub(x, y); });
    check(math::multiply, [](T x, T y) { return reference::mul(x, y); });
    check(math::maximum, [](T x, T y) { return std::max(x, y); });
    check(math::minimum, [](T x, T y) { return std::min(x, y); });
    check([](const Expr& x, const Expr&) { return math::negate(x); },
          [](T x, T) { return reference::neg(x); });
    check([](const Expr& x, const Expr&) { return math::absolute(x); },
          [](T x, T) { return reference::abs(x); });
    check([](const Expr& x, const Expr&) { return math::sign(x); },
          [](T x, T) { return reference::sign(x); });
}

TEMPLATE_TEST_CASE("integer division rounds down and does not trap", "", int32_t, int64_t) {
    using T = TestType;
    std::vector<T> values = edge_integers<T>();
    uint64_t state = 1;
    for (int i = 0; i < 60; ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        values.push_back(static_cast<T>(static_cast<int64_t>(state) >> (i % 60 + 3)));
    }
    const auto [a, b] = pairs_of(values);
    const std::vector<T> quotients = binary_kernel<T, T>(math::floor_divide)(a, b);
    const std::vector<T> remainders = binary_kernel<T, T>(math::remainder)(a, b);
    for (size_t i = 0; i < a.size(); ++i) {
        if (quotients[i] != reference::floor_divide(a[i], b[i]) ||
            remainders[i] != reference::remainder(a[i], b[i])) {
            FAIL_CHECK(a[i] << " by " << b[i] << " gives " << quotients[i] << ", remainder "
                            << remainders[i]);
        }
    }
}

TEST_CASE("integer division of unsigned numbers uses all of their bits") {
    const std::vector<uint32_t> a{0xffffffffu, 0xffffffffu, 0x80000000u, 7, 7};
    const std::vector<uint32_t> b{1, 0x80000000u, 0xffffffffu, 0, 2};
    CHECK(binary_kernel<uint32_t, uint32_t>(math::floor_divide)(a, b) ==
          std::vector<uint32_t>{0xffffffffu, 1, 0, 0, 3});
    CHECK(binary_kernel<uint32_t, uint32_t>(math::remainder)(a, b) ==
          std::vector<uint32_t>{0, 0x7fffffffu, 0x80000000u, 0, 1});
}

TEST_CASE("binary operations refuse operands of different types") {
    const Expr single = Halide::cast<float>(1.0f);
    const Expr wide = Halide::cast<double>(1.0f);
    CHECK_THROWS_AS(math::add(single, wide), std::invalid_argument);
    CHECK_THROWS_AS(math::pow(single, wide), std::invalid_argument);
    CHECK_THROWS_AS(math::less(wide, Halide::cast<int>(1)), std::invalid_argument);
}

}  // namespace latent::codegen::math::testing
