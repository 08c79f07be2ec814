#include <latent/convolution.h>

#include <fmt/format.h>

#include <limits>

#include "frontend/operations/spatial.h"
#include "frontend/tensor/arguments.h"

namespace latent {

namespace {

using detail::Expression;
using detail::wrap;
using ir::Op;

/// The options of a pooling, one number for each spatial dimension.
struct Pooling {
    static constexpr std::size_t dimensions = 2;

    std::string_view op;
    ir::Dims size;
    ir::Dims stride;
    ir::Dims padding;

    Pooling(std::string_view name, const Expression& x, const PoolingOptions& options)
        : op(name),
          size(detail::spatial(options.size, dimensions, 1, "size", op, x.location())),
          stride(detail::spatial(options.stride.value_or(options.size), dimensions, 1, "stride", op,
                                 x.location())),
          padding(detail::spatial(options.padding, dimensions, 0, "padding", op, x.location())) {
        detail::require_image(x, dimensions, op);
        detail::require_window(x, padding, size, ir::Dims(dimensions, 1), op);
    }

    bool is_padded() const { return padding[0] != 0 || padding[1] != 0; }
    std::int64_t window_elements() const { return size[0] * size[1]; }

    /// Reduces each window with `reduction`; `fill` is what padding counts as.
    Expression over(Op reduction, const Expression& x, double fill) const {
        if (!is_padded() && stride == size) {
            return side_by_side(reduction, x);
        }
        const Expression patches =
            detail::windows(detail::pad_spatial(x, padding, padding, detail::literal(fill, x)),
                            size, stride, ir::Dims(dimensions, 1));
        return detail::reduce(reduction, patches, {4, 5});
    }

  private:
    /// Windows that do not overlap are a reshape, once the elements that fill no window are cut
    /// off.
    Expression side_by_side(Op reduction, const Expression& x) const {
        Expression whole = x;
        ir::Shape split(x.shape().span().first(detail::leading_dimensions));
        for (std::size_t i = 0; i < dimensions; ++i) {
            const std::int64_t count = x.shape()[detail::leading_dimensions + i] / size[i];
            whole = detail::slice(whole, detail::leading_dimensions + i, 0, count * size[i]);
            split.push_back(count);
            split.push_back(size[i]);
        }
        return detail::reduce(reduction, detail::reshape(whole, split.span()), {3, 5});
    }
};

/// The value that no element is below.
double lowest(DType dtype) {
    if (is_floating(dtype)) {
        return -std::numeric_limits<double>::infinity();
    }
    return dtype == DType::boolean ? 0 : static_cast<double>(integer_range(dtype).low);
}

}  // namespace

Tensor max_pool2d(const Tensor& tensor, const PoolingOptions& options,
                  std::source_location location) {
    const Expression x = detail::expression(tensor, location);
    const Pooling pooling("max_pool2d", x, options);
    return wrap(pooling.over(Op::reduce_max, x, lowest(x.dtype())));
}

Tensor avg_pool2d(const Tensor& tensor, const PoolingOptions& options,
                  std::source_location location) {
    return detail::composed(tensor, location, [&](const Expression& x) {
        const Pooling pooling("avg_pool2d", x, options);
        const Expression total = pooling.over(Op::reduce_sum, x, 0);
        if (options.count_padding || !pooling.is_padded()) {
            return total / detail::literal(static_cast<double>(pooling.window_elements()), total);
        }
        ir::Shape image(detail::leading_dimensions, 1);
        image.append(x.shape().span().subspan(detail::leading_dimensions));
        const Expression ones =
            x.with(ir::full(ir::Literal::one(x.dtype()), image.span(), location));
        return total / pooling.over(Op::reduce_sum, ones, 0);
    });
}

}  // namespace latent
