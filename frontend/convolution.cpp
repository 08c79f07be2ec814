#include <latent/convolution.h>

#include <fmt/format.h>

#include <limits>

#include "frontend/arguments.h"
#include "frontend/contraction.h"

namespace latent {

namespace {

using detail::Expression;
using detail::wrap;
using ir::Op;

/// Batch and channels come before the spatial dimensions.
constexpr std::size_t leading = 2;

/// One number for each of `count` spatial dimensions.
ir::Dims spatial(const Sizes& sizes, std::size_t count, std::int64_t least, std::string_view what,
                 std::string_view op, const std::source_location& location) {
    if (sizes.size() != 1 && sizes.size() != count) {
        ir::raise<ShapeError>(
            location, fmt::format("{}: {} has {} numbers for {} spatial dimensions", op, what,
                                  sizes.size(), count));
    }
    ir::Dims result;
    for (std::size_t i = 0; i < count; ++i) {
        const std::int64_t size = sizes.size() == 1 ? sizes[0] : sizes[i];
        if (size < least) {
            ir::raise<ValueError>(
                location, fmt::format("{}: {} must be at least {}, got {}", op, what, least, size));
        }
        result.push_back(size);
    }
    return result;
}

/// The same on both sides of the spatial dimensions, which come last.
Expression pad_spatial(const Expression& x, const ir::Dims& padding, const Expression& value) {
    ir::Dims widths(x.shape().size() - padding.size(), 0);
    widths.append(padding.span());
    return detail::pad(x, {widths, widths, ir::Dims(widths.size(), 0)}, value);
}

/// Sliding windows over the last dimensions, one for each size.
Expression windows(const Expression& x, const ir::Dims& size, const ir::Dims& stride,
                   const ir::Dims& dilation) {
    ir::WindowAttributes attributes{{}, size, stride, dilation};
    for (std::size_t i = x.shape().size() - size.size(); i < x.shape().size(); ++i) {
        attributes.axes.push_back(static_cast<std::int64_t>(i));
    }
    return x.with(ir::make(Op::window, attributes, std::span(&x.value(), 1), x.location()));
}

/// first, first + 1, ...
void append_labels(ir::Dims& labels, std::int64_t first, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        labels.push_back(first + static_cast<std::int64_t>(i));
    }
}

Expression convolve(const Expression& x, const Expression& kernel,
                    const ConvolutionOptions& options, std::size_t count, std::string_view op) {
    const std::source_location& location = x.location();
    const std::int64_t groups = options.groups;
    if (x.shape().size() != leading + count || kernel.shape().size() != leading + count) {
        ir::raise<ShapeError>(
            location,
            fmt::format("{}: takes tensors of rank {}, got shapes {} and {}", op, leading + count,
                        to_string(x.shape()), to_string(kernel.shape())));
    }
    if (groups < 1 || kernel.extent(1) * groups != x.extent(1) || kernel.extent(0) % groups != 0) {
        ir::raise<ShapeError>(
            location, fmt::format("{}: the channels of {} do not fit kernel {} in {} groups", op,
                                  to_string(x.shape()), to_string(kernel.shape()), groups));
    }
    const ir::Dims size(kernel.shape().span().subspan(leading));
    const Expression padded = pad_spatial(
        x, spatial(options.padding, count, 0, "padding", op, location), detail::literal(0, x));

    // Labels: batch, group, output channel, input channel, then output positions and kernel
    // positions.
    enum : std::int64_t {
        batch,
        group,
        output,
        input,
        first_position,
        first_tap = first_position + 3
    };
    const auto grouped = [&](const Expression& tensor, std::size_t axis) {
        if (groups == 1) {
            return tensor;
        }
        ir::Shape shape = tensor.shape();
        shape[axis] /= groups;
        shape.insert(axis, groups);
        return detail::reshape(tensor, shape.span());
    };
    const auto labels_of = [&](std::initializer_list<std::int64_t> front) {
        ir::Dims labels;
        for (const std::int64_t label : front) {
            if (label != group || groups != 1) {
                labels.push_back(label);
            }
        }
        return labels;
    };
    ir::Dims x_labels = labels_of({batch, group, input});
    append_labels(x_labels, first_position, count);
    append_labels(x_labels, first_tap, count);
    ir::Dims kernel_labels = labels_of({group, output, input});
    append_labels(kernel_labels, first_tap, count);
    ir::Dims out_labels = labels_of({batch, group, output});
    append_labels(out_labels, first_position, count);

    const Expression patches =
        windows(grouped(padded, 1), size, spatial(options.stride, count, 1, "stride", op, location),
                spatial(options.dilation, count, 1, "dilation", op, location));
    Expression result =
        detail::contract(patches, x_labels, grouped(kernel, 0), kernel_labels, out_labels, op);
    if (groups == 1) {
        return result;
    }
    ir::Shape shape = result.shape();
    shape.erase(1);
    shape[1] = kernel.extent(0);
    return detail::reshape(result, shape.span());
}

Tensor convolve(const Tensor& x, const Tensor& kernel, const ConvolutionOptions& options,
                std::size_t count, std::string_view op, const std::source_location& location) {
    const auto [image, weights] = detail::promoted(x, kernel, location);
    return wrap(convolve(image, weights, options, count, op));
}

/// The options of a pooling, one number for each spatial dimension.
struct Pooling {
    static constexpr std::size_t dimensions = 2;

    std::string_view op;
    ir::Dims size;
    ir::Dims stride;
    ir::Dims padding;

    Pooling(std::string_view name, const Expression& x, const PoolingOptions& options)
        : op(name),
          size(spatial(options.size, dimensions, 1, "size", op, x.location())),
          stride(spatial(options.stride.value_or(options.size), dimensions, 1, "stride", op,
                         x.location())),
          padding(spatial(options.padding, dimensions, 0, "padding", op, x.location())) {
        if (x.shape().size() != leading + dimensions) {
            ir::raise<ShapeError>(x.location(),
                                  fmt::format("{}: takes a tensor of rank {}, got shape {}", op,
                                              leading + dimensions, to_string(x.shape())));
        }
        for (std::size_t i = 0; i < dimensions; ++i) {
            if (size[i] > x.shape()[leading + i] + 2 * padding[i]) {
                ir::raise<ShapeError>(x.location(),
                                      fmt::format("{}: a window of {} does not fit shape {}", op,
                                                  to_string(size), to_string(x.shape())));
            }
        }
    }

    bool is_padded() const { return padding[0] != 0 || padding[1] != 0; }
    std::int64_t window_elements() const { return size[0] * size[1]; }

    /// Reduces each window with `reduction`; `fill` is what padding counts as.
    Expression over(Op reduction, const Expression& x, double fill) const {
        if (!is_padded() && stride == size) {
            return side_by_side(reduction, x);
        }
        const Expression patches = windows(pad_spatial(x, padding, detail::literal(fill, x)), size,
                                           stride, ir::Dims(dimensions, 1));
        return detail::reduce(reduction, patches, {4, 5});
    }

  private:
    /// Windows that do not overlap are a reshape, once the elements that fill no window are cut
    /// off.
    Expression side_by_side(Op reduction, const Expression& x) const {
        Expression whole = x;
        ir::Shape split(x.shape().span().first(leading));
        for (std::size_t i = 0; i < dimensions; ++i) {
            const std::int64_t count = x.shape()[leading + i] / size[i];
            whole = detail::slice(whole, leading + i, 0, count * size[i]);
            split.push_back(count);
            split.push_back(size[i]);
        }
        return detail::reduce(reduction, detail::reshape(whole, split.span()), {3, 5});
    }
};

/// The value that no element is below.
double lowest(DType dtype) {
    switch (dtype) {
        case DType::boolean:
            return 0;
        case DType::i32:
            return std::numeric_limits<std::int32_t>::min();
        case DType::i64:
            return static_cast<double>(std::numeric_limits<std::int64_t>::min());
        case DType::f32:
        case DType::f64:
            return -std::numeric_limits<double>::infinity();
    }
    throw InternalError("a value of no dtype");
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

Tensor max_pool2d(const Tensor& tensor, const PoolingOptions& options,
                  std::source_location location) {
    const Expression x = detail::expression(tensor, location);
    const Pooling pooling("max_pool2d", x, options);
    return wrap(pooling.over(Op::reduce_max, x, lowest(x.dtype())));
}

Tensor avg_pool2d(const Tensor& tensor, const PoolingOptions& options,
                  std::source_location location) {
    const Expression x = detail::as_floating(detail::expression(tensor, location));
    const Pooling pooling("avg_pool2d", x, options);
    const Expression total = pooling.over(Op::reduce_sum, x, 0);
    if (options.count_padding || !pooling.is_padded()) {
        return wrap(total / detail::literal(static_cast<double>(pooling.window_elements()), total));
    }
    ir::Shape image(leading, 1);
    image.append(x.shape().span().subspan(leading));
    const Expression ones = x.with(ir::full(ir::Literal::one(x.dtype()), image.span(), location));
    return wrap(total / pooling.over(Op::reduce_sum, ones, 0));
}

}  // namespace latent
