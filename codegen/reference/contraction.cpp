#include <algorithm>

#include "codegen/reference/computation.h"
#include "codegen/reference/scalar_functions.h"
#include "codegen/reference/strided.h"

namespace latent::codegen::reference {

namespace {

/// How an operand lies along `labels` (of these extents): with stride 0 along those that it lacks.
Layout along(const ir::Dims& labels, const ir::Shape& extents, const ir::Dims& operand_labels,
             const ir::Shape& operand_shape) {
    const ir::Dims operand_strides = ir::row_major_strides(operand_shape.span());
    Layout result{extents, {}};
    for (const std::int64_t label : labels) {
        const auto found = std::ranges::find(operand_labels, label);
        const auto position = static_cast<std::size_t>(found - operand_labels.begin());
        result.strides.push_back(found == operand_labels.end() ? 0 : operand_strides[position]);
    }
    return result;
}

/// An operand along the labels of the result and along the contracted ones.
struct LabelledOperand {
    Layout free;
    Layout contracted;
};

template <Element T>
void sum_of_products(const Computation& c, const LabelledOperand& lhs, const LabelledOperand& rhs) {
    const auto a = c.operand<T>(0);
    const auto b = c.operand<T>(1);
    auto result = c.output<T>().begin();
    const bool summed = !lhs.contracted.shape.empty();
    StridedIterator b_outer(rhs.free);
    for (StridedIterator a_outer(lhs.free); !a_outer.done(); a_outer.next(), b_outer.next()) {
        // Of nothing contracted there is one product, which may be a negative zero.
        Wide<T> total = summed ? Wide<T>(0) : -Wide<T>(0);
        StridedIterator b_inner(rhs.contracted, b_outer.offset());
        for (StridedIterator a_inner(lhs.contracted, a_outer.offset()); !a_inner.done();
             a_inner.next(), b_inner.next()) {
            total = add(total,
                        mul(static_cast<Wide<T>>(a[static_cast<std::size_t>(a_inner.offset())]),
                            static_cast<Wide<T>>(b[static_cast<std::size_t>(b_inner.offset())])));
        }
        *result++ = static_cast<T>(total);
    }
}

}  // namespace

void contraction(const Computation& c) {
    const auto& labels = c.node.attributes_as<ir::ContractionAttributes>();
    ir::Dims contracted;
    ir::Shape contracted_extents;
    for (std::size_t i = 0; i < labels.lhs.size(); ++i) {
        if (std::ranges::find(labels.out, labels.lhs[i]) == labels.out.end()) {
            contracted.push_back(labels.lhs[i]);
            contracted_extents.push_back(c.operand_type(0).shape[i]);
        }
    }
    const auto labelled = [&](const ir::Dims& own_labels, const ir::Shape& own_shape) {
        return LabelledOperand{along(labels.out, c.type().shape, own_labels, own_shape),
                               along(contracted, contracted_extents, own_labels, own_shape)};
    };
    const LabelledOperand lhs = labelled(labels.lhs, c.operand_type(0).shape);
    const LabelledOperand rhs = labelled(labels.rhs, c.operand_type(1).shape);
    with_element_type(Numbers{}, c.type().dtype,
                      [&]<typename T>(std::type_identity<T>) { sum_of_products<T>(c, lhs, rhs); });
}

}  // namespace latent::codegen::reference
