#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <numbers>
#include <type_traits>

#include <latent/dtype.h>

namespace latent::codegen::reference {

// What ops do to one element: floats as double, integers and bool in their own type.

/// Whole numbers that wrap around.
template <typename T>
concept Whole = std::integral<T> && !std::same_as<T, bool>;

/// Applies `function` to the operands as unsigned numbers, where overflow wraps.
template <Whole T, typename F>
T wrapping(T a, T b, F&& function) {
    // At least as wide as what C++ promotes to: narrower numbers would overflow as int.
    using U = std::common_type_t<std::make_unsigned_t<T>, unsigned>;
    return static_cast<T>(function(static_cast<U>(a), static_cast<U>(b)));
}

inline double add(double a, double b) {
    return a + b;
}
template <Whole T>
T add(T a, T b) {
    return wrapping(a, b, [](auto x, auto y) { return x + y; });
}

inline double sub(double a, double b) {
    return a - b;
}
template <Whole T>
T sub(T a, T b) {
    return wrapping(a, b, [](auto x, auto y) { return x - y; });
}

inline double mul(double a, double b) {
    return a * b;
}
template <Whole T>
T mul(T a, T b) {
    return wrapping(a, b, [](auto x, auto y) { return x * y; });
}

inline double neg(double x) {
    return -x;
}
template <Whole T>
T neg(T x) {
    return sub(T{0}, x);
}

inline double abs(double x) {
    return std::fabs(x);
}
template <Whole T>
T abs(T x) {
    return x < 0 ? neg(x) : x;
}

inline double sign(double x) {
    return x > 0 ? 1 : x < 0 ? -1 : std::isnan(x) ? x : 0;
}
template <Whole T>
T sign(T x) {
    return T{x > 0} - T{x < 0};
}

inline double maximum(double a, double b) {
    if (std::isnan(a) || std::isnan(b)) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    return a > b || (a == b && !std::signbit(a)) ? a : b;
}
template <std::integral T>
T maximum(T a, T b) {
    return a > b ? a : b;
}

inline double minimum(double a, double b) {
    return -maximum(-a, -b);
}
template <std::integral T>
T minimum(T a, T b) {
    return a < b ? a : b;
}

/// As NumPy's: the largest whole number not above the exact quotient; by zero the IEEE quotient.
/// Source: npy_divmod in NumPy's npymath.
inline double floor_divide(double a, double b) {
    if (b == 0) {
        return a / b;
    }
    const double rest = std::fmod(a, b);
    double quotient = (a - rest) / b;
    if (rest != 0 && (rest < 0) != (b < 0)) {
        quotient -= 1;
    }
    if (quotient == 0) {
        return std::copysign(0.0, a / b);
    }
    const double whole = std::floor(quotient);
    return quotient - whole > 0.5 ? whole + 1 : whole;
}
template <Whole T>
T floor_divide(T a, T b) {
    if (b == 0) {
        return 0;
    }
    if (b == -1) {
        return neg(a);
    }
    const T quotient = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

/// The sign of the divisor; by zero NaN.
inline double remainder(double a, double b) {
    const double rest = std::fmod(a, b);
    if (rest == 0) {
        return std::copysign(0.0, b);
    }
    return (rest < 0) != (b < 0) ? rest + b : rest;
}
/// The sign of the divisor; by zero 0.
template <Whole T>
T remainder(T a, T b) {
    if (b == 0 || b == -1) {
        return 0;
    }
    const T rest = a % b;
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

inline double pow(double base, double exponent) {
    return std::pow(base, exponent);
}
/// Wraps; a negative exponent gives the truncated reciprocal, and 0 for base 0.
template <Whole T>
T pow(T base, T exponent) {
    if (exponent < 0) {
        if (base == -1) {
            return exponent % 2 == 0 ? 1 : -1;
        }
        return base == 1 ? 1 : 0;
    }
    T result = 1;
    for (; exponent > 0; exponent /= 2) {
        if (exponent % 2 != 0) {
            result = mul(result, base);
        }
        base = mul(base, base);
    }
    return result;
}

/// 1 / (1 + exp(-x)), where nothing overflows.
inline double sigmoid(double x) {
    const double e = std::exp(-std::fabs(x));
    return (x < 0 ? e : 1) / (1 + e);
}

/// The inverse of erf, by Halley's method. Its start is right to 2 parts in 1000.
/// Source: S. Winitzki, A handy approximation for the error function and its inverse, 2008.
inline long double erfinv(long double x) {
    using Limits = std::numeric_limits<long double>;
    const long double size = std::fabs(x);
    if (!(size < 1)) {
        return size == 1 ? std::copysign(Limits::infinity(), x) : Limits::quiet_NaN();
    }
    constexpr long double a = 0.147L;
    const long double log_tails = std::log1p(-size * size);
    const long double half = 2 / (std::numbers::pi_v<long double> * a) + log_tails / 2;
    long double y = std::sqrt(std::sqrt(half * half - log_tails / a) - half);
    for (int i = 0; i < 4; ++i) {
        const long double error = size < 0.5L ? std::erf(y) - size : (1 - size) - std::erfc(y);
        const long double slope = 2 * std::numbers::inv_sqrtpi_v<long double> * std::exp(-y * y);
        const long double step = error / slope;
        y -= step / (1 + y * step);
    }
    return std::copysign(y, x);
}

inline bool bitwise_not(bool x) {
    return !x;
}
template <Whole T>
T bitwise_not(T x) {
    return ~x;
}

/// 0 for an amount that is not in [0, bits).
template <Whole T>
T shift_left(T x, T amount) {
    if (amount < 0 || amount >= std::numeric_limits<std::make_unsigned_t<T>>::digits) {
        return 0;
    }
    return wrapping(x, amount, [](auto value, auto bits) { return value << bits; });
}
/// Arithmetic; for an amount that is not in [0, bits) the sign alone is left: 0 or -1.
template <Whole T>
T shift_right(T x, T amount) {
    if (amount < 0 || amount >= std::numeric_limits<std::make_unsigned_t<T>>::digits) {
        return x < 0 ? -1 : 0;
    }
    return x >> amount;
}

/// The finaliser of splitmix64. Source: https://prng.di.unimi.it/splitmix64.c
constexpr std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

/// The counter-th output of a splitmix64 generator that the key seeds, cut to 32 bits.
inline std::int32_t random_bits(std::int64_t key, std::int64_t counter) {
    const std::uint64_t state = mix(static_cast<std::uint64_t>(key)) +
                                static_cast<std::uint64_t>(counter) * 0x9E3779B97F4A7C15ULL;
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(mix(state)));
}

/// Floats to integers truncate and saturate, NaN becomes 0; integers wrap; to bool is `!= 0`.
template <typename To, typename From>
To convert(From value) {
    if constexpr (std::same_as<To, bool>) {
        return value != From{};
    } else if constexpr (std::same_as<From, float16> || std::same_as<From, bfloat16>) {
        return convert<To>(static_cast<float>(value));
    } else if constexpr (std::integral<From> && FloatingElement<To> && !std::same_as<To, double>) {
        return static_cast<To>(static_cast<float>(value));
    } else if constexpr (Whole<To> && std::floating_point<From>) {
        constexpr auto limit =
            static_cast<From>(std::uint64_t{1} << std::numeric_limits<To>::digits);
        constexpr auto least = static_cast<From>(std::numeric_limits<To>::min());
        if (std::isnan(value)) {
            return 0;
        }
        if (value >= limit) {
            return std::numeric_limits<To>::max();
        }
        return value < least ? std::numeric_limits<To>::min() : static_cast<To>(value);
    } else {
        return static_cast<To>(value);
    }
}

}  // namespace latent::codegen::reference
