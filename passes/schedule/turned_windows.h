#pragma once

#include <cstdint>
#include <span>

#include "ir/region.h"
#include "ir/schedule.h"

namespace latent::passes {

// When the filters of a convolution are the vectors, and the places of an image the rows: what
// decides it are the filters and one image, and whether there are more than a few images.

/// Vectors of a dimension that partial sums along it are worth: they are combined at its end.
inline constexpr int least_dot = 16;

/// Whether a contraction sums over windows, as a convolution does, and not over all that its
/// operands have beside rows and columns, as the gradient of its filters.
bool sums_windows(const ir::Region& region, const ir::Stage& contraction);

/// Whether rows are so few that sums in vectors along the depth beat packing the other operand. It
/// decides in which order terms are added, and so does not ask for the caches of the machine: it is
/// about where an L2 of 1 MiB would have the columns streamed. `windows` that no vector could be
/// read from in place are worth it for longer.
bool has_few_rows_for_dots(std::int64_t column_bytes, std::int64_t rows, bool windows);

/// Whether there are so many images, whose atoms beside a place of one are `image_atoms`, that
/// filters which are packed for all of them, a panel of columns at a time, take less than those
/// that each reads in place. Of filters so deep that a small L2 holds no panel, none are: it
/// decides in which order terms are added, and so does not ask for that of the machine.
bool packs_for_many_images(std::uint64_t image_atoms, std::int64_t depth,
                           const ir::Schedule& schedule, int element,
                           std::span<const std::int64_t> extents);

/// Whether windows of which the rows are the filters, and the vectors lines of the image, are
/// better turned: the filters packed, as vectors, and the image read element by element, where no
/// vector is loaded across cache lines, and lines end where few rows do. Tiles are stored through
/// transposed blocks, which long sums are worth. Lines of another length are turned too, so that
/// they have the same kernel.
bool turns_windows(const ir::Schedule& schedule, const ir::Region& region,
                   const ir::Stage& contraction, int columns_of, const ir::Machine& machine,
                   std::span<const std::int64_t> extents);

/// Whether windows are of an image with so few places that sums in vectors along the depth beat
/// packing the filters, which lie along all of it, for few images: each is taken by itself. Few
/// registers sum windows as fast along the lines of an image, where vectors can be read there.
bool has_few_places(const ir::Schedule& schedule, const ir::Region& region,
                    const ir::Stage& contraction, int columns_of, std::uint64_t image_atoms,
                    const ir::Machine& machine, std::span<const std::int64_t> extents);

}  // namespace latent::passes
