#include "frontend/operations/contraction.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace latent::detail {

bool contains(const ir::Dims& labels, std::int64_t label) {
    return std::ranges::find(labels, label) != labels.end();
}

Expression sum_out(const Expression& x, ir::Dims& labels,
                   const std::function<bool(std::int64_t)>& is_kept) {
    ir::Axes axes;
    ir::Dims remaining;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        if (is_kept(labels[i])) {
            remaining.push_back(labels[i]);
        } else {
            axes.push_back(static_cast<std::int64_t>(i));
        }
    }
    labels = remaining;
    return reduce(ir::Op::reduce_sum, x, axes);
}

Expression contract(const Expression& a, const ir::Dims& a_labels, const Expression& b,
                    const ir::Dims& b_labels, const ir::Dims& out, std::string_view op) {
    if (a.dtype() == DType::boolean) {
        ir::raise<TypeError>(a.location(), fmt::format("{}: takes numbers, got bool", op));
    }
    const auto kept_beside = [&](const ir::Dims& other) {
        return [&](std::int64_t label) { return contains(out, label) || contains(other, label); };
    };
    ir::ContractionAttributes labels{a_labels, b_labels, out};
    const Expression left = sum_out(a, labels.lhs, kept_beside(b_labels));
    const Expression right = sum_out(b, labels.rhs, kept_beside(a_labels));
    const std::array operands{left.value(), right.value()};
    return a.with(ir::make(ir::Op::contraction, labels, operands, a.location()));
}

}  // namespace latent::detail
