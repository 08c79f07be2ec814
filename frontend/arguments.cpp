#include "frontend/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

namespace latent::detail {

const ir::Value& value_of(const Tensor& tensor, const std::source_location& location) {
    const NamedValue* named = TensorAccess::named(tensor);
    if (named == nullptr) {
        ir::raise<ValueError>(
            location, "a Tensor that names no value (default-constructed or moved from) was used");
    }
    return named->value();
}

std::vector<ir::Value> values_of(std::span<const Tensor> tensors,
                                 const std::source_location& location) {
    std::vector<ir::Value> values;
    values.reserve(tensors.size());
    for (const Tensor& tensor : tensors) {
        values.push_back(value_of(tensor, location));
    }
    return values;
}

DType weak_dtype(DType tensors, Number::Kind kind) {
    switch (kind) {
        case Number::Kind::boolean:
            return tensors;
        case Number::Kind::integer:
            return tensors == DType::boolean ? DType::i64 : tensors;
        case Number::Kind::floating:
            return is_floating(tensors) ? tensors : DType::f32;
    }
    throw InternalError("a number of no kind");
}

DType default_dtype(Number::Kind kind) {
    switch (kind) {
        case Number::Kind::boolean:
            return DType::boolean;
        case Number::Kind::integer:
            return DType::i64;
        case Number::Kind::floating:
            return DType::f32;
    }
    throw InternalError("a number of no kind");
}

ir::Literal literal_of(const Number& number, DType dtype, const std::source_location& location) {
    if (number.kind() == Number::Kind::floating) {
        return {dtype, number.floating()};
    }
    const std::int64_t value = number.integer();
    if (is_integer(dtype) &&
        (value < integer_range(dtype).low || value > integer_range(dtype).high)) {
        ir::raise<ValueError>(location,
                              fmt::format("{} does not fit dtype {}", value, name(dtype)));
    }
    return {dtype, value};
}

Expression scalar_of(const Number& number, DType dtype, const std::source_location& location) {
    return {ir::scalar(literal_of(number, dtype, location), location), location};
}

DType common_dtype(std::initializer_list<const Operand*> operands) {
    std::optional<DType> dtype;
    for (const Operand* operand : operands) {
        if (operand->is_tensor()) {
            const DType own = value_of(operand->tensor(), operand->location()).type().dtype;
            dtype = dtype ? promote(*dtype, own) : own;
        }
    }
    for (const Operand* operand : operands) {
        if (!operand->is_tensor()) {
            const Number::Kind kind = operand->number().kind();
            dtype = dtype ? weak_dtype(*dtype, kind) : default_dtype(kind);
        }
    }
    return *dtype;
}

Expression operand_as(const Operand& operand, DType dtype) {
    return operand.is_tensor() ? cast(expression(operand.tensor(), operand.location()), dtype)
                               : scalar_of(operand.number(), dtype, operand.location());
}

std::array<Expression, 2> promoted(const Operand& a, const Operand& b, Promotion promotion) {
    DType dtype = common_dtype({&a, &b});
    if (promotion == Promotion::arithmetic && dtype == DType::boolean) {
        dtype = DType::i64;
    } else if (promotion == Promotion::floating && !is_floating(dtype)) {
        dtype = DType::f32;
    }
    return {operand_as(a, dtype), operand_as(b, dtype)};
}

std::array<Expression, 2> promoted(const Tensor& a, const Tensor& b,
                                   const std::source_location& location) {
    return promoted(Operand(a, location), Operand(b, location), Promotion::keep);
}

DType floating_dtype(const TensorOptions& options, std::string_view op,
                     const std::source_location& location) {
    const DType dtype = options.dtype.value_or(DType::f32);
    if (!is_floating(dtype)) {
        ir::raise<TypeError>(location,
                             fmt::format("{}: takes a floating dtype, got {}", op, name(dtype)));
    }
    return dtype;
}

void require_number(const Expression& x, std::string_view op) {
    if (x.dtype() == DType::boolean) {
        ir::raise<TypeError>(x.location(), fmt::format("{}: takes numbers, got bool", op));
    }
}

void require_integers(const Expression& x, std::string_view what, std::string_view op) {
    if (!is_integer(x.dtype())) {
        ir::raise<TypeError>(x.location(), fmt::format("{}: {} must be i32 or i64, got {}", op,
                                                       what, name(x.dtype())));
    }
}

std::int64_t normalized_axis(std::int64_t axis, std::size_t rank, std::string_view op,
                             const std::source_location& location) {
    const auto dimensions = static_cast<std::int64_t>(rank);
    if (axis < -dimensions || axis >= dimensions) {
        ir::raise<ShapeError>(
            location,
            fmt::format("{}: axis {} is out of range for a tensor of rank {}", op, axis, rank));
    }
    return axis < 0 ? axis + dimensions : axis;
}

ir::Axes normalized_axes(const Axes& axes, std::size_t rank, std::string_view op,
                         const std::source_location& location) {
    ir::Axes result;
    if (axes.is_all()) {
        for (std::size_t i = 0; i < rank; ++i) {
            result.push_back(static_cast<std::int64_t>(i));
        }
        return result;
    }
    for (const std::int64_t axis : axes) {
        result.push_back(normalized_axis(axis, rank, op, location));
    }
    std::sort(result.begin(), result.end());
    if (const auto twice = std::adjacent_find(result.begin(), result.end());
        twice != result.end()) {
        ir::raise<ShapeError>(location, fmt::format("{}: axis {} is named twice", op, *twice));
    }
    return result;
}

}  // namespace latent::detail
