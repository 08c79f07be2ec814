#pragma once

#include <source_location>
#include <span>

#include "ir/node.h"

namespace latent::ir {

/// The type that `op` gives for these attributes and operands.
/// Throws ShapeError, TypeError or ValueError with the op, both shapes or the wrong value, and
/// `location`.
Type infer(Op op, const Attributes& attributes, std::span<const Value> operands,
           const std::source_location& location);

/// A new node, checked by `infer`. It requires a gradient if a floating operand does (never through
/// stop_gradient).
Value make(Op op, const Attributes& attributes, std::span<const Value> operands,
           const std::source_location& location);

/// As `make`, for ops without attributes.
Value make(Op op, std::initializer_list<Value> operands, const std::source_location& location);
/// An op of two operands without attributes.
Value make(Op op, Value a, Value b, const std::source_location& location);

/// A node over data that exists. `requires_grad` makes it a leaf of differentiation.
Value make_buffer(const Type& type, StorageRef storage, bool requires_grad,
                  const std::source_location& location);

// The common builders. Location is that of the user's call.

Value constant(const Literal& value, const std::source_location& location);
Value scalar(const Literal& value, const std::source_location& location);
Value shape_number(const Literal& value, const std::source_location& location);
Value parameter(std::int64_t index, const Type& type, const std::source_location& location);
Value iota(DType dtype, std::int64_t extent, const std::source_location& location);
/// The constant, repeated to `shape`.
Value full(const Literal& value, std::span<const std::int64_t> shape,
           const std::source_location& location);
Value cast(const Value& operand, DType dtype, const std::source_location& location);
/// Reduces with `op` over `axes`, which disappear.
Value reduce(Op op, const Value& operand, std::span<const std::int64_t> axes,
             const std::source_location& location);
/// The same with the ops that give a position, one of `positions`.
Value reduce_to_position(Op op, const Value& operand, const Value& positions,
                         std::span<const std::int64_t> axes, const std::source_location& location);
Value permute(const Value& operand, std::span<const std::int64_t> permutation,
              const std::source_location& location);
/// The operand itself where the shape is the same already.
Value reshape(const Value& operand, std::span<const std::int64_t> shape,
              const std::source_location& location);
/// The operand itself where nothing would change.
Value broadcast(const Value& operand, std::span<const std::int64_t> shape,
                std::span<const std::int64_t> axes, const std::source_location& location);
/// Puts back the reduced `axes` by repetition: `operand` has shape `shape` without `axes`.
Value broadcast_over(const Value& operand, std::span<const std::int64_t> shape,
                     std::span<const std::int64_t> axes, const std::source_location& location);

}  // namespace latent::ir
