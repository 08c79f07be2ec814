#include <latent/scans.h>

#include "frontend/tensor/arguments.h"

namespace latent {

namespace {

using detail::Expression;
using detail::wrap;
using ir::Op;

/// A tensor and the axis that a call goes along.
struct Scan {
    Expression x;
    std::int64_t axis;

    Scan(const Tensor& tensor, int wanted, std::string_view op,
         const std::source_location& location)
        : x(detail::expression(tensor, location)),
          axis(detail::normalized_axis(wanted, x.shape().size(), op, location)) {}

    Expression along(Op op, const Expression& operand) const {
        return operand.with(ir::make(op, ir::ScanAttributes{axis}, std::span(&operand.value(), 1),
                                     operand.location()));
    }
    /// s[k] = factor[k] * s[k-1] + addend[k], from addend[0].
    Expression recur(const Expression& factor, const Expression& addend) const {
        const std::array operands{factor.value(), addend.value()};
        return addend.with(
            ir::make(Op::linear_recurrence, ir::ScanAttributes{axis}, operands, addend.location()));
    }
    /// The position of each element along the axis; kernels index a dimension with 32 bits.
    Expression positions() const {
        return detail::positions(DType::i32, x.shape().span(), static_cast<std::size_t>(axis),
                                 x.location());
    }
    /// Each element in place of the one after it.
    Expression delayed(const Expression& value) const {
        ir::PadAttributes pad{ir::Dims(x.shape().size(), 0), ir::Dims(x.shape().size(), 0),
                              ir::Dims(x.shape().size(), 0)};
        pad.low[static_cast<std::size_t>(axis)] = 1;
        pad.high[static_cast<std::size_t>(axis)] = -1;
        const std::array operands{value.value(), detail::literal(0, value).value()};
        return value.with(ir::make(Op::pad, pad, operands, value.location()));
    }
};

CumulativeExtremes largest_so_far(const Scan& scan, const Expression& x) {
    const Expression values = scan.along(Op::cumulative_max, x);
    const Expression is_largest = is_floating(x.dtype()) ? (x == values) | (x != x) : x == values;
    const Expression positions = scan.positions();
    const Expression reached = detail::select(is_largest, positions, detail::literal(0, positions));
    const Expression latest = scan.along(Op::cumulative_max, reached);
    return {wrap(values), wrap(detail::cast(latest, DType::i64))};
}

/// In the opposite order, without the overflow of the least integer's negative.
Expression mirrored(const Expression& x) {
    return is_floating(x.dtype()) ? -x : detail::apply(Op::bitwise_not, x);
}

}  // namespace

Tensor cumsum(const Tensor& x, int axis, std::source_location location) {
    const Scan scan(x, axis, "cumsum", location);
    return wrap(scan.along(Op::cumulative_sum, detail::accumulable(scan.x)));
}

Tensor cumprod(const Tensor& tensor, int axis, std::source_location location) {
    const Scan scan(tensor, axis, "cumprod", location);
    const Expression x = detail::accumulable(scan.x);
    const Expression positions = scan.positions();
    const Expression is_first = positions == detail::literal(0, positions);
    // To add -0 changes nothing, a zero's sign included.
    return wrap(scan.recur(detail::select(is_first, detail::literal(0, x), x),
                           detail::select(is_first, x, detail::literal(-0.0, x))));
}

Tensor logcumsumexp(const Tensor& tensor, int axis, std::source_location location) {
    const Scan scan(tensor, axis, "logcumsumexp", location);
    return detail::composed(tensor, location, [&](const Expression& x) {
        // The sum so far is kept in units of exp(largest so far).
        const Expression largest = scan.along(Op::cumulative_max, detail::stop_gradient(x));
        const Expression unit =
            detail::select(detail::is_finite(largest), largest, detail::literal(0, x));
        const Expression sum = scan.recur(exp(scan.delayed(unit) - unit), exp(x - unit));
        return log(sum) + unit;
    });
}

CumulativeExtremes cummax(const Tensor& x, int axis, std::source_location location) {
    const Scan scan(x, axis, "cummax", location);
    detail::require_number(scan.x, "cummax");
    return largest_so_far(scan, scan.x);
}

CumulativeExtremes cummin(const Tensor& x, int axis, std::source_location location) {
    const Scan scan(x, axis, "cummin", location);
    detail::require_number(scan.x, "cummin");
    CumulativeExtremes result = largest_so_far(scan, mirrored(scan.x));
    result.values = wrap(mirrored(detail::expression(result.values, location)));
    return result;
}

}  // namespace latent
