#include <latent/convolution.h>

#include <fmt/format.h>

#include "frontend/operations/contraction.h"
#include "frontend/operations/spatial.h"
#include "frontend/tensor/arguments.h"

namespace latent {

namespace {

using detail::Expression;
using detail::wrap;
using ir::Op;

/// Each element of `x` puts the kernel, times itself, on the result; what lands on one place is
/// summed.
Expression spread(const Expression& x, const Expression& kernel,
                  const TransposedConvolutionOptions& options, std::size_t count,
                  std::string_view op) {
    using enum detail::ConvolutionLabels::Part;
    const std::source_location& location = x.location();
    const std::int64_t groups = options.groups;
    detail::require_image(x, count, op);
    detail::require_image(kernel, count, op);
    if (groups < 1 || kernel.extent(0) != x.extent(1) || x.extent(1) % groups != 0) {
        ir::raise<ShapeError>(
            location, fmt::format("{}: the channels of {} do not fit kernel {} in {} groups", op,
                                  to_string(x.shape()), to_string(kernel.shape()), groups));
    }
    const detail::ConvolutionLabels labels(count, groups);
    const Expression patches = detail::merge_groups(
        detail::contract(
            detail::split_groups(x, 1, groups), labels({batch, group, input, positions}),
            detail::split_groups(kernel, 0, groups), labels({group, input, output, taps}),
            labels({batch, group, output, positions, taps}), op),
        1, groups);

    ir::FoldAttributes fold{detail::last_axes(x.shape().size(), count),
                            ir::Dims(kernel.shape().span().subspan(detail::leading_dimensions)),
                            detail::spatial(options.stride, count, 1, "stride", op, location),
                            detail::spatial(options.dilation, count, 1, "dilation", op, location),
                            {}};
    const ir::Dims padding = detail::spatial(options.padding, count, 0, "padding", op, location);
    const ir::Dims added =
        detail::spatial(options.output_padding, count, 0, "output padding", op, location);
    ir::Dims low;
    ir::Dims high;
    for (std::size_t i = 0; i < count; ++i) {
        const std::int64_t positions_along = x.shape()[detail::leading_dimensions + i];
        const std::int64_t extent =
            (positions_along - 1) * fold.stride[i] + fold.dilation[i] * (fold.size[i] - 1) + 1;
        if (positions_along == 0 || extent + added[i] <= 2 * padding[i]) {
            ir::raise<ShapeError>(location,
                                  fmt::format("{}: of shape {} and kernel {} nothing is left", op,
                                              to_string(x.shape()), to_string(kernel.shape())));
        }
        fold.extent.push_back(extent);
        low.push_back(-padding[i]);
        high.push_back(added[i] - padding[i]);
    }
    const Expression sums =
        patches.with(ir::make(Op::fold, fold, std::span(&patches.value(), 1), location));
    return detail::pad_spatial(sums, low, high, detail::literal(0, sums));
}

Tensor spread(const Tensor& x, const Tensor& kernel, const TransposedConvolutionOptions& options,
              std::size_t count, std::string_view op, const std::source_location& location) {
    const auto [image, weights] = detail::promoted(x, kernel, location);
    return wrap(spread(image, weights, options, count, op));
}

}  // namespace

Tensor conv_transpose1d(const Tensor& x, const Tensor& kernel,
                        const TransposedConvolutionOptions& options,
                        std::source_location location) {
    return spread(x, kernel, options, 1, "conv_transpose1d", location);
}

Tensor conv_transpose2d(const Tensor& x, const Tensor& kernel,
                        const TransposedConvolutionOptions& options,
                        std::source_location location) {
    return spread(x, kernel, options, 2, "conv_transpose2d", location);
}

Tensor conv_transpose3d(const Tensor& x, const Tensor& kernel,
                        const TransposedConvolutionOptions& options,
                        std::source_location location) {
    return spread(x, kernel, options, 3, "conv_transpose3d", location);
}

}  // namespace latent
