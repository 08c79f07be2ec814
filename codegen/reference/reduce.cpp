#include <algorithm>
#include <cmath>
#include <limits>

#include "codegen/reference/computation.h"
#include "codegen/reference/scalar_functions.h"
#include "codegen/reference/strided.h"

namespace latent::codegen::reference {

namespace {

/// The reduced and the kept dimensions of the operand.
struct Split {
    Layout kept;
    Layout reduced;
};

Split split(const Computation& c) {
    const ir::Axes& axes = c.node.attributes_as<ir::ReduceAttributes>().axes;
    const Layout operand = row_major(c.operand_type(0).shape);
    Split result;
    for (std::size_t i = 0; i < operand.shape.size(); ++i) {
        const bool reduced = std::ranges::find(axes, static_cast<std::int64_t>(i)) != axes.end();
        Layout& part = reduced ? result.reduced : result.kept;
        part.shape.push_back(operand.shape[i]);
        part.strides.push_back(operand.strides[i]);
    }
    return result;
}

/// result = step(... step(step(initial, x0), x1) ...), rounded once.
template <Element T, typename F>
void reduce(const Computation& c, Wide<T> initial, F&& step) {
    const Split parts = split(c);
    const auto operand = c.operand<T>(0);
    auto result = c.output<T>().begin();
    for (StridedIterator outer(parts.kept); !outer.done(); outer.next()) {
        Wide<T> total = initial;
        for (StridedIterator inner(parts.reduced, outer.offset()); !inner.done(); inner.next()) {
            total = step(total,
                         static_cast<Wide<T>>(operand[static_cast<std::size_t>(inner.offset())]));
        }
        *result++ = static_cast<T>(total);
    }
}

/// The position of an element that none is better than; of several the lowest.
template <Element T, Element Position, typename Better>
void reduce_to_position(const Computation& c, Better&& is_better) {
    const Split parts = split(c);
    const auto operand = c.operand<T>(0);
    const auto positions = c.operand<Position>(1);
    auto result = c.output<Position>().begin();
    const auto wide = [&](std::size_t i) { return static_cast<Wide<T>>(operand[i]); };
    for (StridedIterator outer(parts.kept); !outer.done(); outer.next()) {
        StridedIterator inner(parts.reduced, outer.offset());
        auto best = static_cast<std::size_t>(inner.offset());
        for (; !inner.done(); inner.next()) {
            const auto i = static_cast<std::size_t>(inner.offset());
            if (is_better(wide(i), wide(best)) ||
                (!is_better(wide(best), wide(i)) && positions[i] < positions[best])) {
                best = i;
            }
        }
        *result++ = positions[best];
    }
}

/// The same for any dtypes. A NaN is better than all numbers.
template <typename Better>
void reduce_to_position_of(const Computation& c, Better&& is_better) {
    with_element_type(
        AnyElement{}, c.operand_type(0).dtype, [&]<typename T>(std::type_identity<T>) {
            with_element_type(Integers{}, c.type().dtype,
                              [&]<typename Position>(std::type_identity<Position>) {
                                  reduce_to_position<T, Position>(c, [&](Wide<T> a, Wide<T> b) {
                                      if constexpr (std::is_floating_point_v<Wide<T>>) {
                                          if (std::isnan(a) || std::isnan(b)) {
                                              return !std::isnan(b);
                                          }
                                      }
                                      return is_better(a, b);
                                  });
                              });
        });
}

}  // namespace

void reduce_sum(const Computation& c) {
    with_element_type(Numbers{}, c.type().dtype, [&]<typename T>(std::type_identity<T>) {
        reduce<T>(c, 0, [](auto total, auto x) { return add(total, x); });
    });
}

void reduce_prod(const Computation& c) {
    with_element_type(Numbers{}, c.type().dtype, [&]<typename T>(std::type_identity<T>) {
        reduce<T>(c, 1, [](auto total, auto x) { return mul(total, x); });
    });
}

void reduce_max(const Computation& c) {
    with_element_type(AnyElement{}, c.type().dtype, [&]<typename T>(std::type_identity<T>) {
        using Limits = std::numeric_limits<Wide<T>>;
        reduce<T>(c, Limits::has_infinity ? -Limits::infinity() : Limits::lowest(),
                  [](auto total, auto x) { return maximum(total, x); });
    });
}

void reduce_min(const Computation& c) {
    with_element_type(AnyElement{}, c.type().dtype, [&]<typename T>(std::type_identity<T>) {
        using Limits = std::numeric_limits<Wide<T>>;
        reduce<T>(c, Limits::has_infinity ? Limits::infinity() : Limits::max(),
                  [](auto total, auto x) { return minimum(total, x); });
    });
}

void reduce_argmax(const Computation& c) {
    reduce_to_position_of(c, [](auto a, auto b) { return a > b; });
}

void reduce_argmin(const Computation& c) {
    reduce_to_position_of(c, [](auto a, auto b) { return a < b; });
}

}  // namespace latent::codegen::reference
