#pragma once

#include <cstdint>
#include <span>

#include "ir/region.h"

namespace latent::passes {

/// Has neighbouring rows reduced in one walk (`row_atom`, `tile_rows`), where nothing is stored for
/// their elements and vectors run along them: older cores read several streams of memory faster
/// than one, newer ones the pages of memory in their order (there one row, but tuning may choose).
/// Changes no order of arithmetic.
void choose_rows_together(ir::Schedule& schedule, const ir::Region& region,
                          const ir::Classification& classification, const ir::Machine& machine,
                          std::span<const std::int64_t> extents);

/// Has neighbouring rows that are unrolled computed together (`row_atom`, `tile_rows`) where
/// windows of padding overlap along them: what several of the rows read is read once. Changes no
/// order of arithmetic.
void choose_overlapping_rows_together(ir::Schedule& schedule, const ir::Region& region,
                                      const ir::Classification& classification,
                                      const ir::Machine& machine,
                                      std::span<const std::int64_t> extents);

/// The innermost atoms that are kept by a last reduction, as far as the sums for all their elements
/// (of a window) stay in registers: they are made in one walk.
std::uint64_t sums_in_one_walk(const ir::Region& region, const ir::Classification& classification);

/// The same for rows that are summed, for all elements of the windows that overlap along them
/// (`row_atom`, `tile_rows`; the filter's gradient of a depthwise convolution). This decides the
/// order of arithmetic. What is read is asked for ahead (`read_ahead`), for the lines of an image
/// that are read by turns are no stream to a processor.
void choose_overlapping_sums_together(ir::Schedule& schedule, const ir::Region& region,
                                      const ir::Classification& classification,
                                      const ir::Machine& machine,
                                      std::span<const std::int64_t> extents);

/// Has vectors of neighbouring rows scanned (`row_atom`, `tile_rows`) where vectors run along the
/// axis: a row alone waits for each of its sums. They are transposed before and after, in scratch
/// that L2 must hold. Changes no order of arithmetic.
void choose_scanned_rows(ir::Schedule& schedule, const ir::Region& region,
                         const ir::Classification& classification, const ir::Machine& machine,
                         std::span<const std::int64_t> extents);

/// Has rows sorted several at a time, by one call (`row_atom`, `tile_rows`): short ones, which are
/// compared side by side, and those that lie across memory, whose lines are then used whole
/// (`vector_atom`). Changes no order.
void choose_sorted_rows(ir::Schedule& schedule, const ir::Region& region,
                        const ir::Classification& classification, const ir::Machine& machine,
                        std::span<const std::int64_t> extents, int neighbours);

}  // namespace latent::passes
