#pragma once

#include <latent/tensor.h>

#include <cstdint>
#include <optional>
#include <source_location>

/// Reading and adding at positions that are tensors. Positions are integers (TypeError for
/// others); those outside [0, extent) are taken as the nearest inside, but where something else is
/// said.
namespace latent {

/// The parts of `x` at positions `indices` (of any shape) of an axis; the dimensions of `indices`
/// take its place. ShapeError where the axis is empty and `indices` is not.
Tensor take(const Tensor& x, const Tensor& indices, int axis = 0,
            std::source_location location = std::source_location::current());
/// For each element of `indices`, the element of `x` at the same place beside `axis` and at that
/// position along it. `x` and `indices` have one rank and broadcast beside the axis; the result has
/// the extent of `indices` along it.
Tensor take_along_axis(const Tensor& x, const Tensor& indices, int axis,
                       std::source_location location = std::source_location::current());
/// Rows of a table (rows, d): indices (...) to (..., d).
Tensor embedding(const Tensor& table, const Tensor& indices,
                 std::source_location location = std::source_location::current());

/// `x` with each element of `updates` added at the position along `axis` that `indices` names at
/// the same place, in row-major order of `indices`. All have one rank. `indices` has at most the
/// extents of `updates`, and, beside the axis, of `x`; updates at no index are left out. Dtypes are
/// promoted; bool throws TypeError.
Tensor scatter_add(const Tensor& x, const Tensor& indices, const Tensor& updates, int axis,
                   std::source_location location = std::source_location::current());
/// `x` with each part of `updates` along `axis` added to the part of `x` at a position that
/// `indices` names: `updates` has the shape of take(x, indices, axis). Dtypes are promoted; bool
/// throws TypeError.
Tensor index_add(const Tensor& x, const Tensor& indices, const Tensor& updates, int axis = 0,
                 std::source_location location = std::source_location::current());

/// 1 where a new last dimension of extent `classes` has the position that `labels` name, else 0.
Tensor one_hot(const Tensor& labels, std::int64_t classes, DType dtype = DType::f32,
               std::source_location location = std::source_location::current());
/// How often each of 0, 1, ... `length` - 1 occurs among `labels`, or the sum of the weights where
/// it does: (length), i64 or the dtype of the weights, which have the shape of `labels`. Labels
/// outside of the range count nowhere. ValueError unless `length` is positive.
Tensor bincount(const Tensor& labels, std::int64_t length,
                const std::optional<Tensor>& weights = std::nullopt,
                std::source_location location = std::source_location::current());

/// Before or after elements that are equal.
enum class Side { left, right };
/// Where values would be inserted into sorted ones to keep them so: the number of elements of
/// `sorted` that are less than the value or, on the right, not greater; i64 of the shape of
/// `values`. `sorted` is a vector, or (..., n) with values (..., m) and the same leading
/// dimensions. NaN is greater than all numbers.
Tensor searchsorted(const Tensor& sorted, const Tensor& values, Side side = Side::left,
                    std::source_location location = std::source_location::current());

}  // namespace latent
