#pragma once

#include <latent/tensor.h>

#include <optional>
#include <source_location>

/// Reductions over one, several or all axes, which disappear, or stay with extent 1 where
/// `keepdims` is set. Axes count from the back if negative; ShapeError where one is out of range or
/// named twice. Of no axes they leave the shape as it is.
namespace latent {

/// Of i32 and bool it is i64; of no elements it is 0.
Tensor sum(const Tensor& x, const Axes& axes = Axes::all(), bool keepdims = false,
           std::source_location location = std::source_location::current());
/// Of integers and bool it is f32.
Tensor mean(const Tensor& x, const Axes& axes = Axes::all(), bool keepdims = false,
            std::source_location location = std::source_location::current());
/// Of i32 and bool it is i64; of no elements it is 1.
Tensor prod(const Tensor& x, const Axes& axes = Axes::all(), bool keepdims = false,
            std::source_location location = std::source_location::current());
/// NaN if an element is. Equal maxima share the gradient. ShapeError where there are no elements.
Tensor max(const Tensor& x, const Axes& axes = Axes::all(), bool keepdims = false,
           std::source_location location = std::source_location::current());
Tensor min(const Tensor& x, const Axes& axes = Axes::all(), bool keepdims = false,
           std::source_location location = std::source_location::current());
/// Whether an element is not zero; bool.
Tensor any(const Tensor& x, const Axes& axes = Axes::all(), bool keepdims = false,
           std::source_location location = std::source_location::current());
/// Whether no element is zero; bool.
Tensor all(const Tensor& x, const Axes& axes = Axes::all(), bool keepdims = false,
           std::source_location location = std::source_location::current());
/// How many elements are not zero; i64.
Tensor count_nonzero(const Tensor& x, const Axes& axes = Axes::all(), bool keepdims = false,
                     std::source_location location = std::source_location::current());

/// The position of the first largest element, or of the first NaN; i64. Without an axis, in
/// row-major order of all elements.
Tensor argmax(const Tensor& x, std::optional<int> axis = std::nullopt, bool keepdims = false,
              std::source_location location = std::source_location::current());
Tensor argmin(const Tensor& x, std::optional<int> axis = std::nullopt, bool keepdims = false,
              std::source_location location = std::source_location::current());

/// How a variance is taken: `{.axes = {0}, .correction = 1}`.
struct VarianceOptions {
    Axes axes = Axes::all();
    /// The sum of squares is divided by the number of elements less this.
    double correction = 0;
    bool keepdims = false;
};
/// The mean square deviation from the mean, in two passes. Of integers and bool it is f32.
Tensor var(const Tensor& x, const VarianceOptions& options = {},
           std::source_location location = std::source_location::current());
/// The standard deviation, the square root of `var`: what is called std elsewhere.
Tensor stddev(const Tensor& x, const VarianceOptions& options = {},
              std::source_location location = std::source_location::current());

/// log(sum(exp(x))), without overflow on the way.
Tensor logsumexp(const Tensor& x, const Axes& axes = Axes::all(), bool keepdims = false,
                 std::source_location location = std::source_location::current());

/// The vector norm of order `order`: 1, 2, infinity or another positive number. At zero the
/// gradient of order 2 is zero.
Tensor norm(const Tensor& x, const Axes& axes = Axes::all(), double order = 2,
            bool keepdims = false, std::source_location location = std::source_location::current());

}  // namespace latent
