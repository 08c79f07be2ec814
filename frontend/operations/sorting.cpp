#include <latent/sorting.h>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include <latent/indexing.h>
#include <latent/manipulation.h>

#include "frontend/tensor/arguments.h"
#include "ir/rounding.h"

namespace latent {

namespace {

using detail::Expression;
using detail::wrap;
using ir::Op;

Expression sorted_positions(const Expression& x, std::int64_t axis, bool descending) {
    const ir::ScanAttributes attributes{axis, descending};
    return x.with(ir::make(Op::argsort, attributes, std::span(&x.value(), 1), x.location()));
}

/// How long blocks are of which those with the largest elements are looked through for the `k`
/// largest of `count`: where it pays, about so long that as many maxima are sorted as candidates.
std::int64_t block_extent(std::int64_t count, std::int64_t k) {
    if (k == 0) {
        return 0;
    }
    const auto extent = std::bit_floor(
        static_cast<std::uint64_t>(std::sqrt(static_cast<double>(count) / static_cast<double>(k))));
    const auto block = static_cast<std::int64_t>(extent);
    return 4 * (count / std::max<std::int64_t>(block, 1) + k * block) <= count ? block : 0;
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

/// The shape with `extents` in place of `count` of its extents from `axis` on.
ir::Shape with_axes(const ir::Shape& shape, std::int64_t axis, std::size_t count,
                    std::initializer_list<std::int64_t> extents) {
    ir::Shape result;
    result.append(shape.span().subspan(0, static_cast<std::size_t>(axis)));
    result.append(std::span(extents.begin(), extents.size()));
    result.append(shape.span().subspan(static_cast<std::size_t>(axis) + count));
    return result;
}

/// The positions of the `k` largest elements, of equal ones the first, without sorting all: they
/// are in those k blocks whose maxima come first. NaN is the largest, of a block too.
Expression largest_positions(const Expression& x, std::int64_t axis, std::int64_t k,
                             std::int64_t block) {
    const std::int64_t count = x.extent(axis);
    const std::int64_t blocks = ir::ceiling_quotient(count, block);
    const std::source_location& location = x.location();
    ir::PadAttributes widths{ir::Dims(x.shape().size(), 0), ir::Dims(x.shape().size(), 0),
                             ir::Dims(x.shape().size(), 0)};
    widths.high[static_cast<std::size_t>(axis)] = blocks * block - count;
    // What is added comes last, so that it loses to any element that it equals.
    const Expression padded =
        detail::pad(x, widths, detail::literal(-std::numeric_limits<double>::infinity(), x));
    const Expression parts =
        detail::reshape(padded, with_axes(x.shape(), axis, 1, {blocks, block}).span());
    const Expression maxima = detail::reduce(Op::reduce_max, parts, ir::Axes{axis + 1});
    // In the order of their positions, which the candidates then have too.
    const Tensor chosen = sort(wrap(part(sorted_positions(maxima, axis, true), axis, 0, k)),
                               static_cast<int>(axis), false, location);
    const Expression candidates = detail::expression(
        take_along_axis(wrap(parts), expand_dims(chosen, static_cast<int>(axis) + 1, location),
                        static_cast<int>(axis), location),
        location);
    const Expression flat =
        detail::reshape(candidates, with_axes(x.shape(), axis, 1, {k * block}).span());
    const Expression order = part(sorted_positions(flat, axis, true), axis, 0, k);
    const Expression extent = detail::scalar(static_cast<double>(block), order);
    const Expression which = detail::apply(Op::floor_divide, order, extent);
    const Expression start =
        detail::expression(elements_at(chosen, which, axis, location), location);
    return start * extent + (order - which * extent);
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
    const std::int64_t block =
        largest && is_floating(x.dtype()) && x.rank() < static_cast<int>(max_rank)
            ? block_extent(x.extent(along), k)
            : 0;
    const Expression positions = block > 1
                                     ? largest_positions(detail::stop_gradient(x), along, k, block)
                                     : part(sorted_positions(x, along, largest), along, 0, k);
    return {elements_at(tensor, positions, along, location), wrap(positions)};
}

Tensor quantile(const Tensor& x, double q, int axis, std::source_location location) {
    return quantile_named("quantile", x, q, axis, location);
}

Tensor median(const Tensor& x, int axis, std::source_location location) {
    return quantile_named("median", x, 0.5, axis, location);
}

}  // namespace latent
