#include <latent/manipulation.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "frontend/tensor/arguments.h"

namespace latent {

namespace {

using detail::Expression;
using detail::expression;
using detail::wrap;

/// Positions along one axis, as in Python's slice.indices.
struct Range {
    std::int64_t start;
    std::int64_t stop;
    std::int64_t step;

    static constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

    Range(std::optional<std::int64_t> first, std::optional<std::int64_t> last,
          std::int64_t distance, std::int64_t extent)
        // No axis is longer than the longest step; and the least integer has no opposite.
        : step(std::clamp(distance, -largest, largest)) {
        const std::int64_t lowest = step < 0 ? -1 : 0;
        const std::int64_t highest = step < 0 ? extent - 1 : extent;
        const auto inside = [&](std::int64_t position) {
            return std::clamp(position < 0 ? position + extent : position, lowest, highest);
        };
        start = first ? inside(*first) : (step < 0 ? highest : lowest);
        stop = last ? inside(*last) : (step < 0 ? lowest : highest);
    }

    std::int64_t count() const {
        const std::int64_t distance = step < 0 ? start - stop : stop - start;
        return distance <= 0 ? 0 : (distance - 1) / std::abs(step) + 1;
    }
};

/// All in their common dtype.
std::vector<Expression> promoted_list(const std::vector<Tensor>& tensors, std::string_view op,
                                      const std::source_location& location) {
    if (tensors.empty()) {
        ir::raise<ValueError>(location, fmt::format("{}: no tensors given", op));
    }
    std::vector<Expression> list;
    DType dtype = DType::boolean;
    for (const Tensor& tensor : tensors) {
        list.push_back(expression(tensor, location));
        dtype = promote(dtype, list.back().dtype());
    }
    for (Expression& item : list) {
        item = detail::cast(item, dtype);
    }
    return list;
}

}  // namespace

Tensor slice(const Tensor& tensor, int axis, std::optional<std::int64_t> start,
             std::optional<std::int64_t> stop, std::int64_t step, std::source_location location) {
    const Expression x = expression(tensor, location);
    const std::int64_t along = detail::normalized_axis(axis, x.shape().size(), "slice", location);
    if (step == 0) {
        ir::raise<ValueError>(location, "slice: the step must not be 0");
    }
    const auto position = static_cast<std::size_t>(along);
    const Range range(start, stop, step, x.shape()[position]);
    const std::int64_t count = range.count();
    if (count == 0) {
        return wrap(detail::slice(x, position, 0, 0, 1));
    }
    if (step > 0) {
        return wrap(detail::slice(x, position, range.start, range.stop, step));
    }
    const std::int64_t lowest = range.start + (count - 1) * step;
    return wrap(detail::flip(detail::slice(x, position, lowest, range.start + 1, -step), {along}));
}

Tensor select(const Tensor& tensor, int axis, std::int64_t index, std::source_location location) {
    const Expression x = expression(tensor, location);
    const auto along = static_cast<std::size_t>(
        detail::normalized_axis(axis, x.shape().size(), "select", location));
    const std::int64_t extent = x.shape()[along];
    if (index < -extent || index >= extent) {
        ir::raise<ShapeError>(
            location, fmt::format("select: position {} is out of range for axis {} of shape {}",
                                  index, along, to_string(x.shape())));
    }
    const std::int64_t position = index < 0 ? index + extent : index;
    const Expression part = detail::slice(x, along, position, position + 1, 1);
    ir::Shape shape = x.shape();
    shape.erase(along);
    return wrap(detail::reshape(part, shape.span()));
}

Tensor roll(const Tensor& tensor, std::int64_t shift, int axis, std::source_location location) {
    const Expression x = expression(tensor, location);
    const std::int64_t along = detail::normalized_axis(axis, x.shape().size(), "roll", location);
    const auto position = static_cast<std::size_t>(along);
    const std::int64_t extent = x.shape()[position];
    const std::int64_t split = extent == 0 ? 0 : (extent - shift % extent) % extent;
    if (split == 0) {
        return tensor;
    }
    const std::array parts{detail::slice(x, position, split, extent),
                           detail::slice(x, position, 0, split)};
    return wrap(detail::concat(parts, along));
}

Tensor concat(const std::vector<Tensor>& tensors, int axis, std::source_location location) {
    const std::vector<Expression> parts = promoted_list(tensors, "concat", location);
    const std::int64_t along =
        detail::normalized_axis(axis, parts.front().shape().size(), "concat", location);
    return wrap(detail::concat(parts, along));
}

Tensor stack(const std::vector<Tensor>& tensors, int axis, std::source_location location) {
    std::vector<Expression> parts = promoted_list(tensors, "stack", location);
    const std::int64_t along =
        detail::normalized_axis(axis, parts.front().shape().size() + 1, "stack", location);
    const ir::Shape shape = parts.front().shape();
    detail::require_rank(shape.size() + 1, "stack", location);
    for (Expression& part : parts) {
        if (part.shape() != shape) {
            ir::raise<ShapeError>(location, fmt::format("stack: shapes {} and {} differ",
                                                        to_string(shape), to_string(part.shape())));
        }
        part = detail::keep_dimensions(part, {along});
    }
    return wrap(detail::concat(parts, along));
}

std::vector<Tensor> split(const Tensor& tensor, const std::vector<std::int64_t>& sizes, int axis,
                          std::source_location location) {
    const Expression x = expression(tensor, location);
    const auto along = static_cast<std::size_t>(
        detail::normalized_axis(axis, x.shape().size(), "split", location));
    std::int64_t rest = x.shape()[along];
    bool fit = true;
    for (const std::int64_t size : sizes) {
        fit = fit && size >= 0 && size <= rest;
        rest -= fit ? size : 0;
    }
    if (!fit || rest != 0) {
        ir::raise<ShapeError>(location,
                              fmt::format("split: sizes {} are no parts of axis {} of shape {}",
                                          ir::to_string(sizes), along, to_string(x.shape())));
    }
    std::vector<Tensor> parts;
    std::int64_t start = 0;
    for (const std::int64_t size : sizes) {
        parts.push_back(wrap(detail::slice(x, along, start, start + size, 1)));
        start += size;
    }
    return parts;
}

std::vector<Tensor> split(const Tensor& tensor, std::int64_t parts, int axis,
                          std::source_location location) {
    const Expression x = expression(tensor, location);
    const std::int64_t extent =
        x.extent(detail::normalized_axis(axis, x.shape().size(), "split", location));
    if (parts < 1 || extent % parts != 0) {
        ir::raise<ShapeError>(location,
                              fmt::format("split: axis {} of shape {} is not {} equal parts", axis,
                                          to_string(tensor.shape()), parts));
    }
    return split(tensor, std::vector<std::int64_t>(static_cast<std::size_t>(parts), extent / parts),
                 axis, location);
}

}  // namespace latent
