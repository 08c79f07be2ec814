#include <algorithm>
#include <vector>

#include "codegen/reference/computation.h"
#include "codegen/reference/scalar_functions.h"
#include "codegen/reference/strided.h"

namespace latent::codegen::reference {

namespace {

std::size_t count(std::span<const std::int64_t> shape) {
    return static_cast<std::size_t>(ir::element_count(shape));
}

/// The elements that a pad keeps: where they lie in the operand and in the result.
struct Kept {
    Layout source;
    Layout target;
};

Kept kept_by_pad(const Computation& c) {
    const auto& pads = c.node.attributes_as<ir::PadAttributes>();
    const Layout operand = row_major(c.operand_type(0).shape);
    const Layout result = row_major(c.type().shape);
    Kept kept;
    for (std::size_t i = 0; i < operand.shape.size(); ++i) {
        const std::int64_t step = pads.interior[i] + 1;
        // Element e of the operand goes to low + e * step, if that is in the result.
        const std::int64_t first = std::max<std::int64_t>(0, -floor_divide(pads.low[i], step));
        const std::int64_t end = floor_divide(result.shape[i] - 1 - pads.low[i], step) + 1;
        const std::int64_t extent =
            std::max<std::int64_t>(0, std::min(end, operand.shape[i]) - first);
        kept.source.shape.push_back(extent);
        kept.source.strides.push_back(operand.strides[i]);
        kept.source.offset += first * operand.strides[i];
        kept.target.strides.push_back(result.strides[i] * step);
        kept.target.offset += (pads.low[i] + first * step) * result.strides[i];
    }
    kept.target.shape = kept.source.shape;
    return kept;
}

/// A tensor around one axis, as [outer, along the axis, inner].
struct AroundAxis {
    std::size_t outer;
    std::size_t extent;
    std::size_t inner;

    AroundAxis(const ir::Shape& shape, std::int64_t axis)
        : outer(count(shape.span().first(static_cast<std::size_t>(axis)))),
          extent(static_cast<std::size_t>(shape[static_cast<std::size_t>(axis)])),
          inner(count(shape.span().subspan(static_cast<std::size_t>(axis) + 1))) {}
};

/// The positions along the axis that the indices of a gather or scatter (operand 1) name, clamped.
std::vector<std::size_t> positions(const Computation& c, std::size_t extent) {
    std::vector<std::size_t> result;
    with_element_type(Integers{}, c.operand_type(1).dtype, [&]<typename T>(std::type_identity<T>) {
        for (const T index : c.operand<T>(1)) {
            result.push_back(static_cast<std::size_t>(
                std::clamp<std::int64_t>(index, 0, static_cast<std::int64_t>(extent) - 1)));
        }
    });
    return result;
}

}  // namespace

void pad(const Computation& c) {
    const Kept kept = kept_by_pad(c);
    with_element_type(AnyElement{}, c.type().dtype, [&]<typename T>(std::type_identity<T>) {
        const auto operand = c.operand<T>(0);
        const auto result = c.output<T>();
        std::ranges::fill(result, c.operand<T>(1)[0]);
        StridedIterator target(kept.target);
        for (StridedIterator source(kept.source); !source.done(); source.next(), target.next()) {
            result[static_cast<std::size_t>(target.offset())] =
                operand[static_cast<std::size_t>(source.offset())];
        }
    });
}

void concat(const Computation& c) {
    const std::int64_t axis = c.node.attributes_as<ir::ConcatAttributes>().axis;
    const AroundAxis whole(c.type().shape, axis);
    with_element_type(AnyElement{}, c.type().dtype, [&]<typename T>(std::type_identity<T>) {
        const auto result = c.output<T>();
        std::size_t begin = 0;
        for (std::size_t i = 0; i < c.operands.size(); ++i) {
            const AroundAxis part(c.operand_type(i).shape, axis);
            const std::size_t block = part.extent * part.inner;
            const auto operand = c.operand<T>(i);
            for (std::size_t o = 0; o < whole.outer; ++o) {
                std::ranges::copy(operand.subspan(o * block, block),
                                  result.begin() + static_cast<std::ptrdiff_t>(
                                                       o * whole.extent * whole.inner + begin));
            }
            begin += block;
        }
    });
}

void interleave(const Computation& c) {
    const std::int64_t axis = c.node.attributes_as<ir::ConcatAttributes>().axis;
    const AroundAxis whole(c.type().shape, axis);
    with_element_type(AnyElement{}, c.type().dtype, [&]<typename T>(std::type_identity<T>) {
        const auto result = c.output<T>();
        const std::size_t count = c.operands.size();
        for (std::size_t i = 0; i < count; ++i) {
            const AroundAxis part(c.operand_type(i).shape, axis);
            const auto operand = c.operand<T>(i);
            for (std::size_t o = 0; o < part.outer; ++o) {
                for (std::size_t turn = 0; turn < part.extent; ++turn) {
                    const auto element =
                        operand.subspan((o * part.extent + turn) * part.inner, part.inner);
                    const std::size_t place = (o * whole.extent + turn * count + i) * whole.inner;
                    std::ranges::copy(element, result.begin() + static_cast<std::ptrdiff_t>(place));
                }
            }
        }
    });
}

void gather(const Computation& c) {
    const AroundAxis around(c.operand_type(0).shape,
                            c.node.attributes_as<ir::GatherAttributes>().axis);
    const std::vector<std::size_t> chosen = positions(c, around.extent);
    with_element_type(AnyElement{}, c.type().dtype, [&]<typename T>(std::type_identity<T>) {
        const auto operand = c.operand<T>(0);
        auto result = c.output<T>().begin();
        for (std::size_t o = 0; o < around.outer; ++o) {
            for (const std::size_t position : chosen) {
                const std::size_t begin = (o * around.extent + position) * around.inner;
                result = std::ranges::copy(operand.subspan(begin, around.inner), result).out;
            }
        }
    });
}

void scatter_add(const Computation& c) {
    const AroundAxis around(c.operand_type(0).shape,
                            c.node.attributes_as<ir::ScatterAttributes>().axis);
    const std::vector<std::size_t> chosen = positions(c, around.extent);
    with_element_type(Numbers{}, c.type().dtype, [&]<typename T>(std::type_identity<T>) {
        const auto result = c.output<T>();
        std::ranges::copy(c.operand<T>(0), result.begin());
        auto update = c.operand<T>(2).begin();
        for (std::size_t o = 0; o < around.outer; ++o) {
            for (const std::size_t position : chosen) {
                const std::size_t begin = (o * around.extent + position) * around.inner;
                for (T& element : result.subspan(begin, around.inner)) {
                    element = static_cast<T>(
                        add(static_cast<Wide<T>>(element), static_cast<Wide<T>>(*update++)));
                }
            }
        }
    });
}

}  // namespace latent::codegen::reference
