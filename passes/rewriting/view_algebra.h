#pragma once

#include <optional>

#include "ir/builder.h"

namespace latent::passes {

/// The elements start, start + step, ... of a dimension, `count` of them; a negative step runs
/// backwards. With no element it is {0, 1, 0}, with one its step is 1, so that equal ranges compare
/// equal.
struct Range {
    std::int64_t start = 0;
    std::int64_t step = 1;
    std::int64_t count = 0;
    bool operator==(const Range&) const = default;
};

/// One range a dimension: what slices and flips, in any order, compose to.
using StridedView = ir::FixedVector<Range, ir::max_rank>;

StridedView whole(const ir::Shape& shape);
bool is_whole(const StridedView& view, const ir::Shape& shape);
bool is_strided_view(ir::Op op);
/// The view that a slice or flip takes of its operand.
StridedView strided_view_of(const ir::Node& slice_or_flip);
/// `outer` of `inner` of a value.
StridedView compose(const StridedView& outer, const StridedView& inner);
ir::Shape shape_of(const StridedView& view);
/// A slice and above it a flip, each only if needed.
ir::Value take(const ir::Value& value, const StridedView& view,
               const std::source_location& location);

/// Whether both are the same value seen through slices and flips with the same attributes.
bool same_strided_views(const ir::Value& a, const ir::Value& b);

/// Dimensions (without those of extent 1) of two shapes of the same elements in row-major order,
/// whose extents have the same product, and no part of them.
struct ReshapeGroup {
    ir::Axes from;
    ir::Axes to;
};
using ReshapeGroups = ir::FixedVector<ReshapeGroup, ir::max_rank>;

/// The groups of a reshape in order; nothing for an empty tensor, where they mean nothing.
std::optional<ReshapeGroups> reshape_groups(const ir::Shape& from, const ir::Shape& to);
/// Whether the shapes differ by dimensions of extent 1 at most.
bool differ_by_unit_dimensions(const ir::Shape& a, const ir::Shape& b);
ir::Shape without_unit_dimensions(const ir::Shape& shape);

/// The rank-0 value that all elements of `value` are equal to by construction; null if there is
/// none.
const ir::Value* uniform_source(const ir::Value& value);
/// The literal that all elements of `value` are; null if it is none. Never that of a scalar.
const ir::Literal* constant_of(const ir::Value& value);

bool contains(const ir::Dims& dims, std::int64_t wanted);
/// The position of `wanted`, which must occur.
std::size_t position_of(const ir::Dims& dims, std::int64_t wanted);

}  // namespace latent::passes
