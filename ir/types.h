#pragma once

#include <latent/dtype.h>

#include <cstdint>
#include <span>
#include <string>

#include "ir/fixed_vector.h"

namespace latent::ir {

/// The largest rank of a tensor.
inline constexpr std::size_t max_rank = 12;

using Dims = FixedVector<std::int64_t, max_rank>;
/// Extents, outermost first. A rank-0 shape has one element.
using Shape = Dims;
/// Positions of dimensions, not negative.
using Axes = Dims;

/// Number of elements; throws ShapeError where it does not fit 63 bits.
std::int64_t element_count(std::span<const std::int64_t> shape);

/// Row-major strides in elements.
Dims row_major_strides(std::span<const std::int64_t> shape);

/// `[5,10]`
std::string to_string(std::span<const std::int64_t> dims);
inline std::string to_string(const Dims& dims) {
    return to_string(dims.span());
}

/// What elements of `dtype` are computed in: f16 and bf16 are only stored so, and widened to f32.
constexpr DType computing_dtype(DType dtype) {
    return dtype == DType::f16 || dtype == DType::bf16 ? DType::f32 : dtype;
}

struct Type {
    DType dtype = DType::f32;
    Shape shape;

    bool operator==(const Type&) const = default;
    std::size_t rank() const { return shape.size(); }
    std::int64_t element_count() const { return ir::element_count(shape.span()); }
    std::size_t bytes() const {
        return static_cast<std::size_t>(element_count()) * byte_size(dtype);
    }
};

/// `f32[5,10]`
std::string to_string(const Type& type);

}  // namespace latent::ir
