#include <latent/nn.h>

#include <fmt/format.h>

#include "frontend/arguments.h"
#include "frontend/softmax.h"

namespace latent {

namespace {

using detail::Expression;
using detail::wrap;
using ir::Op;

Tensor reduced(const Expression& losses, Reduction reduction) {
    if (reduction == Reduction::none) {
        return wrap(losses);
    }
    ir::Axes axes;
    for (int i = 0; i < losses.rank(); ++i) {
        axes.push_back(i);
    }
    const Expression total = detail::reduce(Op::reduce_sum, losses, axes);
    if (reduction == Reduction::sum) {
        return wrap(total);
    }
    return wrap(total / detail::scalar(static_cast<double>(losses.type().element_count()), total));
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Tensor& labels, Reduction reduction,
                     std::source_location location) {
    const Expression x = detail::as_floating(detail::expression(logits, location));
    const Expression label = detail::expression(labels, location);
    const ir::Axes classes{
        detail::normalized_axis(-1, x.shape().size(), "cross_entropy", location)};
    if (!is_integer(label.dtype())) {
        ir::raise<TypeError>(
            location,
            fmt::format("cross_entropy: labels must be i32 or i64, got {}", name(label.dtype())));
    }
    if (!std::ranges::equal(label.shape(),
                            x.shape().span().first(static_cast<std::size_t>(classes[0])))) {
        ir::raise<ShapeError>(location,
                              fmt::format("cross_entropy: labels {} do not fit logits {}",
                                          to_string(label.shape()), to_string(x.shape())));
    }
    // The logit of the label is chosen by comparing positions, not gathered, so that everything
    // stays in one row.
    const Expression position = detail::positions(label.dtype(), x.shape().span(),
                                                  static_cast<std::size_t>(classes[0]), location);
    const Expression is_label = position == detail::repeat_like(label, x, classes);
    const Expression chosen = detail::select(is_label, x, detail::literal(0, x));
    return reduced(
        detail::log_sum_exp(x, classes) - detail::reduce(Op::reduce_sum, chosen, classes),
        reduction);
}

Tensor mse_loss(const Tensor& prediction, const Tensor& target, Reduction reduction,
                std::source_location location) {
    const auto [a, b] = detail::promoted(Operand(prediction, location), Operand(target, location),
                                         detail::Promotion::floating);
    const Expression difference = a - b;
    return reduced(difference * difference, reduction);
}

}  // namespace latent
