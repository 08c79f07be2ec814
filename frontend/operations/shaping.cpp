#include <latent/manipulation.h>

#include <fmt/format.h>

#include <algorithm>

#include "frontend/tensor/arguments.h"

namespace latent {

using detail::Expression;
using detail::expression;
using detail::wrap;

namespace {

/// Without the -1 that stands for what the other extents leave.
ir::Shape completed(const Shape& wanted, const ir::Type& type,
                    const std::source_location& location) {
    ir::Shape shape(wanted.span());
    const auto open = std::ranges::find(shape, -1);
    if (open == shape.end()) {
        detail::require_shape(shape.span(), type.dtype, "reshape", location);
        return shape;
    }
    const auto fail = [&](std::string_view reason) {
        ir::raise<ShapeError>(location, fmt::format("reshape: {} to {}: {}", to_string(type),
                                                    to_string(wanted), reason));
    };
    if (std::ranges::count(shape, -1) > 1) {
        fail("only one extent may be -1");
    }
    *open = 1;
    detail::require_shape(shape.span(), type.dtype, "reshape", location);
    const std::int64_t others = ir::element_count(shape.span());
    if (others == 0 || type.element_count() % others != 0) {
        fail("no whole number of elements is left for -1");
    }
    *open = type.element_count() / others;
    return shape;
}

std::int64_t multiplied(std::int64_t extent, std::int64_t count, std::string_view op,
                        const std::source_location& location) {
    std::int64_t product = 0;
    if (__builtin_mul_overflow(extent, count, &product)) {
        ir::raise<ShapeError>(location, fmt::format("{}: {} times an extent of {} is 2^63 or more",
                                                    op, count, extent));
    }
    return product;
}

Tensor swapped(const Tensor& x, int first, int second, std::string_view op,
               const std::source_location& location) {
    const Expression operand = expression(x, location);
    const std::size_t rank = operand.shape().size();
    ir::Axes permutation = detail::normalized_axes(Axes::all(), rank, op, location);
    const auto position = [&](int axis) {
        return static_cast<std::size_t>(detail::normalized_axis(axis, rank, op, location));
    };
    std::swap(permutation[position(first)], permutation[position(second)]);
    return wrap(ir::permute(operand.value(), permutation.span(), location));
}

}  // namespace

Tensor reshape(const Tensor& x, const Shape& shape, std::source_location location) {
    const Expression operand = expression(x, location);
    return wrap(detail::reshape(operand, completed(shape, operand.type(), location).span()));
}

Tensor flatten(const Tensor& x, std::source_location location) {
    return reshape(x, {-1}, location);
}

Tensor permute(const Tensor& x, const Axes& axes, std::source_location location) {
    const Expression operand = expression(x, location);
    if (axes.size() != operand.shape().size()) {
        ir::raise<ShapeError>(location, fmt::format("permute: {} axes given for shape {}",
                                                    axes.size(), to_string(operand.shape())));
    }
    ir::Axes permutation;
    for (const std::int64_t axis : axes) {
        permutation.push_back(
            detail::normalized_axis(axis, operand.shape().size(), "permute", location));
    }
    return wrap(ir::permute(operand.value(), permutation.span(), location));
}

Tensor transpose(const Tensor& x, std::source_location location) {
    return swapped(x, -2, -1, "transpose", location);
}

Tensor swapaxes(const Tensor& x, int first, int second, std::source_location location) {
    return swapped(x, first, second, "swapaxes", location);
}

Tensor squeeze(const Tensor& x, const Axes& axes, std::source_location location) {
    const Expression operand = expression(x, location);
    const ir::Axes removed =
        detail::normalized_axes(axes, operand.shape().size(), "squeeze", location);
    ir::Shape shape;
    for (std::size_t i = 0; i < operand.shape().size(); ++i) {
        const std::int64_t extent = operand.shape()[i];
        const bool named =
            !axes.is_all() &&
            std::ranges::find(removed, static_cast<std::int64_t>(i)) != removed.end();
        if (named && extent != 1) {
            ir::raise<ShapeError>(location,
                                  fmt::format("squeeze: axis {} of shape {} has not extent 1", i,
                                              to_string(operand.shape())));
        }
        if (axes.is_all() ? extent != 1 : !named) {
            shape.push_back(extent);
        }
    }
    return wrap(detail::reshape(operand, shape.span()));
}

Tensor expand_dims(const Tensor& x, int axis, std::source_location location) {
    const Expression operand = expression(x, location);
    const std::int64_t position =
        detail::normalized_axis(axis, operand.shape().size() + 1, "expand_dims", location);
    detail::require_rank(operand.shape().size() + 1, "expand_dims", location);
    return wrap(detail::keep_dimensions(operand, {position}));
}

Tensor broadcast_to(const Tensor& x, const Shape& shape, std::source_location location) {
    const Expression operand = expression(x, location);
    detail::require_shape(shape.span(), operand.dtype(), "broadcast_to", location);
    return wrap(detail::broadcast_to(operand, shape.span(), "broadcast_to"));
}

Tensor flip(const Tensor& x, const Axes& axes, std::source_location location) {
    const Expression operand = expression(x, location);
    const ir::Axes positions =
        detail::normalized_axes(axes, operand.shape().size(), "flip", location);
    return wrap(detail::flip(operand, positions));
}

Tensor tile(const Tensor& x, const Shape& repeats, std::source_location location) {
    const Expression operand = expression(x, location);
    const std::size_t rank = std::max(repeats.size(), operand.shape().size());
    const auto repeated_dimensions = static_cast<std::size_t>(
        std::ranges::count_if(repeats, [](std::int64_t count) { return count != 1; }));
    detail::require_rank(operand.shape().size() + repeated_dimensions, "tile", location);
    ir::Shape repeated;
    ir::Shape merged;
    ir::Axes axes;
    for (std::size_t i = 0; i < rank; ++i) {
        // What is shorter begins with ones.
        const std::size_t repeats_from = rank - repeats.size();
        const std::size_t shape_from = rank - operand.shape().size();
        const std::int64_t count = i < repeats_from ? 1 : repeats[i - repeats_from];
        if (count < 0) {
            ir::raise<ValueError>(location, fmt::format("tile: {} repeats of dimension {} of {}",
                                                        count, i, to_string(operand.shape())));
        }
        if (count != 1) {
            repeated.push_back(count);
        }
        if (i < shape_from) {
            merged.push_back(count);
            continue;
        }
        const std::int64_t extent = operand.shape()[i - shape_from];
        axes.push_back(static_cast<std::int64_t>(repeated.size()));
        repeated.push_back(extent);
        merged.push_back(multiplied(extent, count, "tile", location));
    }
    detail::require_shape(merged.span(), operand.dtype(), "tile", location);
    const ir::Value tiles = ir::broadcast(operand.value(), repeated.span(), axes.span(), location);
    return wrap(ir::reshape(tiles, merged.span(), location));
}

Tensor repeat(const Tensor& x, std::int64_t repeats, int axis, std::source_location location) {
    const Expression operand = expression(x, location);
    const std::int64_t along =
        detail::normalized_axis(axis, operand.shape().size(), "repeat", location);
    if (repeats < 0) {
        ir::raise<ValueError>(
            location, fmt::format("repeat: the number must not be negative, got {}", repeats));
    }
    ir::Shape merged = operand.shape();
    std::int64_t& extent = merged[static_cast<std::size_t>(along)];
    extent = multiplied(extent, repeats, "repeat", location);
    detail::require_shape(merged.span(), operand.dtype(), "repeat", location);
    detail::require_rank(operand.shape().size() + 1, "repeat", location);
    ir::Shape repeated = operand.shape();
    repeated.insert(static_cast<std::size_t>(along) + 1, repeats);
    const std::int64_t added = along + 1;
    const ir::Value copies =
        ir::broadcast_over(operand.value(), repeated.span(), std::span(&added, 1), location);
    return wrap(ir::reshape(copies, merged.span(), location));
}

std::vector<Tensor> meshgrid(const std::vector<Tensor>& vectors, GridOrder order,
                             std::source_location location) {
    detail::require_rank(vectors.size(), "meshgrid", location);
    ir::Shape shape;
    ir::Axes axes;
    DType largest = DType::boolean;
    for (const Tensor& vector : vectors) {
        const Expression operand = expression(vector, location);
        largest = promote(largest, operand.dtype());
        if (operand.rank() != 1) {
            ir::raise<ShapeError>(location, fmt::format("meshgrid: takes vectors, got shape {}",
                                                        to_string(operand.shape())));
        }
        axes.push_back(static_cast<std::int64_t>(shape.size()));
        shape.push_back(operand.extent(0));
    }
    detail::require_shape(shape.span(), largest, "meshgrid", location);
    if (order == GridOrder::xy && vectors.size() > 1) {
        std::swap(shape[0], shape[1]);
        std::swap(axes[0], axes[1]);
    }
    std::vector<Tensor> grid;
    for (std::size_t i = 0; i < vectors.size(); ++i) {
        grid.push_back(wrap(ir::broadcast(expression(vectors[i], location).value(), shape.span(),
                                          std::span(&axes[i], 1), location)));
    }
    return grid;
}

}  // namespace latent
