#include <latent/half.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

using namespace latent;

namespace {

/// The nearest of all finite values, by looking at each; ties to the one with an even last bit.
template <typename Half>
std::uint16_t nearest_bits(double x, std::uint16_t infinity) {
    std::uint16_t best = 0;
    double distance = std::numeric_limits<double>::infinity();
    for (std::uint16_t bits = 0; bits < infinity; ++bits) {
        const double candidate = std::fabs(std::fabs(x) - double{Half::from_bits(bits)});
        if (candidate < distance || (candidate == distance && bits % 2 == 0)) {
            best = bits;
            distance = candidate;
        }
    }
    return static_cast<std::uint16_t>(best | (std::signbit(x) ? 0x8000U : 0U));
}

template <typename Half>
void check_all_bits() {
    for (std::uint32_t bits = 0; bits <= 0xffffU; ++bits) {
        const auto value = Half::from_bits(static_cast<std::uint16_t>(bits));
        const Half again(static_cast<float>(value));
        if (std::isnan(static_cast<float>(value))) {
            REQUIRE(std::isnan(static_cast<float>(again)));
        } else {
            REQUIRE(again.bits() == bits);
        }
    }
}

}  // namespace

TEST_CASE("every half-precision number survives the way through float") {
    check_all_bits<float16>();
    check_all_bits<bfloat16>();
}

TEST_CASE("half-precision numbers have the values of their formats") {
    CHECK(static_cast<float>(float16::from_bits(0x3c00)) == 1);
    CHECK(static_cast<float>(float16::from_bits(0x7bff)) == 65504);
    CHECK(static_cast<float>(float16::from_bits(0x0001)) == std::ldexp(1.0F, -24));
    CHECK(static_cast<float>(float16::from_bits(0xfc00)) ==
          -std::numeric_limits<float>::infinity());
    CHECK(static_cast<float>(bfloat16::from_bits(0x3f80)) == 1);
    CHECK(static_cast<float>(bfloat16::from_bits(0x4049)) == 3.140625F);
}

TEST_CASE("rounding to half precision is to the nearest, ties to even") {
    const double values[] = {1.00048828125, 1.0014648, 0.1,  -0.3333,   3.14159, 65504,  1e-5,
                             5.9e-8,        2.9e-8,    3e-8, 6.1035e-5, -2.5,    1000.5, 0};
    for (const double x : values) {
        INFO(x);
        const auto single = static_cast<float>(x);
        CHECK(float16(single).bits() == nearest_bits<float16>(single, 0x7c00));
        CHECK(bfloat16(single).bits() == nearest_bits<bfloat16>(single, 0x7f80));
        CHECK(float16(x).bits() == nearest_bits<float16>(x, 0x7c00));
        CHECK(bfloat16(x).bits() == nearest_bits<bfloat16>(x, 0x7f80));
    }
    // These lie so close to a tie that rounding to float first would make them one.
    for (const double x : {1 + 0x1p-11 + 0x1p-40, 1 + 0x3p-11 - 0x1p-40, -(1 + 0x1p-8 + 0x1p-50),
                           0x1p-25 + 0x1p-60, 65520 - 0x1p-20}) {
        INFO(x);
        CHECK(float16(x).bits() == nearest_bits<float16>(x, 0x7c00));
        CHECK(bfloat16(x).bits() == nearest_bits<bfloat16>(x, 0x7f80));
    }
    CHECK(float16(std::numeric_limits<double>::infinity()).bits() == 0x7c00);
    CHECK(float16(-1e300).bits() == 0xfc00);
    CHECK(std::isnan(static_cast<float>(float16(std::numeric_limits<double>::quiet_NaN()))));
    CHECK(float16(65519.0F).bits() == 0x7bff);
    CHECK(float16(65520.0F).bits() == 0x7c00);
    CHECK(float16(-1e30F).bits() == 0xfc00);
    CHECK(bfloat16(std::numeric_limits<float>::max()).bits() == 0x7f80);
    CHECK(std::isnan(static_cast<float>(float16(std::numeric_limits<float>::quiet_NaN()))));
}
