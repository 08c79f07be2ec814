#pragma once

#include <latent/tensor.h>

#include <optional>
#include <source_location>

/// Convolution and pooling of images whose channels come first: (batch, channels, spatial
/// dimensions ...).
namespace latent {

/// One number for all spatial dimensions, or one for each.
struct ConvolutionOptions {
    Sizes stride = 1;
    /// Zeros on both sides.
    Sizes padding = 0;
    /// Distance between the elements that the kernel meets.
    Sizes dilation = 1;
    /// The channels are convolved in this many separate groups.
    std::int64_t groups = 1;
};

/// The cross-correlation that machine learning calls convolution: x (n, c, l), kernel (o, c /
/// groups, k) to (n, o, m) with m = (l + 2 padding - dilation (k - 1) - 1) / stride + 1. ShapeError
/// where they do not fit.
Tensor conv1d(const Tensor& x, const Tensor& kernel, const ConvolutionOptions& options = {},
              std::source_location location = std::source_location::current());
/// The same of (n, c, h, w) and (o, c / groups, kh, kw).
Tensor conv2d(const Tensor& x, const Tensor& kernel, const ConvolutionOptions& options = {},
              std::source_location location = std::source_location::current());
/// The same of (n, c, d, h, w) and (o, c / groups, kd, kh, kw).
Tensor conv3d(const Tensor& x, const Tensor& kernel, const ConvolutionOptions& options = {},
              std::source_location location = std::source_location::current());

struct TransposedConvolutionOptions {
    /// Distance between the places where neighbours of `x` put the kernel.
    Sizes stride = 1;
    /// Cut off on both sides of the result.
    Sizes padding = 0;
    /// Added to the result at the end of each dimension, which several sizes of input would give.
    Sizes output_padding = 0;
    /// Distance between the places where elements of the kernel land.
    Sizes dilation = 1;
    std::int64_t groups = 1;
};

/// The transpose of a convolution, as in its gradient: x (n, c, l), kernel (c, o / groups, k) to
/// (n, o, m) with m = (l - 1) stride - 2 padding + dilation (k - 1) + output padding + 1.
/// ShapeError where they do not fit.
Tensor conv_transpose1d(const Tensor& x, const Tensor& kernel,
                        const TransposedConvolutionOptions& options = {},
                        std::source_location location = std::source_location::current());
/// The same of (n, c, h, w) and (c, o / groups, kh, kw).
Tensor conv_transpose2d(const Tensor& x, const Tensor& kernel,
                        const TransposedConvolutionOptions& options = {},
                        std::source_location location = std::source_location::current());
/// The same of (n, c, d, h, w) and (c, o / groups, kd, kh, kw).
Tensor conv_transpose3d(const Tensor& x, const Tensor& kernel,
                        const TransposedConvolutionOptions& options = {},
                        std::source_location location = std::source_location::current());

struct UnfoldOptions {
    Sizes size = 3;
    Sizes stride = 1;
    /// Zeros on both sides.
    Sizes padding = 0;
    Sizes dilation = 1;
};
/// The patches that a convolution meets, as columns: x (n, c, h, w) to (n, c * size, patches),
/// where the elements of a patch come channel by channel and patches in row-major order. ShapeError
/// where no patch fits.
Tensor unfold(const Tensor& x, const UnfoldOptions& options = {},
              std::source_location location = std::source_location::current());

struct PoolingOptions {
    Sizes size = 2;
    /// By default the size: windows side by side.
    std::optional<Sizes> stride = std::nullopt;
    Sizes padding = 0;
    /// Whether an average counts the padding, as zeros.
    bool count_padding = true;
};

/// The maximum of each window of (n, c, h, w); padding counts as minus infinity.
Tensor max_pool2d(const Tensor& x, const PoolingOptions& options = {},
                  std::source_location location = std::source_location::current());
/// The mean of each window of (n, c, h, w).
Tensor avg_pool2d(const Tensor& x, const PoolingOptions& options = {},
                  std::source_location location = std::source_location::current());

}  // namespace latent
