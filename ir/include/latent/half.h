#pragma once

#include <bit>
#include <cstdint>

namespace latent {

namespace detail {

/// The bits of the binary16 number nearest to `x`, ties to even.
constexpr std::uint16_t half_bits(float x) {
    constexpr std::uint32_t exponent_shift = 23;
    const auto bits = std::bit_cast<std::uint32_t>(x);
    const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000U);
    const std::uint32_t magnitude = bits & 0x7fffffffU;
    constexpr std::uint32_t infinity = 0xffU << exponent_shift;
    constexpr std::uint32_t too_large = (127U + 16U) << exponent_shift;     // 2^16
    constexpr std::uint32_t least_normal = (127U - 14U) << exponent_shift;  // 2^-14
    if (magnitude > infinity) {
        return static_cast<std::uint16_t>(sign | 0x7e00U);
    }
    if (magnitude >= too_large) {
        return static_cast<std::uint16_t>(sign | 0x7c00U);
    }
    if (magnitude < least_normal) {
        // A float of 1/2 has steps of 2^-24, those of binary16 below its least normal number.
        const float stepped = std::bit_cast<float>(magnitude) + 0.5F;
        return static_cast<std::uint16_t>(
            sign | (std::bit_cast<std::uint32_t>(stepped) - std::bit_cast<std::uint32_t>(0.5F)));
    }
    // Rounds at bit 13 and takes 112 from the exponent; the carry may reach infinity.
    const std::uint32_t odd = magnitude >> 13 & 1U;
    const std::uint32_t rounded = magnitude + 0xfffU + odd - ((127U - 15U) << exponent_shift);
    return static_cast<std::uint16_t>(sign | rounded >> 13);
}

/// A double cut to the 24 digits of float, the last of which is set if any that is cut off is:
/// rounded to odd. To fewer digits it rounds as the double itself does. (S. Boldo, G. Melquiond,
/// Emulation of FMA and correctly rounded sums, IEEE Transactions on Computers 57, 2008.)
constexpr float rounded_to_odd(double x) {
    constexpr std::uint64_t cut_off = (std::uint64_t{1} << 29) - 1;
    const auto bits = std::bit_cast<std::uint64_t>(x);
    const std::uint64_t last = ((bits & cut_off) + cut_off) & (cut_off + 1);
    return static_cast<float>(std::bit_cast<double>((bits | last) & ~cut_off));
}

constexpr float half_value(std::uint16_t bits) {
    const std::uint32_t sign = (bits & 0x8000U) << 16;
    const std::uint32_t exponent = bits >> 10 & 0x1fU;
    const std::uint32_t fraction = bits & 0x3ffU;
    if (exponent == 0) {
        const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
        return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
    }
    const std::uint32_t widened = exponent == 0x1fU ? 0xffU : exponent + (127U - 15U);
    return std::bit_cast<float>(sign | widened << 23 | fraction << 13);
}

/// The upper half of the float, rounded to nearest, ties to even.
constexpr std::uint16_t bfloat_bits(float x) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    if ((bits & 0x7fffffffU) > 0x7f800000U) {
        return static_cast<std::uint16_t>((bits >> 16 & 0x8000U) | 0x7fc0U);
    }
    return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

}  // namespace detail

/// An IEEE binary16 number: 11 significant bits, largest 65504. Arithmetic is that of float.
class float16 {
  public:
    constexpr float16() = default;
    /// Rounds to nearest, ties to even.
    constexpr explicit float16(float value) : bits_(detail::half_bits(value)) {}
    constexpr explicit float16(double value) : float16(detail::rounded_to_odd(value)) {}
    /// By way of float.
    constexpr explicit float16(std::int64_t value) : float16(static_cast<float>(value)) {}
    static constexpr float16 from_bits(std::uint16_t bits) {
        float16 result;
        result.bits_ = bits;
        return result;
    }
    constexpr operator float() const { return detail::half_value(bits_); }
    constexpr std::uint16_t bits() const { return bits_; }

  private:
    std::uint16_t bits_ = 0;
};

/// The upper half of a float: 8 significant bits, the range of float. Arithmetic is that of float.
class bfloat16 {
  public:
    constexpr bfloat16() = default;
    /// Rounds to nearest, ties to even.
    constexpr explicit bfloat16(float value) : bits_(detail::bfloat_bits(value)) {}
    constexpr explicit bfloat16(double value) : bfloat16(detail::rounded_to_odd(value)) {}
    /// By way of float.
    constexpr explicit bfloat16(std::int64_t value) : bfloat16(static_cast<float>(value)) {}
    static constexpr bfloat16 from_bits(std::uint16_t bits) {
        bfloat16 result;
        result.bits_ = bits;
        return result;
    }
    constexpr operator float() const {
        return std::bit_cast<float>(static_cast<std::uint32_t>(bits_) << 16);
    }
    constexpr std::uint16_t bits() const { return bits_; }

  private:
    std::uint16_t bits_ = 0;
};

}  // namespace latent
