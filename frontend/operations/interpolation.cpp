#include <latent/interpolation.h>

#include <fmt/format.h>

#include "frontend/operations/spatial.h"
#include "frontend/tensor/arguments.h"

namespace latent {

namespace {

using detail::Expression;
using detail::wrap;
using ir::Op;

Expression nearest(const Expression& x, std::int64_t axis, std::int64_t size) {
    const Expression target{ir::iota(DType::i64, size, x.location()), x.location()};
    const Expression extent = detail::shape_number(static_cast<double>(x.extent(axis)), target);
    const Expression count = detail::shape_number(static_cast<double>(size), target);
    return detail::gather(x, detail::apply(Op::floor_divide, target * extent, count), axis);
}

/// The positions in a dimension of extent `extent` of the elements of one of extent `size`.
Expression source_positions(std::int64_t extent, std::int64_t size, bool align_corners, DType dtype,
                            const std::source_location& location) {
    const Expression target{ir::iota(dtype, size, location), location};
    const auto from = static_cast<double>(extent);
    const auto to = static_cast<double>(size);
    if (align_corners) {
        return target * detail::shape_number(size > 1 ? (from - 1) / (to - 1) : 0, target);
    }
    const Expression position = (target + 0.5) * detail::shape_number(from / to, target) - 0.5;
    return detail::apply(Op::maximum, position, detail::literal(0, position));
}

Expression linear(const Expression& x, std::int64_t axis, std::int64_t size, bool align_corners) {
    const Expression position =
        source_positions(x.extent(axis), size, align_corners, x.dtype(), x.location());
    const Expression whole = detail::apply(Op::floor, position);
    const Expression lower = detail::cast(whole, DType::i64);
    // Beyond the last element there is that element again: gather clamps.
    const Expression before = detail::gather(x, lower, axis);
    const Expression after = detail::gather(x, lower + 1.0, axis);
    return before + (after - before) * detail::repeat_across(position - whole, before, axis);
}

}  // namespace

Tensor interpolate(const Tensor& tensor, const Sizes& size, const InterpolationOptions& options,
                   std::source_location location) {
    constexpr std::string_view op = "interpolate";
    const Expression x = detail::expression(tensor, location);
    if (x.shape().size() <= detail::leading_dimensions) {
        ir::raise<ShapeError>(location, fmt::format("{}: shape {} has no spatial dimensions", op,
                                                    to_string(x.shape())));
    }
    const std::size_t count = x.shape().size() - detail::leading_dimensions;
    const ir::Dims sizes = detail::spatial(size, count, 1, "size", op, location);
    for (std::size_t i = 0; i < count; ++i) {
        const auto axis = static_cast<std::int64_t>(detail::leading_dimensions + i);
        if (x.extent(axis) == 0) {
            ir::raise<ShapeError>(location, fmt::format("{}: axis {} of shape {} is empty", op,
                                                        axis, to_string(x.shape())));
        }
    }
    const auto resized = [&](Expression result, auto&& along) {
        for (std::size_t i = 0; i < count; ++i) {
            const auto axis = static_cast<std::int64_t>(detail::leading_dimensions + i);
            if (result.extent(axis) != sizes[i]) {
                result = along(result, axis, sizes[i]);
            }
        }
        return result;
    };
    if (options.mode == Interpolation::nearest) {
        return wrap(resized(x, nearest));
    }
    return detail::composed(tensor, location, [&](const Expression& image) {
        return resized(image, [&](const Expression& part, std::int64_t axis, std::int64_t extent) {
            return linear(part, axis, extent, options.align_corners);
        });
    });
}

}  // namespace latent
