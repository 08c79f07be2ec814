#include <latent/manipulation.h>

#include <fmt/format.h>

#include <array>
#include <limits>

#include "frontend/tensor/arguments.h"

namespace latent {

namespace {

using detail::Expression;
using detail::expression;
using detail::wrap;

using Widths = std::vector<std::array<std::int64_t, 2>>;

void require_one_each(const Widths& widths, const Expression& x) {
    if (widths.size() != x.shape().size()) {
        ir::raise<ShapeError>(x.location(), fmt::format("pad: {} widths given for shape {}",
                                                        widths.size(), to_string(x.shape())));
    }
}

/// The most elements that a mode finds on one side of an axis of `extent` elements.
std::int64_t reach(PadMode mode, std::int64_t extent) {
    if (extent == 0) {
        return 0;
    }
    switch (mode) {
        case PadMode::edge:
            return std::numeric_limits<std::int64_t>::max();
        case PadMode::reflect:
            return extent - 1;
        case PadMode::symmetric:
        case PadMode::wrap:
            return extent;
    }
    throw InternalError("a pad mode that is none");
}

/// An axis of extent 1 repeated to `width`.
Expression repeated(const Expression& x, std::size_t axis, std::int64_t width) {
    ir::Shape shape = x.shape();
    shape[axis] = width;
    return detail::broadcast_to(x, shape.span(), "pad");
}

/// What comes before the first element of an axis.
Expression before(const Expression& x, std::int64_t axis, std::int64_t width, PadMode mode) {
    const auto along = static_cast<std::size_t>(axis);
    const std::int64_t extent = x.extent(axis);
    switch (mode) {
        case PadMode::edge:
            return repeated(detail::slice(x, along, 0, 1), along, width);
        case PadMode::reflect:
            return detail::flip(detail::slice(x, along, 1, width + 1), {axis});
        case PadMode::symmetric:
            return detail::flip(detail::slice(x, along, 0, width), {axis});
        case PadMode::wrap:
            return detail::slice(x, along, extent - width, extent);
    }
    throw InternalError("a pad mode that is none");
}

/// `x` continued at both ends of an axis.
Expression continued(const Expression& x, std::int64_t axis, std::array<std::int64_t, 2> widths,
                     PadMode mode) {
    std::vector<Expression> parts;
    if (widths[0] != 0) {
        parts.push_back(before(x, axis, widths[0], mode));
    }
    parts.push_back(x);
    if (widths[1] != 0) {
        // What comes after is what comes before in a mirror.
        parts.push_back(
            detail::flip(before(detail::flip(x, {axis}), axis, widths[1], mode), {axis}));
    }
    return detail::concat(parts, axis);
}

}  // namespace

Tensor pad(const Tensor& tensor, const Widths& widths, Number value,
           std::source_location location) {
    const Expression x = expression(tensor, location);
    require_one_each(widths, x);
    ir::PadAttributes attributes{{}, {}, ir::Dims(widths.size(), 0)};
    for (const auto& [low, high] : widths) {
        attributes.low.push_back(low);
        attributes.high.push_back(high);
    }
    return wrap(detail::pad(x, attributes, detail::scalar_of(value, x.dtype(), "pad", location)));
}

Tensor pad(const Tensor& tensor, const Widths& widths, PadMode mode,
           std::source_location location) {
    Expression x = expression(tensor, location);
    require_one_each(widths, x);
    for (std::size_t i = 0; i < widths.size(); ++i) {
        const auto axis = static_cast<std::int64_t>(i);
        for (const std::int64_t width : widths[i]) {
            if (width < 0) {
                ir::raise<ValueError>(location,
                                      fmt::format("pad: the width {} is negative", width));
            }
            if (width > reach(mode, x.extent(axis))) {
                ir::raise<ShapeError>(
                    location,
                    fmt::format("pad: axis {} of shape {} is too short to be continued by {}", i,
                                to_string(x.shape()), width));
            }
        }
        ir::Shape padded = x.shape();
        if (__builtin_add_overflow(padded[i], widths[i][0], &padded[i]) ||
            __builtin_add_overflow(padded[i], widths[i][1], &padded[i])) {
            ir::raise<ShapeError>(location,
                                  fmt::format("pad: axis {} of shape {} would have 2^63 elements "
                                              "or more",
                                              i, to_string(x.shape())));
        }
        detail::require_shape(padded.span(), x.dtype(), "pad", location);
        x = continued(x, axis, widths[i], mode);
    }
    return wrap(x);
}

}  // namespace latent
