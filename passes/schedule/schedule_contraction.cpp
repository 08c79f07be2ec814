#include "passes/schedule/schedule_contraction.h"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "ir/rounding.h"
#include "passes/schedule/atom_set.h"
#include "passes/schedule/schedule.h"
#include "passes/schedule/schedule_depth_blocks.h"
#include "passes/schedule/schedule_lines.h"
#include "passes/schedule/turned_windows.h"

namespace latent::passes {

namespace {

/// Rows that are read in place may all lie in one set of L1, which has eight ways or more.
constexpr int l1_ways = 8;

/// Of few rows, register tiles of which little is wasted.
void choose_short_tile(ir::Schedule& schedule, const ir::Machine& machine, std::int64_t rows) {
    const auto count = static_cast<int>(std::min<std::int64_t>(rows, 64));
    const int most_rows = schedule.tile_rows;
    if (count <= 3) {
        schedule.tile_rows = std::max(count, 1);
        // Beside their sums registers hold the vectors, which each row reads, and an element.
        const int fitting = (machine.registers - 1) / (schedule.tile_rows + 1);
        schedule.tile_vectors = std::min(fitting, 4);
    } else if (count <= most_rows) {
        schedule.tile_rows = count;
    } else if (count <= 2 * most_rows) {
        schedule.tile_rows = (count + 1) / 2;
    }
}

/// Blocks of the tiles, by the caches.
void choose_blocks(ir::Schedule& schedule, const ir::Machine& machine, int element) {
    const int columns = schedule.tile_vectors * schedule.lanes;
    // A packed panel of the operand with the columns fills half of L1, a block of the other three
    // eighths of L2, but few enough rows to share among threads.
    constexpr int most_block_rows = 192;
    schedule.block_depth = static_cast<int>(machine.l1_bytes) / 2 / (columns * element);
    const std::int64_t tile_bytes =
        std::int64_t{schedule.block_depth} * schedule.tile_rows * element;
    schedule.block_rows = static_cast<int>(std::clamp<std::int64_t>(
        machine.l2_bytes * 3 / 8 / tile_bytes, 1, most_block_rows / schedule.tile_rows));
    // Of panels that are read once for each block of rows, a quarter of L3 holds as many.
    constexpr std::int64_t most_panels = 64;
    schedule.block_columns = static_cast<int>(
        std::clamp<std::int64_t>(machine.l3_bytes / 4 / usual_panel_bytes, 16, most_panels));
}

/// Many registers hold four vectors of a few rows, whose elements are read less often than two
/// vectors of many rows. They are few because rows that are read in place may all lie in one set of
/// L1, which has eight ways or more (as rows of 1024 f32 do). Two vectors of few columns, of which
/// four might leave much of the last tile without work.
void choose_large_tile(ir::Schedule& schedule, const ir::Machine& machine, std::int64_t columns) {
    constexpr int wide_vectors = 4;
    constexpr int least_tiles = 13;
    const int accumulators = machine.registers - wide_vectors - 4;
    if (accumulators / wide_vectors >= schedule.tile_vectors * 2 &&
        columns >= std::int64_t{least_tiles} * wide_vectors * schedule.lanes) {
        schedule.tile_vectors = wide_vectors;
        schedule.tile_rows = accumulators / wide_vectors;
    }
    schedule.tile_rows = std::min(schedule.tile_rows, l1_ways);
}

/// Many registers hold three vectors of eight rows of windows, a number that divides most counts of
/// filters: the vectors are loaded where windows begin, most of them from two cache lines, and are
/// used by more rows than there are vectors.
void choose_window_tile(ir::Schedule& schedule, const ir::Machine& machine) {
    constexpr int vectors = 3;
    constexpr int rows = 8;
    if ((machine.registers - vectors - 1) / vectors >= rows) {
        schedule.tile_vectors = vectors;
        schedule.tile_rows = rows;
    }
}

/// Tiles that are stored along their rows, of which they have an even number, are transposed in
/// square blocks. Few registers hold three vectors of four rows, which read less for each
/// multiply-add than two of six, and are taken where they waste no more columns and half of L2
/// holds a panel of them. (Without fused multiply-adds there are twice as many operations, of which
/// fewer sums leave too little to do at a time.)
void choose_turned_tile(ir::Schedule& schedule, const ir::Machine& machine, std::int64_t columns,
                        std::int64_t bytes_of_column) {
    constexpr int three = 3;
    constexpr int rows_of_three = 4;
    const auto columns_in_tiles = [&](std::int64_t vectors) {
        const std::int64_t tile = vectors * schedule.lanes;
        return ir::rounded_up(columns, tile);
    };
    schedule.tile_rows -= schedule.tile_rows > 1 ? schedule.tile_rows % 2 : 0;
    if (machine.instruction_set == ir::InstructionSet::avx2 && schedule.tile_rows > rows_of_three &&
        columns_in_tiles(three) <= columns_in_tiles(schedule.tile_vectors) &&
        three * schedule.lanes * bytes_of_column <= machine.l2_bytes / 2) {
        schedule.tile_vectors = three;
        schedule.tile_rows = rows_of_three;
    }
}

/// How few rows make packing the other operand cost more than it saves.
constexpr int few_rows = 16;

/// Whether columns that stay in L2 are better packed. On some processors because they would be read
/// across cache lines: most vectors in rows that are no multiples of a line. Rows must be many to
/// repay the copy, and the columns more than L1 holds; fewer repay it where the columns fill most
/// of L2, which the rows need too. With AVX2 because each of a batch (`is_batched`) has others,
/// which come from further away: a copy reads them in order, register tiles in as many rows as
/// there are terms, and beside so short vectors there is no room to ask for them ahead.
bool repays_copy(std::int64_t column_bytes, std::int64_t rows, bool is_batched,
                 const ir::Machine& machine) {
    constexpr std::int64_t many_rows = 256;
    constexpr std::int64_t some_rows = 64;
    if (is_batched && machine.instruction_set == ir::InstructionSet::avx2 && rows > some_rows) {
        return true;
    }
    return machine.slow_across_lines &&
           (rows > many_rows ? column_bytes > machine.l1_bytes
                             : rows > some_rows && column_bytes > machine.l2_bytes / 2);
}

/// Whether an operand leaves the caches, and has so few rows on the other side that packing all of
/// it costs more than it saves. Those are more where its columns, which lie side by side, are read
/// in place (`are_vectors`) in vectors as long as cache lines: shorter ones ask for each line in
/// several tiles. One row takes what L3 holds as fast without register tiles.
bool is_streamed(std::int64_t column_bytes, std::int64_t rows, bool are_vectors,
                 const ir::Machine& machine) {
    constexpr std::int64_t most_rows = 64;
    constexpr int line_bytes = 64;
    const bool are_lines = are_vectors && machine.vector_bytes >= line_bytes;
    const bool is_large = column_bytes > 4 * machine.l2_bytes;
    return rows <= most_rows * (are_lines  ? 4
                                : is_large ? 2
                                           : 1) &&
           column_bytes > (rows <= 1 ? machine.l3_bytes : machine.l2_bytes);
}

/// Tiles and blocks for columns that are read from memory once, ahead of their use.
void choose_streamed(ir::Schedule& schedule, const ir::Machine& machine, std::int64_t rows,
                     std::int64_t element) {
    constexpr int most_rows = 8;
    schedule.packing = ir::Packing::streamed;
    if (rows <= 2) {
        // Memory alone counts, which is read fastest in few streams.
        schedule.tile_rows = static_cast<int>(std::max<std::int64_t>(rows, 1));
        schedule.tile_vectors = 4;
        schedule.block_depth = 8;
    } else {
        const int tile_rows = std::min((machine.registers - 4) / 2, most_rows);
        schedule.tile_vectors = 2;
        schedule.tile_rows =
            rows > most_rows ? tile_rows
                             : static_cast<int>(std::bit_floor(static_cast<unsigned>(tile_rows)));
        schedule.block_depth = 2 * machine.vector_bytes;
    }
    // Processors read ahead past the end of a run of columns, in vain, and each of them begins with
    // lines that are not there yet: which counts while there is little else to do.
    const std::int64_t block_bytes = rows <= most_rows ? 16384 : 4096;
    schedule.block_columns =
        static_cast<int>(block_bytes / (schedule.tile_vectors * schedule.lanes * element));
}

/// Register tiles of sums in vectors along the depth: one vector for each of their elements, and of
/// few columns, which are read from memory side by side.
void choose_dots(ir::Schedule& schedule, const ir::Machine& machine, std::int64_t rows,
                 std::int64_t element) {
    constexpr int short_tile = 4;
    constexpr int long_tile = 8;
    const bool are_many = rows > long_tile && machine.registers >= 32;
    const int columns = are_many ? 4 : 3;
    schedule.packing = ir::Packing::dots;
    schedule.tile_vectors = columns;
    schedule.tile_rows = are_many ? (machine.registers - columns) / columns
                                  : std::min((machine.registers - columns - 1) / columns,
                                             rows <= short_tile ? short_tile : long_tile);
    // A block of the rows of a tile fills half of L1.
    schedule.block_depth = static_cast<int>(machine.l1_bytes / 2 / (schedule.tile_rows * element));
    // Whole vectors of columns, whose sums stay in L2.
    schedule.block_columns = (rows <= long_tile ? 2 : 1) * schedule.lanes;
}

/// Which operands a contraction packs, and whether it sums in register tiles; `operands` are the
/// atoms of each. For each of the `windows` elements that the rows have beside their atom (in the
/// gradient of filters), columns would be read again. Rows that are parts of a dimension that was
/// too long for sums along the depth are not (`may_be_dots`).
void choose_packing(ir::Schedule& schedule, const ir::Region& region, const ir::Stage& contraction,
                    const std::array<std::uint64_t, 2>& operands, std::int64_t windows,
                    const ir::Machine& machine, std::span<const std::int64_t> extents,
                    bool may_be_dots) {
    const auto extent = [&](int atom) {
        return atom < 0 ? 1 : extents[static_cast<std::size_t>(atom)];
    };
    const std::int64_t element = computed_bytes(contraction.dtype);
    const std::int64_t depth = depth_of(contraction, extents);
    const auto contiguous = [&](int operand, int atom) {
        return is_contiguous(region, contraction.operands[static_cast<std::size_t>(operand)], atom);
    };
    const int columns = has(operands[0], schedule.vector_atom) ? 0 : 1;
    const auto innermost = std::ranges::max_element(contraction.atoms);
    // Both lie along the depth, which is long, or the columns along all of it: vectors along it
    // need no copy of the columns. (The rows, which are few, are copied anyway.)
    const bool is_run =
        ir::lies_along(region,
                       region.stages[static_cast<std::size_t>(
                           contraction.operands[static_cast<std::size_t>(columns)])],
                       contraction.atoms);
    const bool is_deep = is_run ? depth >= least_dot * schedule.lanes
                                : innermost != contraction.atoms.end() &&
                                      extent(*innermost) >= least_dot * schedule.lanes &&
                                      contiguous(0, *innermost) && contiguous(1, *innermost);
    // Rows that go on from line to line are as many as those of all lines.
    const std::int64_t rows =
        extent(schedule.row_atom) * (schedule.tile_lines == 0 ? extent(schedule.line_atom) : 1);
    const std::int64_t column_bytes = extent(schedule.vector_atom) * depth * element;
    const bool sliding_window =
        contiguous(columns, schedule.vector_atom) &&
        std::ranges::any_of(contraction.atoms, [&](int atom) { return contiguous(columns, atom); });
    // Read in place, rows that are not contiguous along the contracted dimension miss the TLB and
    // collide in L1.
    const bool in_place = std::ranges::any_of(
        contraction.atoms, [&](int atom) { return contiguous(1 - columns, atom); });
    const bool gathers =
        sums_windows(region, contraction) && !contiguous(1 - columns, schedule.row_atom);
    const bool short_window = contraction.atoms.size() > 1 && in_place &&
                              extent(schedule.vector_atom) <= schedule.lanes &&
                              contiguous(columns, schedule.vector_atom);
    const bool fits_l2 = column_bytes <= machine.l2_bytes;
    schedule.packing = ir::Packing::none;
    if ((sliding_window || short_window) && schedule.row_atom >= 0) {
        // Neighbouring windows share most of what they read: a packed copy is larger.
        if (sliding_window) {
            choose_window_tile(schedule, machine);
        }
        choose_short_tile(schedule, machine, rows);
        return;
    }
    // Of one block of the depth, each line of the rows is used by tiles that follow each other. Of
    // more, all are read again for each of them, from L2 or a part of a large last cache.
    constexpr int near_part = 8;
    const bool rows_stay_near = in_place || depth <= schedule.block_depth ||
                                rows * depth * element + column_bytes <=
                                    std::max(machine.l2_bytes, machine.l3_bytes / near_part);
    const std::uint64_t of_one =
        ir::mask_of(contraction.atoms) |
        (schedule.vector_atom < 0 ? 0 : std::uint64_t{1} << schedule.vector_atom);
    const bool is_batched = (operands[static_cast<std::size_t>(columns)] & ~of_one) != 0;
    const bool stays_in_l2 =
        rows <= few_rows ? fits_l2
                         : column_bytes < machine.l2_bytes && rows_stay_near &&
                               !(in_place && repays_copy(column_bytes, rows, is_batched, machine));
    if (contiguous(columns, schedule.vector_atom) && rows > 2 && windows == 1 && stays_in_l2) {
        // What stays in L2 is read as fast as a packed copy of it.
        if (rows > few_rows) {
            schedule.tile_rows = std::min(schedule.tile_rows, l1_ways);
        }
        choose_short_tile(schedule, machine, rows);
        return;
    }
    const bool are_vectors = contiguous(columns, schedule.vector_atom);
    const bool streams = windows == 1 && is_streamed(column_bytes, rows, are_vectors, machine);
    if (streams && are_vectors) {
        choose_streamed(schedule, machine, rows, element);
        return;
    }
    if (rows <= 2) {
        schedule.tile_rows = 0;
        // All rows of sums of a block stay in L1; wide blocks read more of B at a time.
        schedule.block_columns = 128;
        return;
    }
    std::uint64_t of_rows = operands[columns] | (std::uint64_t{1} << schedule.row_atom);
    of_rows |= schedule.line_atom < 0 ? 0 : std::uint64_t{1} << schedule.line_atom;
    const bool packs_for_many =
        packs_for_many_images(operands[static_cast<std::size_t>(1 - columns)] & ~of_rows, depth,
                              schedule, computed_bytes(contraction.dtype), extents);
    if (may_be_dots && is_deep && !packs_for_many &&
        has_few_rows_for_dots(column_bytes, rows, gathers)) {
        choose_dots(schedule, machine, rows, element);
        return;
    }
    if (streams && contraction.atoms.size() == 1 && contiguous(columns, *innermost)) {
        choose_streamed(schedule, machine, rows, element);
        return;
    }
    choose_large_tile(schedule, machine, extent(schedule.vector_atom));
    choose_blocks(schedule, machine, computed_bytes(contraction.dtype));
    const std::int64_t panel_bytes = depth * schedule.tile_vectors * schedule.lanes * element;
    const bool fits = in_place || rows * depth * element <= machine.l1_bytes;
    choose_short_tile(schedule, machine, rows);
    // Of windows, neighbours share what they read: a panel has more of L2 where nothing else could
    // be vectors.
    schedule.packing = fits && panel_bytes <= machine.l2_bytes * (gathers ? 5 : 4) / 8
                           ? ir::Packing::columns
                       : in_place ? ir::Packing::deep
                                  : ir::Packing::both;
    if (schedule.packing == ir::Packing::columns) {
        schedule.block_rows *= 2;
    } else if (const auto vectors =
                   swept_vectors(schedule, region, contraction, operands, machine, extents)) {
        choose_swept(schedule, *vectors);
    }
}

/// How far ahead of their use columns that are read in place are asked for, in tiles, or windows
/// that are rows, in cache lines. Columns in shorter vectors, and those across lines, leave no room
/// for prefetches beside the sums. Longer vectors of filters have so much to do between two lines
/// of an image that a processor sees the next one in time.
void choose_fetches_ahead(ir::Schedule& schedule, const ir::Region& region,
                          const ir::Stage& contraction, const ir::Machine& machine) {
    constexpr int line_bytes = 64;
    constexpr int lines = 2;
    const bool are_lines = machine.vector_bytes >= line_bytes;
    const bool windows = ir::takes_windows_as_rows(region, contraction, schedule);
    schedule.read_ahead = machine.slow_across_lines ? 0
                          : windows                 ? (are_lines ? 0 : lines)
                                                    : (are_lines ? 1 : 0);
}

/// The innermost of `atoms` but for one, or -1.
int innermost_but(std::uint64_t atoms, int one) {
    const std::uint64_t others = one < 0 ? atoms : atoms & ~(std::uint64_t{1} << one);
    return static_cast<int>(std::bit_width(others)) - 1;
}

}  // namespace

void schedule_contraction(ir::Schedule& schedule, const ir::Region& region,
                          const ir::Classification& classification, const ir::Machine& machine,
                          std::span<const std::int64_t> extents) {
    const ir::Stage& contraction =
        region.stages[static_cast<std::size_t>(classification.final_reductions[0])];
    const std::vector<std::uint64_t> spans = ir::spans(region);
    const std::uint64_t lhs = spans[static_cast<std::size_t>(contraction.operands[0])];
    const std::uint64_t rhs = spans[static_cast<std::size_t>(contraction.operands[1])];
    const auto extent = [&](int atom) {
        return atom < 0 ? 1 : extents[static_cast<std::size_t>(atom)];
    };
    const int element = computed_bytes(contraction.dtype);
    schedule.lanes = machine.vector_bytes / element;
    // Vectors run along the innermost dimension that only one operand has, unless it is short and
    // another is not; rows along the longest one of the other operand. A window that nearly fills
    // a vector is not short: it is read where it is, in the gradient of a convolution's filters.
    // But any window is where the depth may be swept beside vectors of filters.
    const std::uint64_t free = (lhs ^ rhs) & ~classification.final_atoms;
    const auto reads_along = [&](int atom) {
        return std::ranges::any_of(contraction.operands, [&](int operand) {
            return is_contiguous(region, operand, atom);
        });
    };
    const auto is_short = [&](int atom) {
        const bool window = contraction.atoms.size() > 1 && reads_along(atom);
        const bool fills = window && 4 * extent(atom) >= std::int64_t{3} * schedule.lanes;
        const bool sweeps =
            window && region.atoms[static_cast<std::size_t>(atom)].fixed > 0 &&
            may_sweep_beside(atom, schedule, region, contraction, {lhs, rhs}, machine, extents);
        return sweeps || (extent(atom) < schedule.lanes && !fills);
    };
    // A short window stays where another dimension would waste as much of a vector: it is read in
    // place, and that would be packed as deep as an image is large.
    const auto is_better = [&](int atom, int column) {
        const bool window = contraction.atoms.size() > 1 && reads_along(column);
        return is_short(column) &&
               extent(atom) >
                   (window && is_short(atom) && !reads_along(atom) ? 2 : 1) * extent(column);
    };
    int column = -1;
    for (int atom = static_cast<int>(extents.size()); atom-- > 0;) {
        if (has(free, atom) && (column < 0 || is_better(atom, column))) {
            column = atom;
        }
    }
    const std::uint64_t others = column < 0 ? 0 : has(rhs, column) ? free & lhs : free & rhs;
    int row = -1;
    for (int atom = static_cast<int>(extents.size()); atom-- > 0;) {
        if (has(others, atom) && (row < 0 || extent(atom) > extent(row))) {
            row = atom;
        }
    }
    // Of the operands of a convolution the image has more dimensions than the filters, whatever its
    // batch.
    const auto is_image = [&](int of) {
        const std::uint64_t operand = has(lhs, of) ? lhs : rhs;
        return std::popcount(operand) > std::popcount(operand == lhs ? rhs : lhs);
    };
    schedule.vector_atom = column;
    schedule.row_atom = row;
    const bool is_turned =
        row >= 0 && is_image(column) &&
        (has_few_places(schedule, region, contraction, has(lhs, column) ? 0 : 1,
                        free & (has(lhs, column) ? lhs : rhs), machine, extents) ||
         (contraction.atoms.size() > 1 &&
          (reads_along(column) ? turns_windows(schedule, region, contraction,
                                               has(lhs, column) ? 0 : 1, machine, extents)
                               : extent(row) >= 2 * schedule.lanes)));
    if (is_turned) {
        // Windows with a stride are gathered element by element: as vectors into a packed copy, as
        // rows where they are, with the filters as vectors.
        std::swap(row, column);
        std::swap(schedule.vector_atom, schedule.row_atom);
    }
    const std::uint64_t row_atoms = row < 0 ? 0 : free & (has(lhs, row) ? lhs : rhs);
    const int innermost_row = innermost_but(row_atoms, -1);
    if (innermost_row >= 0 && is_image(row) &&
        region.atoms[static_cast<std::size_t>(innermost_row)].fixed == 0) {
        // Rows of windows go on from line to line: few would be left for the last tile of each.
        schedule.row_atom = innermost_row;
        // (What lies between them in the result keeps images of a batch apart.)
        schedule.line_atom = has(row_atoms, innermost_row - 1) ? innermost_row - 1 : -1;
        schedule.tile_lines = schedule.line_atom < 0 ? 1 : 0;
    }

    constexpr std::int64_t least_line = 4;
    bool may_be_dots = true;
    const auto choose_tiles = [&] {
        schedule.tile_vectors = 2;
        schedule.tile_rows = (machine.registers - 4) / 2;
        choose_blocks(schedule, machine, element);
        std::int64_t windows = 1;
        for (int atom = 0; atom < static_cast<int>(extents.size()); ++atom) {
            windows *=
                has(row_atoms, atom) && atom != schedule.row_atom
                    ? std::max<std::int64_t>(region.atoms[static_cast<std::size_t>(atom)].fixed, 1)
                    : 1;
        }
        choose_packing(schedule, region, contraction, {lhs, rhs}, windows, machine, extents,
                       may_be_dots);
    };
    choose_tiles();
    const bool may_go_on =
        schedule.packing == ir::Packing::columns || schedule.packing == ir::Packing::dots;
    if ((schedule.tile_lines == 0 || schedule.row_atom != row) && !may_go_on) {
        // Of an image not the batch, which may be long or short.
        const bool in_line = schedule.tile_lines == 0 && contraction.atoms.size() > 1 &&
                             extent(schedule.row_atom) >= least_line;
        schedule.row_atom = in_line ? schedule.row_atom : row;
        schedule.line_atom = -1;
        schedule.tile_lines = 1;
        may_be_dots = false;
        choose_tiles();
    }
    row = schedule.row_atom;
    if (schedule.packing == ir::Packing::columns &&
        (schedule.tile_lines == 0 || (is_turned && extent(row) > 2 * schedule.tile_rows))) {
        choose_turned_tile(schedule, machine, extent(column),
                           depth_of(contraction, extents) * element);
    }
    // Of a product, half of the last tile's columns are a loop of their own, unless rows are few.
    constexpr int few_rows_of_half = 8;
    const bool computes_half =
        schedule.packing != ir::Packing::none || schedule.tile_rows >= few_rows_of_half;
    if ((contraction.atoms.size() > 1 || !computes_half) && schedule.tile_rows > 0 &&
        extent(column) <= schedule.lanes) {
        schedule.tile_vectors = 1;
    }
    choose_together(schedule, row_atoms, machine, element, extents);
    choose_fetches_ahead(schedule, region, contraction, machine);
    if (schedule.packing == ir::Packing::none && schedule.tile_rows > 0) {
        const int columns_of = has(lhs, schedule.vector_atom) ? 0 : 1;
        const std::uint64_t column_atoms = columns_of == 0 ? lhs : rhs;
        choose_lines(schedule, region, contraction, columns_of,
                     {free & column_atoms, free & ~column_atoms}, machine, extents);
    }
}

}  // namespace latent::passes
