#include <latent/nn.h>

#include <fmt/format.h>

#include "frontend/arguments.h"

namespace latent {

namespace {

using detail::Expression;
using detail::wrap;
using ir::Op;

/// A floating tensor to be normalised over its last axis.
struct Rows {
    std::string_view op;
    Expression x;
    ir::Axes last;

    Rows(std::string_view name, const Tensor& tensor, const std::source_location& location)
        : op(name),
          x(detail::as_floating(detail::expression(tensor, location))),
          last{detail::normalized_axis(-1, x.shape().size(), name, location)} {}

    /// The mean of each row.
    Expression mean(const Expression& values) const {
        return detail::reduce(Op::reduce_sum, values, last) /
               detail::scalar(static_cast<double>(x.extent(last[0])), x);
    }

    Expression repeated(const Expression& mean) const { return detail::repeat_like(mean, x, last); }

    /// 1 / sqrt(mean(values^2) + epsilon), repeated along the row.
    Expression inverse_size(const Expression& values, double epsilon) const {
        return repeated(1.0 / detail::sqrt(mean(values * values) + detail::scalar(epsilon, x)));
    }

    /// A weight for each element of a row.
    Expression weight(const Tensor& tensor, std::string_view name) const {
        const Expression value = detail::expression(tensor, x.location());
        if (value.rank() != 1 || value.extent(0) != x.extent(last[0])) {
            ir::raise<ShapeError>(
                x.location(),
                fmt::format("{}: {} has shape {}, not the extent of the last axis of {}", op, name,
                            to_string(value.shape()), to_string(x.type())));
        }
        return detail::cast(value, x.dtype());
    }
};

}  // namespace

Tensor layer_norm(const Tensor& tensor, const Tensor& gamma, const Tensor& beta, double epsilon,
                  std::source_location location) {
    const Rows rows("layer_norm", tensor, location);
    const Expression centred = rows.x - rows.repeated(rows.mean(rows.x));
    const Expression normalized = centred * rows.inverse_size(centred, epsilon);
    return wrap(normalized * rows.weight(gamma, "gamma") + rows.weight(beta, "beta"));
}

Tensor rms_norm(const Tensor& tensor, const Tensor& gamma, double epsilon,
                std::source_location location) {
    const Rows rows("rms_norm", tensor, location);
    return wrap(rows.x * rows.inverse_size(rows.x, epsilon) * rows.weight(gamma, "gamma"));
}

}  // namespace latent
