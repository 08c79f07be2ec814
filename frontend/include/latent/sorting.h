#pragma once

#include <latent/tensor.h>

#include <source_location>

/// Order along one axis, which counts from the back if negative; ShapeError where it is out of
/// range. Sorting is stable: equal elements stay in the order of their positions. NaN is larger
/// than all numbers; zeros of either sign are equal.
namespace latent {

/// The elements in increasing order, or in decreasing order; the gradient goes to where each came
/// from.
Tensor sort(const Tensor& x, int axis = -1, bool descending = false,
            std::source_location location = std::source_location::current());
/// The positions along the axis that would sort it; i64.
Tensor argsort(const Tensor& x, int axis = -1, bool descending = false,
               std::source_location location = std::source_location::current());

/// Elements and their positions along the axis (i64).
struct TopK {
    Tensor values;
    Tensor indices;
};
/// The `k` largest elements in decreasing order, or the smallest in increasing order; the axis has
/// extent k. ValueError unless 0 <= k <= extent.
TopK topk(const Tensor& x, std::int64_t k, int axis = -1, bool largest = true,
          std::source_location location = std::source_location::current());

/// The value below which a fraction `q` of the elements lies, drawn straight between neighbours;
/// the axis disappears. Of integers and bool it is f32; NaN if an element is. ValueError unless
/// 0 <= q <= 1; ShapeError where the axis is empty.
Tensor quantile(const Tensor& x, double q, int axis = -1,
                std::source_location location = std::source_location::current());
/// quantile(x, 0.5): the middle element, or the mean of the two.
Tensor median(const Tensor& x, int axis = -1,
              std::source_location location = std::source_location::current());

}  // namespace latent
