#include <latent/linalg.h>

#include <fmt/format.h>

#include <algorithm>

#include "frontend/operations/contraction.h"
#include "frontend/tensor/arguments.h"

namespace latent {

namespace {

using detail::Expression;
using detail::wrap;

/// An operand of matmul whose batch dimensions are given labels. One that the other operand repeats
/// (extent 1 against more) loses the dimension instead of being repeated: it is then a free
/// dimension of the other.
class MatrixOperand {
  public:
    explicit MatrixOperand(const Expression& x)
        : x_(x), batch_(x.shape().size() < 2 ? 0 : x.shape().size() - 2) {}

    std::size_t batch_rank() const { return batch_; }
    /// Extent of batch dimension `i` of `rank`, counted as if leading ones were there.
    std::int64_t batch_extent(std::size_t i, std::size_t rank) const {
        return i + batch_ < rank ? 1 : x_.extent(static_cast<std::int64_t>(i + batch_ - rank));
    }
    bool has_batch(std::size_t i, std::size_t rank) const { return i + batch_ >= rank; }

    void keep(std::int64_t extent, std::int64_t label) {
        shape_.push_back(extent);
        labels_.push_back(label);
    }
    /// The dimensions after the batch.
    void keep_matrix(std::initializer_list<std::int64_t> labels) {
        std::size_t i = batch_;
        for (const std::int64_t label : labels) {
            keep(x_.shape()[i++], label);
        }
    }
    Expression value() const { return detail::reshape(x_, shape_.span()); }
    const ir::Dims& labels() const { return labels_; }

  private:
    const Expression& x_;
    std::size_t batch_;
    ir::Shape shape_;
    ir::Dims labels_;
};

[[noreturn]] void fail_matmul(const Expression& a, const Expression& b, std::string_view reason) {
    ir::raise<ShapeError>(a.location(),
                          fmt::format("matmul: shapes {} and {} {}", to_string(a.shape()),
                                      to_string(b.shape()), reason));
}

Expression matmul(const Expression& a, const Expression& b) {
    if (a.rank() == 0 || b.rank() == 0) {
        fail_matmul(a, b, "must each have a dimension");
    }
    if (a.shape().back() != b.extent(std::max(0, b.rank() - 2))) {
        fail_matmul(a, b,
                    fmt::format("differ in the dimension that is summed over: {} and {}",
                                a.shape().back(), b.extent(std::max(0, b.rank() - 2))));
    }
    constexpr std::int64_t rows = 100;
    constexpr std::int64_t inner = 101;
    constexpr std::int64_t columns = 102;
    MatrixOperand left(a);
    MatrixOperand right(b);
    ir::Dims out;
    const std::size_t batch = std::max(left.batch_rank(), right.batch_rank());
    for (std::size_t i = 0; i < batch; ++i) {
        const auto label = static_cast<std::int64_t>(i);
        const std::int64_t extent_left = left.batch_extent(i, batch);
        const std::int64_t extent_right = right.batch_extent(i, batch);
        if (extent_left != extent_right && extent_left != 1 && extent_right != 1) {
            fail_matmul(a, b, "do not broadcast in their leading dimensions");
        }
        const bool shared = extent_left == extent_right;
        if (left.has_batch(i, batch) && (shared || extent_left != 1)) {
            left.keep(extent_left, label);
        }
        if (right.has_batch(i, batch) && (shared || extent_right != 1)) {
            right.keep(extent_right, label);
        }
        out.push_back(label);
    }
    if (a.rank() == 1) {
        left.keep_matrix({inner});
    } else {
        left.keep_matrix({rows, inner});
        out.push_back(rows);
    }
    if (b.rank() == 1) {
        right.keep_matrix({inner});
    } else {
        right.keep_matrix({inner, columns});
        out.push_back(columns);
    }
    return detail::contract(left.value(), left.labels(), right.value(), right.labels(), out,
                            "matmul");
}

Expression tensordot(const Expression& a, const Expression& b, std::span<const std::int64_t> a_axes,
                     std::span<const std::int64_t> b_axes) {
    detail::require_rank(a.shape().size() + b.shape().size() - 2 * a_axes.size(), "tensordot",
                         a.location());
    ir::Dims a_labels;
    ir::Dims b_labels;
    ir::Dims out;
    for (int i = 0; i < a.rank(); ++i) {
        a_labels.push_back(i);
        if (std::ranges::find(a_axes, i) == a_axes.end()) {
            out.push_back(i);
        }
    }
    for (int i = 0; i < b.rank(); ++i) {
        const auto found = std::ranges::find(b_axes, i);
        if (found == b_axes.end()) {
            b_labels.push_back(a.rank() + i);
            out.push_back(a.rank() + i);
            continue;
        }
        const std::int64_t partner = a_axes[static_cast<std::size_t>(found - b_axes.begin())];
        if (a.extent(partner) != b.extent(i)) {
            ir::raise<ShapeError>(
                a.location(), fmt::format("tensordot: axis {} of {} and axis {} of {} differ",
                                          partner, to_string(a.shape()), i, to_string(b.shape())));
        }
        b_labels.push_back(partner);
    }
    return detail::contract(a, a_labels, b, b_labels, out, "tensordot");
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, std::source_location location) {
    const auto [left, right] = detail::promoted(a, b, location);
    return wrap(matmul(left, right));
}

Tensor tensordot(const Tensor& a, const Tensor& b, const Axes& a_axes, const Axes& b_axes,
                 std::source_location location) {
    const auto [left, right] = detail::promoted(a, b, location);
    if (a_axes.size() != b_axes.size()) {
        ir::raise<ShapeError>(
            location,
            fmt::format("tensordot: {} axes of the first operand cannot be paired with {}",
                        a_axes.size(), b_axes.size()));
    }
    detail::normalized_axes(a_axes, left.shape().size(), "tensordot", location);
    detail::normalized_axes(b_axes, right.shape().size(), "tensordot", location);
    ir::Axes a_positions;
    ir::Axes b_positions;
    for (std::size_t i = 0; i < a_axes.size(); ++i) {
        a_positions.push_back(
            detail::normalized_axis(a_axes[i], left.shape().size(), "tensordot", location));
        b_positions.push_back(
            detail::normalized_axis(b_axes[i], right.shape().size(), "tensordot", location));
    }
    return wrap(tensordot(left, right, a_positions.span(), b_positions.span()));
}

Tensor tensordot(const Tensor& a, const Tensor& b, int axes, std::source_location location) {
    const auto [left, right] = detail::promoted(a, b, location);
    if (axes < 0 || axes > left.rank() || axes > right.rank()) {
        ir::raise<ShapeError>(
            location, fmt::format("tensordot: shapes {} and {} do not both have {} dimensions",
                                  to_string(left.shape()), to_string(right.shape()), axes));
    }
    ir::Axes a_positions;
    ir::Axes b_positions;
    for (int i = 0; i < axes; ++i) {
        a_positions.push_back(left.rank() - axes + i);
        b_positions.push_back(i);
    }
    return wrap(tensordot(left, right, a_positions.span(), b_positions.span()));
}

Tensor outer(const Tensor& a, const Tensor& b, std::source_location location) {
    const auto [left, right] = detail::promoted(a, b, location);
    if (left.rank() != 1 || right.rank() != 1) {
        ir::raise<ShapeError>(
            location, fmt::format("outer: takes vectors, got {} and {}", to_string(left.shape()),
                                  to_string(right.shape())));
    }
    detail::require_number(left, "outer");
    detail::require_shape(ir::Shape{left.extent(0), right.extent(0)}.span(), left.dtype(), "outer",
                          location);
    return wrap(detail::keep_dimensions(left, {1}) * right);
}

}  // namespace latent
