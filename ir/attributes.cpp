#include "ir/attributes.h"

#include <fmt/format.h>

#include <cmath>

namespace latent::ir {

namespace {

std::uint64_t floating_bits(DType dtype, double value) {
    switch (dtype) {
        case DType::f16:
            return std::bit_cast<std::uint64_t>(double{float16(value)});
        case DType::bf16:
            return std::bit_cast<std::uint64_t>(double{bfloat16(value)});
        case DType::f32:
            return std::bit_cast<std::uint64_t>(double{static_cast<float>(value)});
        default:
            return std::bit_cast<std::uint64_t>(value);
    }
}

std::uint64_t integer_bits(DType dtype, std::int64_t value) {
    switch (dtype) {
        case DType::boolean:
            return value != 0 ? 1 : 0;
        case DType::u8:
            return static_cast<std::uint64_t>(std::int64_t{static_cast<std::uint8_t>(value)});
        case DType::i8:
            return static_cast<std::uint64_t>(std::int64_t{static_cast<std::int8_t>(value)});
        case DType::i16:
            return static_cast<std::uint64_t>(std::int64_t{static_cast<std::int16_t>(value)});
        case DType::i32:
            return static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(value)});
        default:
            return static_cast<std::uint64_t>(value);
    }
}

}  // namespace

Literal::Literal(DType dtype, double value)
    : dtype_(dtype),
      bits_(is_floating(dtype) ? floating_bits(dtype, value)
                               : integer_bits(dtype, static_cast<std::int64_t>(value))) {}

Literal::Literal(DType dtype, std::int64_t value)
    : dtype_(dtype),
      bits_(is_floating(dtype) ? floating_bits(dtype, static_cast<double>(value))
                               : integer_bits(dtype, value)) {}

double Literal::as_double() const {
    return is_floating(dtype_) ? std::bit_cast<double>(bits_)
                               : static_cast<double>(static_cast<std::int64_t>(bits_));
}

std::int64_t Literal::as_int() const {
    return is_floating(dtype_) ? static_cast<std::int64_t>(std::bit_cast<double>(bits_))
                               : static_cast<std::int64_t>(bits_);
}

std::string to_string(const Literal& literal) {
    const auto dtype = name(literal.dtype());
    if (!is_floating(literal.dtype())) {
        return fmt::format("{}:{}", dtype, literal.as_int());
    }
    // The shortest text that reads back to the same value of the dtype, or of f32 if that is
    // narrower.
    return literal.dtype() == DType::f64
               ? fmt::format("{}:{}", dtype, literal.as_double())
               : fmt::format("{}:{}", dtype, static_cast<float>(literal.as_double()));
}

namespace {

std::uint64_t hash_field(std::int64_t value) {
    return static_cast<std::uint64_t>(value);
}
std::uint64_t hash_field(bool value) {
    return value ? 1 : 0;
}
std::uint64_t hash_field(DType value) {
    return static_cast<std::uint64_t>(value);
}
std::uint64_t hash_field(const Literal& value) {
    return hash_combine(static_cast<std::uint64_t>(value.dtype()), value.bits());
}
std::uint64_t hash_field(const Dims& value) {
    std::uint64_t seed = value.size();
    for (const std::int64_t v : value) {
        seed = hash_combine(seed, static_cast<std::uint64_t>(v));
    }
    return seed;
}

std::string field_text(std::int64_t value) {
    return fmt::format("{}", value);
}
std::string field_text(bool value) {
    return value ? "true" : "false";
}
std::string field_text(DType value) {
    return std::string(name(value));
}
std::string field_text(const Literal& value) {
    return to_string(value);
}
std::string field_text(const Dims& value) {
    return to_string(value);
}

template <typename S, typename F>
void for_each_field(const S& attributes, F&& visit) {
    std::apply([&](const auto&... field) { (visit(field.name, attributes.*(field.member)), ...); },
               S::fields());
}

}  // namespace

std::uint64_t hash(const Attributes& attributes) {
    std::uint64_t seed = attributes.index();
    if (std::holds_alternative<NoAttributes>(attributes)) {
        return seed;
    }
    if (std::holds_alternative<ScalarAttributes>(attributes)) {
        return hash_combine(
            seed, static_cast<std::uint64_t>(std::get<ScalarAttributes>(attributes).value.dtype()));
    }
    std::visit(
        [&](const auto& held) {
            for_each_field(held, [&](std::string_view, const auto& value) {
                seed = hash_combine(seed, hash_field(value));
            });
        },
        attributes);
    return seed;
}

std::string to_string(const Attributes& attributes) {
    std::string text;
    std::visit(
        [&](const auto& held) {
            for_each_field(held, [&](std::string_view name, const auto& value) {
                text += fmt::format("{}{}={}", text.empty() ? "{" : ", ", name, field_text(value));
            });
        },
        attributes);
    return text.empty() ? text : text + "}";
}

}  // namespace latent::ir
