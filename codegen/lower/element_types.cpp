#include "codegen/lower/half_conversion.h"
#include "codegen/lower/kernel_inputs.h"

namespace latent::codegen {

using Halide::Expr;

Halide::Type compute_type(DType dtype) {
    switch (dtype) {
        case DType::boolean:
            return Halide::Bool();
        case DType::u8:
        case DType::i8:
        case DType::i16:
        case DType::i32:
            return Halide::Int(32);
        case DType::i64:
            return Halide::Int(64);
        case DType::f16:
        case DType::bf16:
        case DType::f32:
            return Halide::Float(32);
        case DType::f64:
            return Halide::Float(64);
    }
    throw InternalError("unknown dtype");
}

Halide::Type storage_type(DType dtype) {
    switch (dtype) {
        case DType::boolean:
        case DType::u8:
            return Halide::UInt(8);
        case DType::i8:
            return Halide::Int(8);
        case DType::i16:
            return Halide::Int(16);
        case DType::f16:
        case DType::bf16:
            return Halide::UInt(16);
        case DType::i32:
        case DType::i64:
        case DType::f32:
        case DType::f64:
            return compute_type(dtype);
    }
    throw InternalError("unknown dtype");
}

Expr from_storage(DType dtype, const Expr& stored) {
    switch (dtype) {
        case DType::boolean:
            return stored != Halide::cast<std::uint8_t>(0);
        case DType::f16:
            return half_value(stored);
        case DType::bf16:
            return bfloat_value(stored);
        default:
            return Halide::cast(compute_type(dtype), stored);
    }
}

Expr to_storage(DType dtype, const Expr& value) {
    switch (dtype) {
        case DType::f16:
            return half_bits(value);
        case DType::bf16:
            return bfloat_bits(value);
        default:
            return Halide::cast(storage_type(dtype), value);
    }
}

Expr rounded(DType dtype, const Expr& value) {
    if (dtype == DType::f16) {
        return rounded_half(value);
    }
    const bool narrow = dtype != DType::boolean && storage_type(dtype) != compute_type(dtype);
    return narrow ? from_storage(dtype, to_storage(dtype, value)) : value;
}

}  // namespace latent::codegen
