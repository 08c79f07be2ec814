#include "codegen/lower/half_conversion.h"
#include "codegen/lower/kernel_inputs.h"
#include "codegen/lower/single_bits.h"
#include "codegen/math/math.h"

namespace latent::codegen {

namespace {

using Halide::Expr;
using single::bits_of;
using single::constant;

// The conversions of ir/include/latent/half.h, without branches. For those to f16 see
// codegen/lower/half_conversion.h.

Expr half_value(const Expr& stored) {
    const Expr bits = Halide::cast<std::uint32_t>(stored);
    const Expr sign = (bits & constant(0x8000)) << 16;
    const Expr magnitude = bits & constant(0x7fff);
    const Expr small = bits_of(
        math::multiply(Halide::cast<float>(Halide::cast<std::int32_t>(magnitude)), Expr(0x1p-24F)));
    const Expr normal = (magnitude << 13) + constant((127 - 15) << 23);
    const Expr special = (magnitude << 13) + constant((255 - 31) << 23);
    const Expr result =
        Halide::select(magnitude < constant(0x400), small,
                       Halide::select(magnitude < constant(0x7c00), normal, special));
    return single::of_bits(sign | result);
}

Expr bfloat_bits(const Expr& x) {
    const Expr bits = bits_of(x);
    const Expr nearest = (bits + constant(0x7fff) + (bits >> 16 & constant(1))) >> 16;
    const Expr nan = (bits >> 16 & constant(0x8000)) | constant(0x7fc0);
    const Expr is_nan = (bits & constant(0x7fffffff)) > constant(0x7f800000);
    return Halide::cast<std::uint16_t>(Halide::select(is_nan, nan, nearest));
}

Expr bfloat_value(const Expr& stored) {
    return single::of_bits(Halide::cast<std::uint32_t>(stored) << 16);
}

}  // namespace

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
