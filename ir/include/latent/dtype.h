#pragma once

#include <latent/half.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace latent {

/// Element type of a tensor. `boolean` is stored as one byte holding 0 or 1. `f16` (IEEE binary16)
/// and `bf16` (the upper half of an f32) are stored in two bytes and computed in f32: each
/// operation rounds its result once.
enum class DType : std::uint8_t { boolean, u8, i8, i16, i32, i64, f16, bf16, f32, f64 };

/// All of them, in the order of the enumeration.
inline constexpr std::array all_dtypes = {DType::boolean, DType::u8,  DType::i8,  DType::i16,
                                          DType::i32,     DType::i64, DType::f16, DType::bf16,
                                          DType::f32,     DType::f64};

/// Size of one element in bytes.
constexpr std::size_t byte_size(DType dtype) {
    switch (dtype) {
        case DType::boolean:
        case DType::u8:
        case DType::i8:
            return 1;
        case DType::i16:
        case DType::f16:
        case DType::bf16:
            return 2;
        case DType::i32:
        case DType::f32:
            return 4;
        case DType::i64:
        case DType::f64:
            return 8;
    }
    return 0;
}

constexpr bool is_floating(DType dtype) {
    return dtype >= DType::f16;
}

constexpr bool is_integer(DType dtype) {
    return dtype != DType::boolean && !is_floating(dtype);
}

/// The least and the largest value of an integer dtype.
struct IntegerRange {
    std::int64_t low = 0;
    std::int64_t high = 0;
};
constexpr IntegerRange integer_range(DType dtype) {
    if (dtype == DType::u8) {
        return {0, 255};
    }
    const std::int64_t high =
        static_cast<std::int64_t>((std::uint64_t{1} << (byte_size(dtype) * 8 - 1)) - 1);
    return {-high - 1, high};
}

/// The name used in printed IR and messages: `bool`, `u8`, ... `i64`, `f16`, `bf16`, `f32`, `f64`.
constexpr std::string_view name(DType dtype) {
    switch (dtype) {
        case DType::boolean:
            return "bool";
        case DType::u8:
            return "u8";
        case DType::i8:
            return "i8";
        case DType::i16:
            return "i16";
        case DType::i32:
            return "i32";
        case DType::i64:
            return "i64";
        case DType::f16:
            return "f16";
        case DType::bf16:
            return "bf16";
        case DType::f32:
            return "f32";
        case DType::f64:
            return "f64";
    }
    return "?";
}

/// The least dtype that holds both kinds of values, as the Python array API standard has it within
/// a kind; across kinds bool gives way to integers, integers to floats. u8 and i8 meet in i16, f16
/// and bf16 in f32. Source:
/// https://data-apis.org/array-api/latest/API_specification/type_promotion.html
constexpr DType promote(DType a, DType b) {
    const DType low = a < b ? a : b;
    const DType high = a < b ? b : a;
    if (low == DType::u8 && high == DType::i8) {
        return DType::i16;
    }
    if (low == DType::f16 && high == DType::bf16) {
        return DType::f32;
    }
    return high;
}

/// The DType of a C++ element type: `bool`, the fixed-width integers, `float16`, `bfloat16`,
/// `float`, `double`.
template <typename T>
struct DTypeOf;
template <>
struct DTypeOf<bool> {
    static constexpr DType value = DType::boolean;
};
template <>
struct DTypeOf<std::uint8_t> {
    static constexpr DType value = DType::u8;
};
template <>
struct DTypeOf<std::int8_t> {
    static constexpr DType value = DType::i8;
};
template <>
struct DTypeOf<std::int16_t> {
    static constexpr DType value = DType::i16;
};
template <>
struct DTypeOf<std::int32_t> {
    static constexpr DType value = DType::i32;
};
template <>
struct DTypeOf<std::int64_t> {
    static constexpr DType value = DType::i64;
};
template <>
struct DTypeOf<float16> {
    static constexpr DType value = DType::f16;
};
template <>
struct DTypeOf<bfloat16> {
    static constexpr DType value = DType::bf16;
};
template <>
struct DTypeOf<float> {
    static constexpr DType value = DType::f32;
};
template <>
struct DTypeOf<double> {
    static constexpr DType value = DType::f64;
};

/// A C++ type that can be an element of a tensor.
template <typename T>
concept Element = requires { DTypeOf<T>::value; };

/// A C++ type of a floating dtype.
template <typename T>
concept FloatingElement = Element<T> && is_floating(DTypeOf<T>::value);

template <Element T>
inline constexpr DType dtype_of = DTypeOf<T>::value;

}  // namespace latent
