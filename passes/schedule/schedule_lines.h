#pragma once

#include <cstdint>
#include <span>

#include "ir/region.h"

namespace latent::passes {

/// The atoms that the columns of a matrix product may run along, and its rows: those of one operand
/// alone, as sets.
struct FreeAtoms {
    std::uint64_t columns = 0;
    std::uint64_t rows = 0;
};

/// Has the register tile of an unpacked contraction take columns or rows from several lines, along
/// a further atom, where one line has too little for it. The columns belong to operand
/// `columns_of`.
void choose_lines(ir::Schedule& schedule, const ir::Region& region, const ir::Stage& contraction,
                  int columns_of, const FreeAtoms& free, const ir::Machine& machine,
                  std::span<const std::int64_t> extents);

/// About how many lines, along `line_atom`, are summed at a time.
std::int64_t lines_together(const ir::Schedule& schedule, std::span<const std::int64_t> extents);

}  // namespace latent::passes
