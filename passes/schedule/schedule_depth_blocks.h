#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "ir/region.h"
#include "ir/schedule.h"

namespace latent::passes {

/// How many vectors of columns a panel has where tasks along the columns, each of which packs its
/// own a block of the depth at a time and sums all rows beside it, take the place of columns that
/// are packed whole, through memory: L2 holds the sums of all rows and a block of them, which are
/// read in place, the columns, which leave the caches, lie along the depth in long runs, and there
/// is a panel for each processor, or rows would make few tasks. Nothing elsewhere.
std::optional<int> swept_vectors(const ir::Schedule& schedule, const ir::Region& region,
                                 const ir::Stage& contraction,
                                 const std::array<std::uint64_t, 2>& operands,
                                 const ir::Machine& machine, std::span<const std::int64_t> extents);

/// Whether there is one, with vectors along the only dimension that the other operand than that of
/// the window `row` has beside the contracted ones, and rows along the longest one of that of the
/// window.
bool may_sweep_beside(int row, const ir::Schedule& schedule, const ir::Region& region,
                      const ir::Stage& contraction, const std::array<std::uint64_t, 2>& operands,
                      const ir::Machine& machine, std::span<const std::int64_t> extents);

/// Has a contraction whose register tiles and blocks are chosen sweep the depth, in panels of
/// `vectors`.
void choose_swept(ir::Schedule& schedule, int vectors);

/// Sums by blocks of the depth read the operand with the columns once for each element of the other
/// free dimensions of the rows, which are many where the rows are windows. Those of which the sums
/// of a task, and what is packed of its rows, stay in L2 are summed together, as long as there are
/// tasks for several threads.
void choose_together(ir::Schedule& schedule, std::uint64_t row_atoms, const ir::Machine& machine,
                     int element, std::span<const std::int64_t> extents);

}  // namespace latent::passes
