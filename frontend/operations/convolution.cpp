#include <latent/convolution.h>

#include <fmt/format.h>

#include <array>

#include "frontend/operations/contraction.h"
#include "frontend/operations/spatial.h"
#include "frontend/tensor/arguments.h"

namespace latent {

namespace {

using detail::Expression;
using detail::wrap;

Expression convolve(const Expression& x, const Expression& kernel,
                    const ConvolutionOptions& options, std::size_t count, std::string_view op) {
    using enum detail::ConvolutionLabels::Part;
    const std::source_location& location = x.location();
    const std::int64_t groups = options.groups;
    detail::require_image(x, count, op);
    detail::require_image(kernel, count, op);
    if (groups < 1 || kernel.extent(1) * groups != x.extent(1) || kernel.extent(0) % groups != 0) {
        ir::raise<ShapeError>(
            location, fmt::format("{}: the channels of {} do not fit kernel {} in {} groups", op,
                                  to_string(x.shape()), to_string(kernel.shape()), groups));
    }
    const ir::Dims size(kernel.shape().span().subspan(detail::leading_dimensions));
    const ir::Dims padding = detail::spatial(options.padding, count, 0, "padding", op, location);
    const ir::Dims dilation = detail::spatial(options.dilation, count, 1, "dilation", op, location);
    detail::require_window(x, padding, size, dilation, op);
    const Expression padded = detail::pad_spatial(x, padding, padding, detail::literal(0, x));
    const Expression patches = detail::windows(
        detail::split_groups(padded, 1, groups), size,
        detail::spatial(options.stride, count, 1, "stride", op, location), dilation);
    const detail::ConvolutionLabels labels(count, groups);
    const Expression result = detail::contract(
        patches, labels({batch, group, input, positions, taps}),
        detail::split_groups(kernel, 0, groups), labels({group, output, input, taps}),
        labels({batch, group, output, positions}), op);
    return detail::merge_groups(result, 1, groups);
}

Tensor convolve(const Tensor& x, const Tensor& kernel, const ConvolutionOptions& options,
                std::size_t count, std::string_view op, const std::source_location& location) {
    const auto [image, weights] = detail::promoted(x, kernel, location);
    return wrap(convolve(image, weights, options, count, op));
}

}  // namespace

Tensor conv1d(const Tensor& x, const Tensor& kernel, const ConvolutionOptions& options,
              std::source_location location) {
    return convolve(x, kernel, options, 1, "conv1d", location);
}

Tensor conv2d(const Tensor& x, const Tensor& kernel, const ConvolutionOptions& options,
              std::source_location location) {
    return convolve(x, kernel, options, 2, "conv2d", location);
}

Tensor conv3d(const Tensor& x, const Tensor& kernel, const ConvolutionOptions& options,
              std::source_location location) {
    return convolve(x, kernel, options, 3, "conv3d", location);
}

Tensor unfold(const Tensor& tensor, const UnfoldOptions& options, std::source_location location) {
    constexpr std::string_view op = "unfold";
    constexpr std::size_t count = 2;
    const Expression x = detail::expression(tensor, location);
    detail::require_image(x, count, op);
    const auto numbers = [&](const Sizes& sizes, std::int64_t least, std::string_view what) {
        return detail::spatial(sizes, count, least, what, op, location);
    };
    const ir::Dims size = numbers(options.size, 1, "size");
    const ir::Dims padding = numbers(options.padding, 0, "padding");
    const ir::Dims dilation = numbers(options.dilation, 1, "dilation");
    detail::require_window(x, padding, size, dilation, op);
    const Expression padded = detail::pad_spatial(x, padding, padding, detail::literal(0, x));
    const Expression patches =
        detail::windows(padded, size, numbers(options.stride, 1, "stride"), dilation);
    // (n, c, rows, columns, kh, kw) to (n, c, kh, kw, rows, columns).
    constexpr std::array<std::int64_t, 6> order{0, 1, 4, 5, 2, 3};
    const Expression columns = patches.with(ir::permute(patches.value(), order, location));
    const ir::Shape shape{x.extent(0), x.extent(1) * size[0] * size[1],
                          patches.extent(2) * patches.extent(3)};
    return wrap(detail::reshape(columns, shape.span()));
}

}  // namespace latent
