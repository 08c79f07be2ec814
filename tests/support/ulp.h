#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace latent::test {

/// |result - expected| in units of the last place of the expected value as a T. Infinite where only
/// one of them is NaN, or where they are zeros or infinities of different signs.
template <typename T>
double error_in_ulp(T result, long double expected) {
    using Limits = std::numeric_limits<T>;
    const T rounded = static_cast<T>(expected);
    if (std::isnan(rounded) || std::isnan(result)) {
        return std::isnan(rounded) == std::isnan(result) ? 0 : INFINITY;
    }
    if (result == rounded) {
        return std::signbit(result) == std::signbit(rounded) ? 0 : INFINITY;
    }
    // Infinity stands for the first number that is too large.
    const auto value = [](long double x) {
        return std::isinf(x) ? std::copysign(std::ldexp(1.0L, Limits::max_exponent), x) : x;
    };
    if (std::isinf(expected)) {
        return INFINITY;
    }
    const T size = std::min(std::max(std::fabs(rounded), Limits::min()), Limits::max());
    const long double ulp = std::ldexp(1.0L, std::ilogb(size) + 1 - Limits::digits);
    return static_cast<double>(std::fabs(value(result) - value(expected)) / ulp);
}

}  // namespace latent::test
