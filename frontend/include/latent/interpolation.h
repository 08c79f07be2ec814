#pragma once

#include <latent/tensor.h>

#include <source_location>

namespace latent {

/// How values between those of an image are found.
enum class Interpolation {
    nearest,  ///< position i of m is position floor(i * n / m) of n
    linear,   ///< by lines along each dimension: bilinear in two
};

struct InterpolationOptions {
    Interpolation mode = Interpolation::nearest;
    /// With `linear`: the centres of the corner elements stay where they are, not the corners.
    bool align_corners = false;
};

/// An image (n, c, spatial dimensions ...) at another size, of one number for all spatial
/// dimensions or one for each. `linear` is of floating dtypes; integers and bool are cast to f32.
/// ShapeError where there are no spatial dimensions or nothing to interpolate, ValueError where a
/// size is not positive.
Tensor interpolate(const Tensor& x, const Sizes& size, const InterpolationOptions& options = {},
                   std::source_location location = std::source_location::current());

}  // namespace latent
