#include <latent/manipulation.h>

#include <fmt/format.h>

#include "frontend/arguments.h"

namespace latent {

using detail::Expression;
using detail::expression;
using detail::wrap;
using ir::Op;

Tensor pad(const Tensor& tensor, const std::vector<std::array<std::int64_t, 2>>& widths,
           Number value, std::source_location location) {
    const Expression x = expression(tensor, location);
    if (widths.size() != x.shape().size()) {
        ir::raise<ShapeError>(location, fmt::format("pad: {} widths given for shape {}",
                                                    widths.size(), to_string(x.shape())));
    }
    ir::PadAttributes attributes{{}, {}, ir::Dims(widths.size(), 0)};
    for (const auto& [low, high] : widths) {
        attributes.low.push_back(low);
        attributes.high.push_back(high);
    }
    return wrap(detail::pad(x, attributes, detail::scalar_of(value, x.dtype(), location)));
}

Tensor take(const Tensor& tensor, const Tensor& indices, int axis, std::source_location location) {
    const Expression x = expression(tensor, location);
    const std::int64_t along = detail::normalized_axis(axis, x.shape().size(), "take", location);
    const std::array operands{x.value(), expression(indices, location).value()};
    return wrap(ir::make(Op::gather, ir::GatherAttributes{along}, operands, location));
}

Tensor one_hot(const Tensor& labels, std::int64_t classes, DType dtype,
               std::source_location location) {
    const Expression label = expression(labels, location);
    if (!is_integer(label.dtype())) {
        ir::raise<TypeError>(location, fmt::format("one_hot: labels must be i32 or i64, got {}",
                                                   name(label.dtype())));
    }
    ir::Shape shape = label.shape();
    shape.push_back(classes);
    const Expression position =
        detail::positions(label.dtype(), shape.span(), shape.size() - 1, location);
    const std::int64_t last = label.rank();
    const Expression repeated =
        label.with(ir::broadcast_over(label.value(), shape.span(), std::span(&last, 1), location));
    return wrap(detail::cast(position == repeated, dtype));
}

}  // namespace latent
