#include <latent/normalization.h>

#include <fmt/format.h>

#include "frontend/tensor/arguments.h"

namespace latent {

namespace {

using detail::Expression;
using detail::wrap;

/// The axis of channels, where they are not the last.
constexpr std::int64_t channel_axis = 1;

/// What has one element for each position of an axis of `x`, repeated along the others.
Expression weight(const Tensor& tensor, std::string_view name, const Expression& x,
                  std::int64_t axis, std::string_view op) {
    const Expression value = detail::expression(tensor, x.location());
    if (value.rank() != 1 || value.extent(0) != x.extent(axis)) {
        ir::raise<ShapeError>(
            x.location(), fmt::format("{}: {} has shape {}, not the extent of axis {} of {}", op,
                                      name, to_string(value.shape()), axis, to_string(x.shape())));
    }
    return detail::repeat_across(detail::cast(value, x.dtype()), x, axis);
}

/// A floating tensor with channels.
Expression with_channels(const Tensor& tensor, std::string_view op,
                         const std::source_location& location) {
    const Expression x = detail::floating(tensor, location);
    if (x.rank() <= channel_axis) {
        ir::raise<ShapeError>(location, fmt::format("{}: shape {} has no channels as dimension {}",
                                                    op, to_string(x.shape()), channel_axis));
    }
    return x;
}

/// `normalized` times gamma plus beta, which have one element a channel.
Expression scaled(const Expression& normalized, const Tensor& gamma, const Tensor& beta,
                  std::string_view op) {
    return normalized * weight(gamma, "gamma", normalized, channel_axis, op) +
           weight(beta, "beta", normalized, channel_axis, op);
}

Expression inverse_root(const Expression& variance, double epsilon) {
    return 1.0 / detail::sqrt(variance + detail::scalar(epsilon, variance));
}

/// Rows along the last axis.
struct Rows {
    Expression x;
    ir::Axes last;

    Rows(const Expression& rows, std::string_view op)
        : x(rows), last{detail::normalized_axis(-1, x.shape().size(), op, x.location())} {}

    /// x / sqrt(mean(x^2) + epsilon) of each row of `values`.
    Expression of_size_one(const Expression& values, double epsilon) const {
        const Expression factor = inverse_root(detail::mean(values * values, last), epsilon);
        return values * detail::repeat_like(factor, x, last);
    }
    /// The same of the distances from the mean of the row.
    Expression standardized(double epsilon) const {
        return of_size_one(x - detail::repeat_like(detail::mean(x, last), x, last), epsilon);
    }
};

/// Standardises `groups` groups of channels of each example.
Expression standardized_groups(const Expression& x, std::int64_t groups, double epsilon,
                               std::string_view op) {
    const std::int64_t batch = x.extent(0);
    const std::int64_t count = batch * groups;
    const std::int64_t size = count == 0 ? 1 : x.type().element_count() / count;
    const Rows rows(detail::reshape(x, ir::Shape{batch, groups, size}.span()), op);
    return detail::reshape(rows.standardized(epsilon), x.shape().span());
}

/// All axes but that of the channels.
ir::Axes axes_beside_channels(const Expression& x) {
    ir::Axes axes;
    for (std::int64_t i = 0; i < x.rank(); ++i) {
        if (i != channel_axis) {
            axes.push_back(i);
        }
    }
    return axes;
}

/// running + momentum * (current - running) in the dtype of `running`, without a gradient, and kept
/// as the state of a loop.
Tensor moved_towards(const Tensor& running, const Expression& current, std::string_view name,
                     double momentum) {
    const Expression before = detail::expression(running, current.location());
    if (before.shape() != current.shape()) {
        ir::raise<ShapeError>(
            current.location(),
            fmt::format("batch_norm_training: the running {} has shape {}, not {}", name,
                        to_string(before.shape()), to_string(current.shape())));
    }
    const Expression start = detail::cast(before, current.dtype());
    const Expression step = (current - start) * detail::scalar(momentum, current);
    const Expression moved = detail::cast(start + step, detail::as_floating(before).dtype());
    return wrap(detail::keep_when_computed(detail::stop_gradient(moved)));
}

}  // namespace

Tensor layer_norm(const Tensor& tensor, const Tensor& gamma, const Tensor& beta, double epsilon,
                  std::source_location location) {
    constexpr std::string_view op = "layer_norm";
    return detail::composed(tensor, location, [&](const Expression& x) {
        const Rows rows(x, op);
        return rows.standardized(epsilon) * weight(gamma, "gamma", x, rows.last[0], op) +
               weight(beta, "beta", x, rows.last[0], op);
    });
}

Tensor rms_norm(const Tensor& tensor, const Tensor& gamma, double epsilon,
                std::source_location location) {
    constexpr std::string_view op = "rms_norm";
    return detail::composed(tensor, location, [&](const Expression& x) {
        const Rows rows(x, op);
        return rows.of_size_one(x, epsilon) * weight(gamma, "gamma", x, rows.last[0], op);
    });
}

Tensor group_norm(const Tensor& tensor, std::int64_t groups, const Tensor& gamma,
                  const Tensor& beta, double epsilon, std::source_location location) {
    constexpr std::string_view op = "group_norm";
    const Expression image = with_channels(tensor, op, location);
    if (groups < 1 || image.extent(channel_axis) % groups != 0) {
        ir::raise<ShapeError>(location,
                              fmt::format("{}: the channels of {} are not {} equal groups", op,
                                          to_string(image.shape()), groups));
    }
    return wrap(detail::rounded_once(
        [&](const Expression& x) {
            return scaled(standardized_groups(x, groups, epsilon, op), gamma, beta, op);
        },
        image));
}

Tensor instance_norm(const Tensor& tensor, double epsilon, std::source_location location) {
    constexpr std::string_view op = "instance_norm";
    return wrap(detail::rounded_once(
        [&](const Expression& x) {
            return standardized_groups(x, x.extent(channel_axis), epsilon, op);
        },
        with_channels(tensor, op, location)));
}

Tensor instance_norm(const Tensor& tensor, const Tensor& gamma, const Tensor& beta, double epsilon,
                     std::source_location location) {
    constexpr std::string_view op = "instance_norm";
    return wrap(detail::rounded_once(
        [&](const Expression& x) {
            return scaled(standardized_groups(x, x.extent(channel_axis), epsilon, op), gamma, beta,
                          op);
        },
        with_channels(tensor, op, location)));
}

Tensor batch_norm(const Tensor& tensor, const ChannelStatistics& statistics, const Tensor& gamma,
                  const Tensor& beta, double epsilon, std::source_location location) {
    constexpr std::string_view op = "batch_norm";
    return wrap(detail::rounded_once(
        [&](const Expression& x) {
            const Expression mean = weight(statistics.mean, "mean", x, channel_axis, op);
            const Expression variance =
                weight(statistics.variance, "variance", x, channel_axis, op);
            return scaled((x - mean) * inverse_root(variance, epsilon), gamma, beta, op);
        },
        with_channels(tensor, op, location)));
}

NormalizedBatch batch_norm_training(const Tensor& tensor, const ChannelStatistics& running,
                                    const Tensor& gamma, const Tensor& beta,
                                    const BatchNormOptions& options,
                                    std::source_location location) {
    constexpr std::string_view op = "batch_norm_training";
    const Expression image = with_channels(tensor, op, location);
    const Expression x = detail::cast(image, detail::computing_dtype(image.dtype()));
    const ir::Axes axes = axes_beside_channels(x);
    const Expression mean = detail::mean(x, axes);
    const Expression centred = x - detail::repeat_like(mean, x, axes);
    const Expression variance = detail::mean(centred * centred, axes);
    const Expression factor = detail::repeat_like(inverse_root(variance, options.epsilon), x, axes);
    const auto count = static_cast<double>(detail::count_along(x, axes));
    const Expression unbiased = variance * detail::shape_number(count / (count - 1), variance);
    return {.output = wrap(detail::cast(scaled(centred * factor, gamma, beta, op), image.dtype())),
            .running = {.mean = moved_towards(running.mean, mean, "mean", options.momentum),
                        .variance = moved_towards(running.variance, unbiased, "variance",
                                                  options.momentum)}};
}

}  // namespace latent
