#include <algorithm>
#include <vector>

#include "codegen/reference/computation.h"
#include "codegen/reference/scalar_functions.h"
#include "codegen/reference/strided.h"

namespace latent::codegen::reference {

namespace {

Layout permuted(const Layout& operand, const ir::PermuteAttributes& attributes) {
    Layout result;
    for (const std::int64_t axis : attributes.permutation) {
        result.shape.push_back(operand.shape[static_cast<std::size_t>(axis)]);
        result.strides.push_back(operand.strides[static_cast<std::size_t>(axis)]);
    }
    return result;
}

Layout broadcast(const Layout& operand, const ir::BroadcastAttributes& attributes) {
    Layout result{attributes.shape, ir::Dims(attributes.shape.size(), 0)};
    for (std::size_t i = 0; i < attributes.axes.size(); ++i) {
        result.strides[static_cast<std::size_t>(attributes.axes[i])] = operand.strides[i];
    }
    return result;
}

Layout sliced(const Layout& operand, const ir::Shape& shape,
              const ir::SliceAttributes& attributes) {
    Layout result{shape, operand.strides};
    for (std::size_t i = 0; i < shape.size(); ++i) {
        result.offset += attributes.start[i] * operand.strides[i];
        result.strides[i] *= attributes.step[i];
    }
    return result;
}

Layout flipped(Layout operand, const ir::FlipAttributes& attributes) {
    for (const std::int64_t axis : attributes.axes) {
        const auto i = static_cast<std::size_t>(axis);
        operand.offset += (operand.shape[i] - 1) * operand.strides[i];
        operand.strides[i] = -operand.strides[i];
    }
    return operand;
}

/// Where the elements of the windows (of shape `shape`) lie in an operand. Attributes are those of
/// a window or of a fold.
template <typename Attributes>
Layout windows(const Layout& operand, const ir::Shape& shape, const Attributes& attributes) {
    Layout result{shape, operand.strides};
    for (std::size_t i = 0; i < attributes.axes.size(); ++i) {
        const auto axis = static_cast<std::size_t>(attributes.axes[i]);
        result.strides[axis] *= attributes.stride[i];
        result.strides.push_back(operand.strides[axis] * attributes.dilation[i]);
    }
    return result;
}

/// Where the elements of a view lie in its operand.
Layout view_layout(const Computation& c) {
    const Layout operand = row_major(c.operand_type(0).shape);
    const ir::Shape& shape = c.type().shape;
    switch (c.node.op()) {
        case ir::Op::permute:
            return permuted(operand, c.node.attributes_as<ir::PermuteAttributes>());
        case ir::Op::broadcast:
            return broadcast(operand, c.node.attributes_as<ir::BroadcastAttributes>());
        case ir::Op::slice:
            return sliced(operand, shape, c.node.attributes_as<ir::SliceAttributes>());
        case ir::Op::flip:
            return flipped(operand, c.node.attributes_as<ir::FlipAttributes>());
        case ir::Op::window:
            return windows(operand, shape, c.node.attributes_as<ir::WindowAttributes>());
        default:
            throw InternalError("not a view that changes the order of elements");
    }
}

/// The sum of what lands on each element, rounded once.
template <Element T>
void fold_elements(const Computation& c, const Layout& targets) {
    const auto result = c.output<T>();
    std::vector<Wide<T>> sums(result.size(), 0);
    auto element = c.operand<T>(0).begin();
    for (StridedIterator target(targets); !target.done(); target.next()) {
        Wide<T>& sum = sums[static_cast<std::size_t>(target.offset())];
        sum = add(sum, static_cast<Wide<T>>(*element++));
    }
    std::ranges::transform(sums, result.begin(), [](Wide<T> sum) { return static_cast<T>(sum); });
}

}  // namespace

void view(const Computation& c) {
    const Layout layout = view_layout(c);
    with_element_type(AnyElement{}, c.type().dtype, [&]<typename T>(std::type_identity<T>) {
        const auto operand = c.operand<T>(0);
        auto result = c.output<T>().begin();
        for (StridedIterator source(layout); !source.done(); source.next()) {
            *result++ = operand[static_cast<std::size_t>(source.offset())];
        }
    });
}

void fold(const Computation& c) {
    const auto& attributes = c.node.attributes_as<ir::FoldAttributes>();
    const Layout targets = windows(row_major(c.type().shape), c.operand_type(0).shape, attributes);
    with_element_type(Numbers{}, c.type().dtype,
                      [&]<typename T>(std::type_identity<T>) { fold_elements<T>(c, targets); });
}

}  // namespace latent::codegen::reference
