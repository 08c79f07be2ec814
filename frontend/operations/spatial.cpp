#include "frontend/operations/spatial.h"

#include <fmt/format.h>

namespace latent::detail {

namespace {

/// Kernels index with 31 bits; and products of two such sizes do not overflow.
constexpr std::int64_t largest_extent = (std::int64_t{1} << 31) - 1;

}  // namespace

void require_image(const Expression& x, std::size_t count, std::string_view op) {
    if (x.shape().size() != leading_dimensions + count) {
        ir::raise<ShapeError>(x.location(),
                              fmt::format("{}: takes a tensor of rank {}, got shape {}", op,
                                          leading_dimensions + count, to_string(x.shape())));
    }
}

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
        if (size > largest_extent) {
            ir::raise<ValueError>(
                location, fmt::format("{}: {} must be less than 2^31, got {}", op, what, size));
        }
        result.push_back(size);
    }
    return result;
}

Expression pad_spatial(const Expression& x, const ir::Dims& low, const ir::Dims& high,
                       const Expression& value) {
    const std::size_t leading = x.shape().size() - low.size();
    ir::PadAttributes widths{ir::Dims(leading, 0), ir::Dims(leading, 0),
                             ir::Dims(x.shape().size(), 0)};
    widths.low.append(low.span());
    widths.high.append(high.span());
    return pad(x, widths, value);
}

void require_window(const Expression& x, const ir::Dims& padding, const ir::Dims& size,
                    const ir::Dims& dilation, std::string_view op) {
    for (std::size_t i = 0; i < size.size(); ++i) {
        if (size[i] == 0) {
            ir::raise<ShapeError>(x.location(),
                                  fmt::format("{}: a window of {} is empty", op, to_string(size)));
        }
        const std::int64_t extent = x.shape()[leading_dimensions + i] + 2 * padding[i];
        if (dilation[i] * (size[i] - 1) + 1 > extent) {
            ir::raise<ShapeError>(x.location(),
                                  fmt::format("{}: a window of {} does not fit shape {}", op,
                                              to_string(size), to_string(x.shape())));
        }
    }
}

ir::Axes last_axes(std::size_t rank, std::size_t count) {
    ir::Axes axes;
    for (std::size_t i = rank - count; i < rank; ++i) {
        axes.push_back(static_cast<std::int64_t>(i));
    }
    return axes;
}

Expression windows(const Expression& x, const ir::Dims& size, const ir::Dims& stride,
                   const ir::Dims& dilation) {
    const ir::WindowAttributes attributes{last_axes(x.shape().size(), size.size()), size, stride,
                                          dilation};
    return x.with(ir::make(ir::Op::window, attributes, std::span(&x.value(), 1), x.location()));
}

Expression split_groups(const Expression& x, std::size_t axis, std::int64_t groups) {
    if (groups == 1) {
        return x;
    }
    ir::Shape shape = x.shape();
    shape[axis] /= groups;
    shape.insert(axis, groups);
    return reshape(x, shape.span());
}

Expression merge_groups(const Expression& x, std::size_t axis, std::int64_t groups) {
    if (groups == 1) {
        return x;
    }
    ir::Shape shape = x.shape();
    shape.erase(axis);
    shape[axis] *= groups;
    return reshape(x, shape.span());
}

ir::Dims ConvolutionLabels::operator()(std::initializer_list<Part> parts) const {
    ir::Dims labels;
    for (const Part part : parts) {
        if (part == positions || part == taps) {
            for (std::size_t i = 0; i < spatial_dimensions_; ++i) {
                labels.push_back(part + static_cast<std::int64_t>(i));
            }
        } else if (part != group || groups_ != 1) {
            labels.push_back(part);
        }
    }
    return labels;
}

}  // namespace latent::detail
