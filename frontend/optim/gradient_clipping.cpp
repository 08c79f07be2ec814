#include <latent/elementwise.h>
#include <latent/gradient_clipping.h>

#include <fmt/format.h>

#include <optional>

#include "frontend/tensor/arguments.h"

namespace latent::detail {

namespace {

using ir::Op;

void require_limit(double limit, std::string_view op, const std::source_location& location) {
    if (!(limit > 0)) {
        ir::raise<ValueError>(location,
                              fmt::format("{}: the limit must be positive, got {}", op, limit));
    }
}

Expression norm_of(std::span<const Tensor> tensors, std::string_view op,
                   const std::source_location& location) {
    std::optional<Expression> sum;
    for (const Tensor& tensor : tensors) {
        const Expression x = expression(tensor, location);
        if (!is_floating(x.dtype())) {
            ir::raise<TypeError>(
                location, fmt::format("{}: takes floating tensors, got {}", op, name(x.dtype())));
        }
        const ir::Axes axes = normalized_axes(Axes::all(), x.shape().size(), op, location);
        const Expression wide = cast(x, computing_dtype(x.dtype()));
        const Expression part = reduce(Op::reduce_sum, wide * wide, axes);
        if (!sum) {
            sum = part;
        } else {
            const DType dtype = promote(sum->dtype(), part.dtype());
            sum = cast(*sum, dtype) + cast(part, dtype);
        }
    }
    return sum ? length(*sum) : scalar_of(0, DType::f32, op, location);
}

}  // namespace

Tensor global_norm(std::span<const Tensor> tensors, const std::source_location& location) {
    return wrap(norm_of(tensors, "global_norm", location));
}

ClippedTensors clip_by_global_norm(std::span<const Tensor> tensors, double limit,
                                   const std::source_location& location) {
    constexpr std::string_view op = "clip_by_global_norm";
    require_limit(limit, op, location);
    const Expression norm = norm_of(tensors, op, location);
    const Expression factor = apply(Op::minimum, literal(1, norm), scalar(limit, norm) / norm);
    ClippedTensors result{.tensors = {}, .norm = wrap(norm)};
    for (const Tensor& tensor : tensors) {
        const Expression x = expression(tensor, location);
        result.tensors.push_back(wrap(rounded_once(
            [&](const Expression& wide) { return wide * cast(factor, wide.dtype()); }, x)));
    }
    return result;
}

std::vector<Tensor> clip_by_value(std::span<const Tensor> tensors, double limit,
                                  const std::source_location& location) {
    require_limit(limit, "clip_by_value", location);
    std::vector<Tensor> result;
    for (const Tensor& tensor : tensors) {
        result.push_back(clip(tensor, -limit, limit, location));
    }
    return result;
}

}  // namespace latent::detail
