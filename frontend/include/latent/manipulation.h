#pragma once

#include <latent/tensor.h>

#include <array>
#include <cstdint>
#include <optional>
#include <source_location>
#include <vector>

/// Other arrangements of the same elements. Axes count from the back if negative; ShapeError where
/// one is out of range.
namespace latent {

/// One extent may be -1: it follows from the others.
Tensor reshape(const Tensor& x, const Shape& shape,
               std::source_location location = std::source_location::current());
/// All elements in one dimension.
Tensor flatten(const Tensor& x, std::source_location location = std::source_location::current());
/// Dimension i of the result is dimension axes[i] of `x`.
Tensor permute(const Tensor& x, const Axes& axes,
               std::source_location location = std::source_location::current());
/// The last two dimensions change places.
Tensor transpose(const Tensor& x, std::source_location location = std::source_location::current());
Tensor swapaxes(const Tensor& x, int first, int second,
                std::source_location location = std::source_location::current());
/// Without the given dimensions, whose extent must be 1; by default without all of extent 1.
Tensor squeeze(const Tensor& x, const Axes& axes = Axes::all(),
               std::source_location location = std::source_location::current());
/// With a new dimension of extent 1 at `axis` of the result.
Tensor expand_dims(const Tensor& x, int axis,
                   std::source_location location = std::source_location::current());
/// Missing leading dimensions and those of extent 1 repeat.
Tensor broadcast_to(const Tensor& x, const Shape& shape,
                    std::source_location location = std::source_location::current());

/// Along one axis, the elements start, start + step, ... before stop, as in Python: negative
/// positions count from the back, positions beyond the ends are the ends, what is left out is an
/// end, and a negative step walks backwards.
Tensor slice(const Tensor& x, int axis, std::optional<std::int64_t> start,
             std::optional<std::int64_t> stop = std::nullopt, std::int64_t step = 1,
             std::source_location location = std::source_location::current());
/// The part at one position of an axis, which disappears. Negative positions count from the back.
Tensor select(const Tensor& x, int axis, std::int64_t index,
              std::source_location location = std::source_location::current());
/// The order reversed along `axes`.
Tensor flip(const Tensor& x, const Axes& axes = Axes::all(),
            std::source_location location = std::source_location::current());
/// The elements moved by `shift` along an axis; what leaves one end enters at the other.
Tensor roll(const Tensor& x, std::int64_t shift, int axis,
            std::source_location location = std::source_location::current());

/// Tensors one after the other along an axis. Dtypes are promoted.
Tensor concat(const std::vector<Tensor>& tensors, int axis = 0,
              std::source_location location = std::source_location::current());
/// Tensors of one shape along a new axis.
Tensor stack(const std::vector<Tensor>& tensors, int axis = 0,
             std::source_location location = std::source_location::current());
/// Parts of the given sizes along an axis; the sizes add up to its extent.
std::vector<Tensor> split(const Tensor& x, const std::vector<std::int64_t>& sizes, int axis = 0,
                          std::source_location location = std::source_location::current());
/// `parts` equal parts.
std::vector<Tensor> split(const Tensor& x, std::int64_t parts, int axis = 0,
                          std::source_location location = std::source_location::current());

/// `value` around `x`: per dimension the number of elements before and after; negative numbers cut
/// off.
Tensor pad(const Tensor& x, const std::vector<std::array<std::int64_t, 2>>& widths,
           Number value = 0, std::source_location location = std::source_location::current());
/// How elements outside of `x` are continued from those inside.
enum class PadMode {
    edge,       ///< the nearest element: c b a | a a a
    reflect,    ///< a mirror on the last element: c b | a b c | b a
    symmetric,  ///< a mirror behind the last element: b a | a b c | c b
    wrap,       ///< from the other end: b c | a b c | a b
};
/// The continuation of `x`: per dimension the number of elements before and after. ValueError for
/// negative numbers, ShapeError where `x` has too few elements to continue from.
Tensor pad(const Tensor& x, const std::vector<std::array<std::int64_t, 2>>& widths, PadMode mode,
           std::source_location location = std::source_location::current());
/// `x` repeated repeats[i] times along dimension i; if there are fewer of the one than of the
/// other, it begins with ones.
Tensor tile(const Tensor& x, const Shape& repeats,
            std::source_location location = std::source_location::current());
/// Each element `repeats` times in a row along an axis.
Tensor repeat(const Tensor& x, std::int64_t repeats, int axis,
              std::source_location location = std::source_location::current());

/// The lower triangle of matrices (..., n, m): zeros above the `diagonal`-th diagonal.
Tensor tril(const Tensor& x, std::int64_t diagonal = 0,
            std::source_location location = std::source_location::current());
/// The upper triangle: zeros below the `diagonal`-th diagonal.
Tensor triu(const Tensor& x, std::int64_t diagonal = 0,
            std::source_location location = std::source_location::current());
/// The elements whose position along `second` is `offset` more than that along `first`. Both
/// dimensions go, and that of the diagonal is the last of the result.
Tensor diagonal(const Tensor& x, std::int64_t offset = 0, int first = 0, int second = 1,
                std::source_location location = std::source_location::current());

/// Which of the first two vectors runs along the first dimension of a grid.
enum class GridOrder { ij, xy };
/// The coordinates of the points of a grid: vectors (n), (m), ... to as many tensors (n, m, ...),
/// each of which repeats one vector along the other dimensions; (m, n, ...) in order xy.
std::vector<Tensor> meshgrid(const std::vector<Tensor>& vectors, GridOrder order = GridOrder::ij,
                             std::source_location location = std::source_location::current());

}  // namespace latent
