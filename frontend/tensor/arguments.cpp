#include "frontend/tensor/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "ir/size_limits.h"

namespace latent::detail {

const ir::Node& node_of(const Tensor& tensor, const std::source_location& location) {
    const ir::Node* node = TensorAccess::node(tensor);
    if (node == nullptr) {
        ir::raise<ValueError>(
            location, "a Tensor that names no value (default-constructed or moved from) was used");
    }
    return *node;
}

ir::Value value_of(const Tensor& tensor, const std::source_location& location) {
    return {ir::NodeRef::share(node_of(tensor, location)), TensorAccess::result(tensor)};
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

DType promoted(DType dtype, Promotion promotion) {
    if (promotion == Promotion::arithmetic && dtype == DType::boolean) {
        return DType::i64;
    }
    return promotion == Promotion::floating && !is_floating(dtype) ? DType::f32 : dtype;
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

Expression scalar_of(const Number& number, DType dtype, std::string_view op,
                     const std::source_location& location) {
    const auto scalar = [&](const ir::Literal& value) {
        return Expression(ir::scalar(value, location), location);
    };
    if (number.kind() == Number::Kind::floating) {
        return scalar({dtype, number.floating()});
    }
    const std::int64_t value = number.integer();
    if (is_integer(dtype) &&
        (value < integer_range(dtype).low || value > integer_range(dtype).high)) {
        ir::raise<ValueError>(location,
                              fmt::format("{}: {} does not fit dtype {}", op, value, name(dtype)));
    }
    return scalar({dtype, value});
}

DType common_dtype(const Operand& a, const Operand& b) {
    if (!a.is_tensor() || !b.is_tensor()) {
        return common_dtype({&a, &b});
    }
    return promote(node_of(a.tensor(), a.location()).type().dtype,
                   node_of(b.tensor(), b.location()).type().dtype);
}

DType common_dtype(std::initializer_list<const Operand*> operands) {
    std::optional<DType> dtype;
    for (const Operand* operand : operands) {
        if (operand->is_tensor()) {
            const DType own = node_of(operand->tensor(), operand->location()).type().dtype;
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

Expression operand_as(const Operand& operand, DType dtype, std::string_view op) {
    return operand.is_tensor() ? cast(expression(operand.tensor(), operand.location()), dtype)
                               : scalar_of(operand.number(), dtype, op, operand.location());
}

std::array<Expression, 2> promoted(const Operand& a, const Operand& b, Promotion promotion,
                                   std::string_view op) {
    const DType dtype = promoted(common_dtype(a, b), promotion);
    return {operand_as(a, dtype, op), operand_as(b, dtype, op)};
}

std::array<Expression, 2> broadcast_together(const std::array<Expression, 2>& operands,
                                             std::string_view op) {
    const ir::Shape shape = common_shape(operands, op);
    return {broadcast_to(operands[0], shape.span(), op),
            broadcast_to(operands[1], shape.span(), op)};
}

std::array<Expression, 2> promoted(const Tensor& a, const Tensor& b,
                                   const std::source_location& location) {
    const Expression x = expression(a, location);
    const Expression y = expression(b, location);
    const DType dtype = promote(x.dtype(), y.dtype());
    return {cast(x, dtype), cast(y, dtype)};
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
        ir::raise<TypeError>(x.location(), fmt::format("{}: {} must be integers, got {}", op, what,
                                                       name(x.dtype())));
    }
}

void require_shape(std::span<const std::int64_t> shape, DType dtype, std::string_view op,
                   const std::source_location& location) {
    if (std::ranges::any_of(shape, [](std::int64_t extent) { return extent < 0; })) {
        ir::raise<ShapeError>(
            location, fmt::format("{}: shape {} has a negative extent", op, ir::to_string(shape)));
    }
    if (!ir::is_countable(shape, dtype)) {
        ir::raise<ShapeError>(location, fmt::format("{}: shape {} of {} has 2^63 bytes or more", op,
                                                    ir::to_string(shape), name(dtype)));
    }
}

void require_rank(std::size_t rank, std::string_view op, const std::source_location& location) {
    if (rank > max_rank) {
        ir::raise<ShapeError>(location, fmt::format("{}: needs {} dimensions, and tensors have at "
                                                    "most {}",
                                                    op, rank, max_rank));
    }
}

void require_elements(const Expression& x, const ir::Axes& axes, std::string_view op) {
    for (const std::int64_t axis : axes) {
        if (x.extent(axis) == 0) {
            ir::raise<ShapeError>(x.location(), fmt::format("{}: axis {} of shape {} is empty", op,
                                                            axis, to_string(x.shape())));
        }
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
