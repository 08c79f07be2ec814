#pragma once

#include "codegen/reference/array.h"
#include "ir/errors.h"

namespace latent::test {

using codegen::reference::Array;

/// What fmt knows how to print.
template <Element T>
auto printable(T element) {
    if constexpr (FloatingElement<T> && !std::floating_point<T>) {
        return static_cast<float>(element);
    } else {
        return element;
    }
}

/// Calls `function` with the elements as a span of their type.
template <typename F>
auto with_elements(const Array& array, F&& function) {
    switch (array.type().dtype) {
        case DType::boolean:
            return function(array.data<bool>());
        case DType::u8:
            return function(array.data<std::uint8_t>());
        case DType::i8:
            return function(array.data<std::int8_t>());
        case DType::i16:
            return function(array.data<std::int16_t>());
        case DType::i32:
            return function(array.data<std::int32_t>());
        case DType::i64:
            return function(array.data<std::int64_t>());
        case DType::f16:
            return function(array.data<float16>());
        case DType::bf16:
            return function(array.data<bfloat16>());
        case DType::f32:
            return function(array.data<float>());
        case DType::f64:
            return function(array.data<double>());
    }
    throw InternalError("no such dtype");
}

}  // namespace latent::test
