#include "frontend/operations/diagonal.h"

#include <fmt/format.h>
#include <latent/manipulation.h>

#include <algorithm>

#include "frontend/tensor/arguments.h"

namespace latent {

using detail::Expression;
using detail::expression;
using detail::wrap;
using ir::Op;

namespace detail {

Expression diagonal(const Expression& x, std::int64_t first, std::int64_t second,
                    std::int64_t offset) {
    ir::Axes order;
    for (std::int64_t i = 0; i < x.rank(); ++i) {
        if (i != first && i != second) {
            order.push_back(i);
        }
    }
    order.push_back(first);
    order.push_back(second);
    const Expression matrices = x.with(ir::permute(x.value(), order.span(), x.location()));
    const std::size_t rows = x.shape().size() - 2;
    const std::size_t columns = rows + 1;

    // The square that has the diagonal. In its row-major order the diagonal is every (n + 1)-th
    // element.
    const std::int64_t row = std::max<std::int64_t>(0, -offset);
    const std::int64_t column = std::max<std::int64_t>(0, offset);
    const std::int64_t n = std::max<std::int64_t>(
        0, std::min(matrices.shape()[rows] - row, matrices.shape()[columns] - column));
    if (n == 0) {
        ir::Shape empty(matrices.shape().span().first(rows));
        empty.push_back(0);
        return reshape(slice(matrices, rows, 0, 0), empty.span());
    }
    const Expression square =
        slice(slice(matrices, rows, row, row + n), columns, column, column + n);
    ir::Shape flat(matrices.shape().span().first(rows));
    flat.push_back(n * n);
    return slice(reshape(square, flat.span()), rows, 0, n * n, n + 1);
}

}  // namespace detail

namespace {

/// The last two dimensions of `x` where `is_kept(column - row, diagonal)` holds, else zeros.
Tensor triangle(const Tensor& tensor, std::int64_t diagonal, Op is_kept, std::string_view op,
                const std::source_location& location) {
    const Expression x = expression(tensor, location);
    if (x.rank() < 2) {
        ir::raise<ShapeError>(
            location, fmt::format("{}: takes matrices, got shape {}", op, to_string(x.shape())));
    }
    const std::size_t rows = x.shape().size() - 2;
    const Expression row = detail::positions(DType::i64, x.shape().span(), rows, location);
    const Expression column = detail::positions(DType::i64, x.shape().span(), rows + 1, location);
    const std::int64_t nearest =
        std::clamp(diagonal, -x.extent(x.rank() - 2), x.extent(x.rank() - 1));
    const Expression limit = detail::scalar(static_cast<double>(nearest), row);
    return wrap(
        detail::select(detail::apply(is_kept, column - row, limit), x, detail::literal(0, x)));
}

}  // namespace

Tensor tril(const Tensor& x, std::int64_t diagonal, std::source_location location) {
    return triangle(x, diagonal, Op::less_equal, "tril", location);
}

Tensor triu(const Tensor& x, std::int64_t diagonal, std::source_location location) {
    return triangle(x, diagonal, Op::greater_equal, "triu", location);
}

Tensor diagonal(const Tensor& tensor, std::int64_t offset, int first, int second,
                std::source_location location) {
    constexpr std::string_view op = "diagonal";
    const Expression x = expression(tensor, location);
    const std::int64_t rows = detail::normalized_axis(first, x.shape().size(), op, location);
    const std::int64_t columns = detail::normalized_axis(second, x.shape().size(), op, location);
    if (rows == columns) {
        ir::raise<ShapeError>(location, fmt::format("{}: axis {} is named twice", op, rows));
    }
    // Beyond the corners there is nothing, however far.
    const std::int64_t nearest = std::clamp(offset, -x.extent(rows), x.extent(columns));
    return wrap(detail::diagonal(x, rows, columns, nearest));
}

}  // namespace latent
