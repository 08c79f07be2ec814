#include <latent/losses.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "frontend/operations/softmax.h"
#include "frontend/tensor/arguments.h"

namespace latent {

namespace {

using detail::Expression;
using detail::wrap;
using ir::Op;

Expression reduced(const Expression& losses, Reduction reduction, std::string_view op) {
    if (reduction == Reduction::none) {
        return losses;
    }
    const ir::Axes axes =
        detail::normalized_axes(Axes::all(), losses.shape().size(), op, losses.location());
    if (reduction == Reduction::mean) {
        return detail::mean(losses, axes);
    }
    Expression total = detail::reduce(Op::reduce_sum, losses, axes);
    if (reduction == Reduction::sum) {
        return total;
    }
    const std::int64_t batch =
        detail::normalized_axis(0, losses.shape().size(), op, losses.location());
    return total / detail::shape_number(static_cast<double>(losses.extent(batch)), total);
}

/// Prediction and target in one floating dtype and shape.
std::array<Expression, 2> paired(const Tensor& prediction, const Tensor& target,
                                 std::string_view op, const std::source_location& location) {
    return detail::broadcast_together(
        detail::promoted(Operand(prediction, location), Operand(target, location),
                         detail::Promotion::floating, op),
        op);
}

/// A loss that `formula(prediction, target)` gives element by element.
template <typename Formula>
Tensor loss_of_pairs(const Tensor& prediction, const Tensor& target, Reduction reduction,
                     std::string_view op, const std::source_location& location, Formula&& formula) {
    const auto [a, b] = paired(prediction, target, op, location);
    return wrap(detail::rounded_once(
        [&](const Expression& x, const Expression& wanted) {
            return reduced(formula(x, wanted), reduction, op);
        },
        a, b));
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
    const Expression x = detail::floating(logits, location);
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
    return wrap(detail::rounded_once(
        [&](const Expression& logit) {
            const Expression chosen = detail::select(is_label, logit, detail::literal(0, logit));
            return reduced(detail::log_sum_exp(logit, classes) -
                               detail::reduce(Op::reduce_sum, chosen, classes),
                           reduction, "cross_entropy");
        },
        x));
}

Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& target,
                                        Reduction reduction, std::source_location location) {
    return loss_of_pairs(logits, target, reduction, "binary_cross_entropy_with_logits", location,
                         [](const Expression& x, const Expression& wanted) {
                             return detail::softplus(x) - x * wanted;
                         });
}

Tensor mse_loss(const Tensor& prediction, const Tensor& target, Reduction reduction,
                std::source_location location) {
    return loss_of_pairs(prediction, target, reduction, "mse_loss", location,
                         [](const Expression& x, const Expression& wanted) {
                             const Expression distance = x - wanted;
                             return distance * distance;
                         });
}

Tensor l1_loss(const Tensor& prediction, const Tensor& target, Reduction reduction,
               std::source_location location) {
    return loss_of_pairs(
        prediction, target, reduction, "l1_loss", location,
        [](const Expression& x, const Expression& wanted) { return detail::abs(x - wanted); });
}

Tensor huber_loss(const Tensor& prediction, const Tensor& target, double delta, Reduction reduction,
                  std::source_location location) {
    constexpr std::string_view op = "huber_loss";
    return loss_of_pairs(prediction, target, reduction, op, location,
                         [&](const Expression& x, const Expression& wanted) {
                             const Expression length = positive_length(delta, "delta", x, op);
                             return huber(x - wanted, length) * length;
                         });
}

Tensor smooth_l1_loss(const Tensor& prediction, const Tensor& target, double beta,
                      Reduction reduction, std::source_location location) {
    constexpr std::string_view op = "smooth_l1_loss";
    return loss_of_pairs(prediction, target, reduction, op, location,
                         [&](const Expression& x, const Expression& wanted) {
                             return huber(x - wanted, positive_length(beta, "beta", x, op));
                         });
}

Tensor kl_div(const Tensor& log_prediction, const Tensor& target, Reduction reduction,
              std::source_location location) {
    return loss_of_pairs(log_prediction, target, reduction, "kl_div", location,
                         [](const Expression& log_p, const Expression& wanted) {
                             const Expression zero = detail::literal(0, wanted);
                             const Expression divergence = wanted * (detail::log(wanted) - log_p);
                             return detail::select(wanted == zero, zero, divergence);
                         });
}

Tensor cosine_similarity(const Tensor& a, const Tensor& b, int axis, double epsilon,
                         std::source_location location) {
    constexpr std::string_view op = "cosine_similarity";
    const auto [first, second] = paired(a, b, op, location);
    const ir::Axes axes{detail::normalized_axis(axis, first.shape().size(), op, location)};
    const auto length = [&](const Expression& vector) {
        const Expression squares = detail::reduce(Op::reduce_sum, vector * vector, axes);
        return detail::apply(Op::maximum, detail::length(squares),
                             detail::scalar(epsilon, squares));
    };
    return wrap(detail::rounded_once(
        [&](const Expression& x, const Expression& y) {
            return detail::reduce(Op::reduce_sum, x * y, axes) / (length(x) * length(y));
        },
        first, second));
}

}  // namespace latent
