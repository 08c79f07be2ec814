#include <algorithm>
#include <vector>

#include "codegen/reference/computation.h"
#include "codegen/reference/scalar_functions.h"
#include "codegen/reference/strided.h"

namespace latent::codegen::reference {

namespace {

/// Calls `row` with the offsets of the elements along the axis, in the order of the scan, for each
/// place along the other axes.
template <typename F>
void for_each_row(const Computation& c, F&& row) {
    const auto& [axis, reverse] = c.node.attributes_as<ir::ScanAttributes>();
    Layout starts = row_major(c.type().shape);
    const auto k = static_cast<std::size_t>(axis);
    const std::int64_t extent = starts.shape[k];
    const std::int64_t stride = starts.strides[k];
    starts.shape[k] = std::min<std::int64_t>(extent, 1);
    std::vector<std::size_t> offsets(static_cast<std::size_t>(extent));
    for (StridedIterator start(starts); !start.done(); start.next()) {
        for (std::int64_t i = 0; i < extent; ++i) {
            const std::int64_t position = reverse ? extent - 1 - i : i;
            offsets[static_cast<std::size_t>(i)] =
                static_cast<std::size_t>(start.offset() + position * stride);
        }
        row(offsets);
    }
}

/// result[k] = step(result[k-1], k-th place), rounded as it is stored; the first from `initial`.
template <Element T, typename F>
void scan(const Computation& c, Wide<T> initial, F&& step) {
    const auto result = c.output<T>();
    for_each_row(c, [&](const std::vector<std::size_t>& row) {
        Wide<T> value = initial;
        for (const std::size_t place : row) {
            value = step(value, place);
            result[place] = static_cast<T>(value);
        }
    });
}

}  // namespace

void cumulative_sum(const Computation& c) {
    with_element_type(Numbers{}, c.type().dtype, [&]<typename T>(std::type_identity<T>) {
        const auto x = c.operand<T>(0);
        scan<T>(c, 0, [&](auto total, std::size_t place) {
            return add(total, static_cast<Wide<T>>(x[place]));
        });
    });
}

void cumulative_max(const Computation& c) {
    with_element_type(Numbers{}, c.type().dtype, [&]<typename T>(std::type_identity<T>) {
        using Limits = std::numeric_limits<Wide<T>>;
        const auto x = c.operand<T>(0);
        scan<T>(c, Limits::has_infinity ? -Limits::infinity() : Limits::lowest(),
                [&](auto largest, std::size_t place) {
                    return maximum(largest, static_cast<Wide<T>>(x[place]));
                });
    });
}

void linear_recurrence(const Computation& c) {
    with_element_type(Numbers{}, c.type().dtype, [&]<typename T>(std::type_identity<T>) {
        const auto a = c.operand<T>(0);
        const auto b = c.operand<T>(1);
        const auto result = c.output<T>();
        for_each_row(c, [&](const std::vector<std::size_t>& row) {
            Wide<T> value = 0;
            for (std::size_t i = 0; i < row.size(); ++i) {
                const auto addend = static_cast<Wide<T>>(b[row[i]]);
                // The first factor takes no part: it may be infinite.
                value = i == 0 ? addend : add(mul(static_cast<Wide<T>>(a[row[i]]), value), addend);
                result[row[i]] = static_cast<T>(value);
            }
        });
    });
}

void argsort(const Computation& c) {
    const auto& [axis, reverse] = c.node.attributes_as<ir::ScanAttributes>();
    const std::int64_t stride =
        ir::row_major_strides(c.type().shape.span())[static_cast<std::size_t>(axis)];
    with_element_type(
        AnyElement{}, c.operand_type(0).dtype, [&]<typename T>(std::type_identity<T>) {
            const auto x = c.operand<T>(0);
            const auto result = c.output<std::int64_t>();
            for_each_row(c, [&](const std::vector<std::size_t>& row) {
                // Places in memory order; NaN, which is unequal to itself, after all numbers.
                std::vector<std::size_t> places(row);
                std::ranges::sort(places);
                std::vector<std::size_t> sorted(places);
                std::ranges::stable_sort(sorted, [&](std::size_t i, std::size_t j) {
                    const T p = x[reverse ? j : i];
                    const T q = x[reverse ? i : j];
                    return p < q || (p == p && q != q);
                });
                for (std::size_t i = 0; i < places.size(); ++i) {
                    result[places[i]] = static_cast<std::int64_t>(sorted[i] - places[0]) / stride;
                }
            });
        });
}

}  // namespace latent::codegen::reference
