#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace latent {

/// Element type of a tensor. `boolean` is stored as one byte holding 0 or 1.
enum class DType : std::uint8_t { boolean, i32, i64, f32, f64 };

/// Size of one element in bytes.
constexpr std::size_t byte_size(DType dtype) {
    switch (dtype) {
        case DType::boolean:
            return 1;
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
    return dtype == DType::f32 || dtype == DType::f64;
}

constexpr bool is_integer(DType dtype) {
    return dtype == DType::i32 || dtype == DType::i64;
}

/// The name used in printed IR and messages: `bool`, `i32`, `i64`, `f32`, `f64`.
constexpr std::string_view name(DType dtype) {
    switch (dtype) {
        case DType::boolean:
            return "bool";
        case DType::i32:
            return "i32";
        case DType::i64:
            return "i64";
        case DType::f32:
            return "f32";
        case DType::f64:
            return "f64";
    }
    return "?";
}

/// The dtype that two operands are brought to, as the Python array API standard has it within a
/// kind (the wider one), and across kinds: bool gives way to integers, integers to floats. Source:
/// https://data-apis.org/array-api/latest/API_specification/type_promotion.html
constexpr DType promote(DType a, DType b) {
    return a < b ? b : a;
}

/// The DType of a C++ element type: `bool`, `std::int32_t`, `std::int64_t`, `float`, `double`.
template <typename T>
struct DTypeOf;
template <>
struct DTypeOf<bool> {
    static constexpr DType value = DType::boolean;
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

template <Element T>
inline constexpr DType dtype_of = DTypeOf<T>::value;

}  // namespace latent
