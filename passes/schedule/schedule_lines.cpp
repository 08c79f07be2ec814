#include "passes/schedule/schedule_lines.h"

#include <algorithm>

#include "ir/rounding.h"
#include "passes/schedule/schedule.h"

namespace latent::passes {

namespace {

/// The innermost atom of a set, but for `taken`, that has several lines; or -1.
int innermost(std::uint64_t atoms, int taken, int lines, std::span<const std::int64_t> extents) {
    int atom = static_cast<int>(extents.size()) - 1;
    while (atom >= 0 && (atom == taken || (atoms >> atom & 1) == 0 ||
                         extents[static_cast<std::size_t>(atom)] < lines)) {
        --atom;
    }
    return atom;
}

/// Whether columns that go on from line to line, through the elements between them that only
/// windows reach, make for fewer register tiles than each line has by itself. The sums are stored
/// once more, so they must be long; and lines are held to be dense, which the kernel finds out.
bool columns_go_on(const ir::Schedule& schedule, const ir::Region& region,
                   const ir::Stage& contraction, int columns_of,
                   std::span<const std::int64_t> extents) {
    constexpr std::int64_t least_depth = 128;
    constexpr std::int64_t least_gain = 16;  // one column of as many
    const std::int64_t columns = extents[static_cast<std::size_t>(schedule.vector_atom)];
    const std::int64_t tile = std::int64_t{schedule.tile_vectors} * schedule.lanes;
    std::int64_t line = columns;
    std::int64_t depth = 1;
    for (const int atom : contraction.atoms) {
        const std::int64_t extent = extents[static_cast<std::size_t>(atom)];
        depth *= extent;
        const int operand = contraction.operands[static_cast<std::size_t>(columns_of)];
        line += is_contiguous(region, operand, atom) ? extent - 1 : 0;
    }
    const std::int64_t in_tiles = ir::rounded_up(columns, tile);
    return line > columns && depth >= least_depth && in_tiles > line + columns / least_gain;
}

}  // namespace

void choose_lines(ir::Schedule& schedule, const ir::Region& region, const ir::Stage& contraction,
                  int columns_of, const FreeAtoms& free, const ir::Machine& machine,
                  std::span<const std::int64_t> extents) {
    constexpr int lines = 2;
    const bool few_columns =
        extents[static_cast<std::size_t>(schedule.vector_atom)] <= schedule.lanes;
    const bool few_rows = schedule.tile_rows <= 3;
    const int line_of_rows =
        few_rows ? innermost(free.rows, schedule.row_atom, lines, extents) : -1;
    const bool go_on = !few_columns && line_of_rows < 0 &&
                       columns_go_on(schedule, region, contraction, columns_of, extents);
    if (!few_columns && !few_rows && !go_on) {
        return;
    }
    schedule.line_atom = few_columns || go_on
                             ? innermost(free.columns, schedule.vector_atom, lines, extents)
                             : line_of_rows;
    if (schedule.line_atom < 0) {
        return;
    }
    if (go_on) {
        schedule.tile_lines = 0;
    } else {
        schedule.tile_lines = lines;
        const auto takes = [&] { return (schedule.tile_rows * lines + 1) * schedule.tile_vectors; };
        if (few_columns) {
            schedule.tile_vectors = 1;
        }
        while (schedule.tile_vectors > 1 && takes() >= machine.registers) {
            schedule.tile_vectors /= 2;
        }
    }
}

std::int64_t lines_together(const ir::Schedule& schedule, std::span<const std::int64_t> extents) {
    if (schedule.tile_lines > 0) {
        return schedule.tile_lines;
    }
    const std::int64_t columns =
        std::int64_t{schedule.block_columns} * schedule.tile_vectors * schedule.lanes;
    const std::int64_t line =
        std::max<std::int64_t>(extents[static_cast<std::size_t>(schedule.vector_atom)], 1);
    return std::max<std::int64_t>(columns / line, 1);
}

}  // namespace latent::passes
