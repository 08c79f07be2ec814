#include <latent/sorting.h>

#include <fmt/format.h>

#include <cmath>

#include <latent/indexing.h>

#include "frontend/arguments.h"

namespace latent {

namespace {

using detail::Expression;
using detail::wrap;
using ir::Op;

Expression sorted_positions(const Expression& x, std::int64_t axis, bool descending) {
    const ir::ScanAttributes attributes{axis, descending};
    return x.with(ir::make(Op::argsort, attributes, std::span(&x.value(), 1), x.location()));
}

/// The first `count` parts along an axis from `start`.
Expression part(const Expression& x, std::int64_t axis, std::int64_t start, std::int64_t count) {
    ir::SliceAttributes range{ir::Dims(x.shape().size(), 0), x.shape(),
                              ir::Dims(x.shape().size(), 1)};
    range.start[static_cast<std::size_t>(axis)] = start;
    range.stop[static_cast<std::size_t>(axis)] = start + count;
    return x.with(ir::make(Op::slice, range, std::span(&x.value(), 1), x.location()));
}

Tensor elements_at(const Tensor& x, const Expression& positions, std::int64_t axis,
                   const std::source_location& location) {
    return take_along_axis(x, wrap(positions), static_cast<int>(axis), location);
}

Tensor quantile_named(std::string_view op, const Tensor& tensor, double q, int axis,
                      const std::source_location& location) {
    const Expression x = detail::floating(tensor, location);
    const std::int64_t along = detail::normalized_axis(axis, x.shape().size(), op, location);
    if (!(q >= 0 && q <= 1)) {
        ir::raise<ValueError>(location, fmt::format("{}: q = {} is not in [0, 1]", op, q));
    }
    detail::require_elements(x, {along}, op);
    const std::int64_t count = x.extent(along);
    const double place = q * static_cast<double>(count - 1);
    const auto below = static_cast<std::int64_t>(std::floor(place));
    const std::int64_t taken = place > static_cast<double>(below) ? 2 : 1;
    const Expression order = sorted_positions(x, along, false);
    const ir::Axes axes{along};
    const auto element = [&](std::int64_t position) {
        const Tensor value = elements_at(wrap(x), part(order, along, position, 1), along, location);
        return detail::reduce(Op::reduce_sum, detail::expression(value, location), axes);
    };
    Expression result = element(below);
    if (taken == 2) {
        result = detail::rounded_once(
            [&](const Expression& low, const Expression& high) {
                return low + (high - low) * detail::scalar(place - static_cast<double>(below), low);
            },
            result, element(below + 1));
    }
    // NaN is sorted to the end, where not every quantile meets it.
    const Expression is_nan = detail::reduce(Op::reduce_max, x != x, axes);
    return wrap(detail::select(is_nan, detail::literal(std::nan(""), x), result));
}

}  // namespace

Tensor argsort(const Tensor& tensor, int axis, bool descending, std::source_location location) {
    const Expression x = detail::expression(tensor, location);
    return wrap(sorted_positions(
        x, detail::normalized_axis(axis, x.shape().size(), "argsort", location), descending));
}

Tensor sort(const Tensor& tensor, int axis, bool descending, std::source_location location) {
    const Expression x = detail::expression(tensor, location);
    const std::int64_t along = detail::normalized_axis(axis, x.shape().size(), "sort", location);
    return elements_at(tensor, sorted_positions(x, along, descending), along, location);
}

TopK topk(const Tensor& tensor, std::int64_t k, int axis, bool largest,
          std::source_location location) {
    const Expression x = detail::expression(tensor, location);
    const std::int64_t along = detail::normalized_axis(axis, x.shape().size(), "topk", location);
    if (k < 0 || k > x.extent(along)) {
        ir::raise<ValueError>(location,
                              fmt::format("topk: k = {} of {} elements along axis {} of {}", k,
                                          x.extent(along), along, to_string(x.shape())));
    }
    const Expression positions = part(sorted_positions(x, along, largest), along, 0, k);
    return {elements_at(tensor, positions, along, location), wrap(positions)};
}

Tensor quantile(const Tensor& x, double q, int axis, std::source_location location) {
    return quantile_named("quantile", x, q, axis, location);
}

Tensor median(const Tensor& x, int axis, std::source_location location) {
    return quantile_named("median", x, 0.5, axis, location);
}

}  // namespace latent
