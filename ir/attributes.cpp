#include "ir/attributes.h"

#include <fmt/format.h>

#include <cmath>

namespace latent::ir {

Literal::Literal(DType dtype, double value) : dtype_(dtype) {
    bits_ = is_floating(dtype)
                ? std::bit_cast<std::uint64_t>(dtype == DType::f32 ? double(float(value)) : value)
                : Literal(dtype, static_cast<std::int64_t>(value)).bits_;
}

Literal::Literal(DType dtype, std::int64_t value) : dtype_(dtype) {
    switch (dtype) {
        case DType::boolean:
            bits_ = value != 0 ? 1 : 0;
            break;
        case DType::i32:
            bits_ = static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(value)});
            break;
        case DType::i64:
            bits_ = static_cast<std::uint64_t>(value);
            break;
        case DType::f32:
        case DType::f64:
            *this = Literal(dtype, static_cast<double>(value));
            break;
    }
}

double Literal::as_double() const {
    return is_floating(dtype_) ? std::bit_cast<double>(bits_) : static_cast<double>(as_int());
}

std::int64_t Literal::as_int() const {
    return is_floating(dtype_) ? static_cast<std::int64_t>(as_double())
                               : static_cast<std::int64_t>(bits_);
}

std::string to_string(const Literal& literal) {
    const auto dtype = name(literal.dtype());
    if (!is_floating(literal.dtype())) {
        return fmt::format("{}:{}", dtype, literal.as_int());
    }
    // The shortest text that reads back to the same value of the dtype.
    return literal.dtype() == DType::f32
               ? fmt::format("{}:{}", dtype, static_cast<float>(literal.as_double()))
               : fmt::format("{}:{}", dtype, literal.as_double());
}

namespace {

std::uint64_t hash_field(std::int64_t value) {
    return static_cast<std::uint64_t>(value);
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
