#pragma once

#include <latent/tensor.h>

#include <source_location>

/// Cumulative operations along one axis, element by element in its order. The axis counts from the
/// back if negative; ShapeError where it is out of range. Shapes stay as they are.
namespace latent {

/// result[k] = x[0] + ... + x[k]. Of i32 and bool it is i64.
Tensor cumsum(const Tensor& x, int axis,
              std::source_location location = std::source_location::current());
/// result[k] = x[0] * ... * x[k]. Of i32 and bool it is i64. The gradient divides by nothing, so it
/// is right where elements are zero.
Tensor cumprod(const Tensor& x, int axis,
               std::source_location location = std::source_location::current());
/// log(exp(x[0]) + ... + exp(x[k])), without overflow or underflow on the way. Of integers and bool
/// it is f32.
Tensor logcumsumexp(const Tensor& x, int axis,
                    std::source_location location = std::source_location::current());

/// Largest or smallest values so far, and where along the axis they are: i64.
struct CumulativeExtremes {
    Tensor values;
    Tensor indices;
};
/// NaN is larger than all numbers. Of equal values the position is that of the last, which also
/// takes the gradient. TypeError for bool.
CumulativeExtremes cummax(const Tensor& x, int axis,
                          std::source_location location = std::source_location::current());
/// As `cummax`, of the smallest; NaN is smaller than all numbers.
CumulativeExtremes cummin(const Tensor& x, int axis,
                          std::source_location location = std::source_location::current());

}  // namespace latent
