#include "passes/rewriting/contraction_labels.h"

#include "passes/rewriting/view_algebra.h"

namespace latent::passes {

ir::ContractionAttributes numbered(ir::ContractionAttributes labels) {
    ir::Dims names;
    for (ir::Dims* dims : {&labels.lhs, &labels.rhs, &labels.out}) {
        for (std::int64_t& label : *dims) {
            const std::size_t number = position_of(names, label);
            if (number == names.size()) {
                names.push_back(label);
            }
            label = static_cast<std::int64_t>(number);
        }
    }
    return labels;
}

}  // namespace latent::passes
