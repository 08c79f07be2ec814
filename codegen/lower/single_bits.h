#pragma once

#include <Halide.h>

#include <cstdint>

/// Floats of 32 bits as their bits, and vectors of them.
namespace latent::codegen::single {

inline Halide::Expr bits_of(const Halide::Expr& number) {
    return Halide::reinterpret(Halide::UInt(32, number.type().lanes()), number);
}

inline Halide::Expr of_bits(const Halide::Expr& bits) {
    return Halide::reinterpret(Halide::Float(32, bits.type().lanes()), bits);
}

inline Halide::Expr constant(std::uint32_t bits) {
    return Halide::Internal::make_const(Halide::UInt(32), std::uint64_t{bits});
}

}  // namespace latent::codegen::single
