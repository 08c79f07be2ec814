#include <latent/losses.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "frontend/arguments.h"
#include "frontend/softmax.h"

namespace latent {

namespace {

using detail::Expression;
using detail::wrap;
using ir::Op;

Tensor reduced(const Expression& losses, Reduction reduction, std::string_view op) {
    if (reduction == Reduction::none) {
        return wrap(losses);
    }
    const ir::Axes axes =
        detail::normalized_axes(Axes::all(), losses.shape().size(), op, losses.location());
    if (reduction == Reduction::mean) {
        return wrap(detail::mean(losses, axes));
    }
    const Expression total = detail::reduce(Op::reduce_sum, losses, axes);
    if (reduction == Reduction::sum) {
        return wrap(total);
    }
    const std::int64_t batch =
        detail::normalized_axis(0, losses.shape().size(), op, losses.location());
    return wrap(total / detail::scalar(static_cast<double>(losses.extent(batch)), total));
}

/// Prediction and target in one floating dtype and shape.
std::array<Expression, 2> paired(const Tensor& prediction, const Tensor& target,
                                 std::string_view op, const std::source_location& location) {
    const std::array operands = detail::promoted(
        Operand(prediction, location), Operand(target, location), detail::Promotion::floating);
    const ir::Shape shape = detail::common_shape(operands, op);
    return {detail::broadcast_to(operands[0], shape.span(), op),
            detail::broadcast_to(operands[1], shape.span(), op)};
}

Expression difference(const Tensor& prediction, const Tensor& target, std::string_view op,
                      const std::source_location& location) {
    const auto [a, b] = paired(prediction, target, op, location);
    return a - b;
}

/// A length at which a loss changes its form.
Expression positive_length(double length, std::string_view name, const Expression& like,
                           std::string_view op) {
    if (!(length > 0)) {
        ir::raise<ValueError>(like.location(),
                              fmt::format("{}: {} must be positive, got {}", op, name, length));
    }
    return detail::scalar(length, like);
}

/// distance^2 / 2 up to `delta`, and the tangent there beyond, divided by `delta`.
Expression huber(const Expression& distance, const Expression& delta) {
    const Expression magnitude = detail::abs(distance);
    return detail::select(magnitude > delta, magnitude - 0.5 * delta,
                          0.5 * distance * distance / delta);
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Tensor& labels, Reduction reduction,
                     std::source_location location) {
    const Expression x = detail::as_floating(detail::expression(logits, location));
    const Expression label = detail::expression(labels, location);
    const ir::Axes classes{
        detail::normalized_axis(-1, x.shape().size(), "cross_entropy", location)};
    detail::require_integers(label, "labels", "cross_entropy");
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
        reduction, "cross_entropy");
}

Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& target,
                                        Reduction reduction, std::source_location location) {
    constexpr std::string_view op = "binary_cross_entropy_with_logits";
    const auto [x, wanted] = paired(logits, target, op, location);
    return reduced(detail::softplus(x) - x * wanted, reduction, op);
}

Tensor mse_loss(const Tensor& prediction, const Tensor& target, Reduction reduction,
                std::source_location location) {
    const Expression distance = difference(prediction, target, "mse_loss", location);
    return reduced(distance * distance, reduction, "mse_loss");
}

Tensor l1_loss(const Tensor& prediction, const Tensor& target, Reduction reduction,
               std::source_location location) {
    return reduced(detail::abs(difference(prediction, target, "l1_loss", location)), reduction,
                   "l1_loss");
}

Tensor huber_loss(const Tensor& prediction, const Tensor& target, double delta, Reduction reduction,
                  std::source_location location) {
    constexpr std::string_view op = "huber_loss";
    const Expression distance = difference(prediction, target, op, location);
    const Expression length = positive_length(delta, "delta", distance, op);
    return reduced(huber(distance, length) * length, reduction, op);
}

Tensor smooth_l1_loss(const Tensor& prediction, const Tensor& target, double beta,
                      Reduction reduction, std::source_location location) {
    constexpr std::string_view op = "smooth_l1_loss";
    const Expression distance = difference(prediction, target, op, location);
    return reduced(huber(distance, positive_length(beta, "beta", distance, op)), reduction, op);
}

Tensor kl_div(const Tensor& log_prediction, const Tensor& target, Reduction reduction,
              std::source_location location) {
    const auto [log_p, wanted] = paired(log_prediction, target, "kl_div", location);
    const Expression zero = detail::literal(0, wanted);
    const Expression divergence = wanted * (detail::log(wanted) - log_p);
    return reduced(detail::select(wanted == zero, zero, divergence), reduction, "kl_div");
}

Tensor cosine_similarity(const Tensor& a, const Tensor& b, int axis, double epsilon,
                         std::source_location location) {
    constexpr std::string_view op = "cosine_similarity";
    const auto [x, y] = paired(a, b, op, location);
    const ir::Axes axes{detail::normalized_axis(axis, x.shape().size(), op, location)};
    const auto length = [&](const Expression& vector) {
        const Expression squares = detail::reduce(Op::reduce_sum, vector * vector, axes);
        return detail::apply(Op::maximum, detail::length(squares),
                             detail::scalar(epsilon, squares));
    };
    return wrap(detail::reduce(Op::reduce_sum, x * y, axes) / (length(x) * length(y)));
}

}  // namespace latent
