#pragma once

#include <latent/shape.h>

#include <initializer_list>
#include <string_view>

#include "frontend/tensor/expression.h"

/// What operations on images share. Batch and channels come before the spatial dimensions.
namespace latent::detail {

inline constexpr std::size_t leading_dimensions = 2;

/// ShapeError unless `x` has batch, channels and `count` spatial dimensions.
void require_image(const Expression& x, std::size_t count, std::string_view op);

/// One number for each of `count` spatial dimensions. ValueError where one is below `least`.
ir::Dims spatial(const Sizes& sizes, std::size_t count, std::int64_t least, std::string_view what,
                 std::string_view op, const std::source_location& location);

/// Adds `low` and `high` elements to the two sides of the spatial dimensions, which come last;
/// negative numbers cut off.
Expression pad_spatial(const Expression& x, const ir::Dims& low, const ir::Dims& high,
                       const Expression& value);

/// ShapeError unless windows of `size` fit the image with `padding` on both sides.
void require_window(const Expression& x, const ir::Dims& padding, const ir::Dims& size,
                    const ir::Dims& dilation, std::string_view op);

/// The last `count` of `rank` axes.
ir::Axes last_axes(std::size_t rank, std::size_t count);

/// Sliding windows over the last dimensions, one for each size; their elements are new last
/// dimensions.
Expression windows(const Expression& x, const ir::Dims& size, const ir::Dims& stride,
                   const ir::Dims& dilation);

/// Channels as (groups, channels of a group), and back. Of one group nothing changes.
Expression split_groups(const Expression& x, std::size_t axis, std::int64_t groups);
Expression merge_groups(const Expression& x, std::size_t axis, std::int64_t groups);

/// The dimensions of a convolution as labels of a contraction.
class ConvolutionLabels {
  public:
    enum Part : std::int64_t { batch, group, output, input, positions, taps = positions + 3 };

    ConvolutionLabels(std::size_t spatial_dimensions, std::int64_t groups)
        : spatial_dimensions_(spatial_dimensions), groups_(groups) {}

    /// `positions` and `taps` are as many labels as there are spatial dimensions; a single group is
    /// left out.
    ir::Dims operator()(std::initializer_list<Part> parts) const;

  private:
    std::size_t spatial_dimensions_;
    std::int64_t groups_;
};

}  // namespace latent::detail
