#include "ir/builder.h"

#include <algorithm>
#include <array>
#include <utility>

namespace latent::ir {

Value make(Op op, const Attributes& attributes, std::span<const Value> operands,
           const std::source_location& location) {
    const Type type = infer(op, attributes, operands, location);
    const bool requires_grad = op != Op::stop_gradient && is_floating(type.dtype) &&
                               std::any_of(operands.begin(), operands.end(),
                                           [](const Value& v) { return v.node->requires_grad(); });
    return {Node::create({op, attributes, operands, type, location, requires_grad})};
}

Value make(Op op, Value a, Value b, const std::source_location& location) {
    static const Attributes none;
    std::array operands{std::move(a), std::move(b)};
    const Type type = infer(op, none, operands, location);
    const bool requires_grad = is_floating(type.dtype) && (operands[0].node->requires_grad() ||
                                                           operands[1].node->requires_grad());
    return {Node::create({op, none, {}, type, location, requires_grad}, operands)};
}

Value make(Op op, std::initializer_list<Value> operands, const std::source_location& location) {
    return make(op, NoAttributes{}, std::span<const Value>(operands), location);
}

Value make_buffer(const Type& type, StorageRef storage, bool requires_grad,
                  const std::source_location& location) {
    Value value{Node::create(
        {Op::buffer, BufferAttributes{type.dtype, type.shape}, {}, type, location, requires_grad})};
    value.node->slot().settle(std::move(storage));
    return value;
}

Value constant(const Literal& value, const std::source_location& location) {
    return make(Op::constant, ConstantAttributes{value}, {}, location);
}

Value scalar(const Literal& value, const std::source_location& location) {
    return make(Op::scalar, ScalarAttributes{value}, {}, location);
}

Value shape_number(const Literal& value, const std::source_location& location) {
    return make(Op::shape_number, ConstantAttributes{value}, {}, location);
}

Value parameter(std::int64_t index, const Type& type, const std::source_location& location) {
    return make(Op::parameter, ParameterAttributes{index, type.dtype, type.shape}, {}, location);
}

Value iota(DType dtype, std::int64_t extent, const std::source_location& location) {
    return make(Op::iota, IotaAttributes{dtype, extent}, {}, location);
}

Value full(const Literal& value, std::span<const std::int64_t> shape,
           const std::source_location& location) {
    return broadcast(constant(value, location), shape, {}, location);
}

Value cast(const Value& operand, DType dtype, const std::source_location& location) {
    if (operand.type().dtype == dtype) {
        return operand;
    }
    return make(Op::cast, CastAttributes{dtype}, std::span(&operand, 1), location);
}

Value reduce(Op op, const Value& operand, std::span<const std::int64_t> axes,
             const std::source_location& location) {
    Axes sorted(axes);
    std::sort(sorted.begin(), sorted.end());
    return make(op, ReduceAttributes{sorted}, std::span(&operand, 1), location);
}

Value reduce_to_position(Op op, const Value& operand, const Value& positions,
                         std::span<const std::int64_t> axes, const std::source_location& location) {
    Axes sorted(axes);
    std::sort(sorted.begin(), sorted.end());
    const std::array operands{operand, positions};
    return make(op, ReduceAttributes{sorted}, operands, location);
}

Value permute(const Value& operand, std::span<const std::int64_t> permutation,
              const std::source_location& location) {
    bool identity = permutation.size() == operand.type().rank();
    for (std::size_t i = 0; i < permutation.size(); ++i) {
        identity = identity && permutation[i] == static_cast<std::int64_t>(i);
    }
    if (identity) {
        return operand;
    }
    return make(Op::permute, PermuteAttributes{Axes(permutation)}, std::span(&operand, 1),
                location);
}

Value reshape(const Value& operand, std::span<const std::int64_t> shape,
              const std::source_location& location) {
    if (std::ranges::equal(operand.type().shape.span(), shape)) {
        return operand;
    }
    return make(Op::reshape, ReshapeAttributes{Shape(shape)}, std::span(&operand, 1), location);
}

Value broadcast(const Value& operand, std::span<const std::int64_t> shape,
                std::span<const std::int64_t> axes, const std::source_location& location) {
    if (operand.type().rank() == shape.size() && axes.size() == shape.size() &&
        std::ranges::equal(operand.type().shape.span(), shape)) {
        return operand;
    }
    return make(Op::broadcast, BroadcastAttributes{Shape(shape), Axes(axes)},
                std::span(&operand, 1), location);
}

Value broadcast_over(const Value& operand, std::span<const std::int64_t> shape,
                     std::span<const std::int64_t> axes, const std::source_location& location) {
    Axes kept;
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(shape.size()); ++i) {
        if (std::ranges::find(axes, i) == axes.end()) {
            kept.push_back(i);
        }
    }
    return broadcast(operand, shape, kept.span(), location);
}

}  // namespace latent::ir
