#pragma once

#include <latent/tensor.h>

#include <source_location>
#include <string_view>
#include <vector>

/// Products of tensors. Dtypes are promoted; bool throws TypeError.
namespace latent {

/// Matrix product of (..., m, k) and (..., k, n); the leading dimensions broadcast. A vector on the
/// left is a row, one on the right a column, and its dimension is gone from the result.
Tensor matmul(const Tensor& a, const Tensor& b,
              std::source_location location = std::source_location::current());

/// Einstein summation: `einsum("bij,bjk->bik", {a, b})`. Each letter is a dimension; those missing
/// on the right of the arrow are summed over. A letter that an operand repeats takes its diagonal.
/// Without an arrow the result has the letters that occur once, in alphabetical order. Operands are
/// multiplied from left to right.
Tensor einsum(std::string_view subscripts, const std::vector<Tensor>& operands,
              std::source_location location = std::source_location::current());

/// The sum of products over `a_axes` of `a` and, one by one, `b_axes` of `b`. The result has the
/// other dimensions of `a`, then those of `b`.
Tensor tensordot(const Tensor& a, const Tensor& b, const Axes& a_axes, const Axes& b_axes,
                 std::source_location location = std::source_location::current());
/// Over the last `axes` dimensions of `a` and the first of `b`.
Tensor tensordot(const Tensor& a, const Tensor& b, int axes = 2,
                 std::source_location location = std::source_location::current());

/// All products of an element of vector `a` with one of vector `b`: (m), (n) to (m, n).
Tensor outer(const Tensor& a, const Tensor& b,
             std::source_location location = std::source_location::current());

}  // namespace latent
