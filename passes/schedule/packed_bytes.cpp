#include "passes/schedule/packed_bytes.h"

#include <algorithm>
#include <vector>

#include "ir/rounding.h"
#include "passes/schedule/atom_set.h"
#include "passes/schedule/schedule.h"

namespace latent::passes {

namespace {

/// A depth in whole blocks of whole vectors.
std::int64_t in_blocks(std::int64_t depth, const ir::Schedule& schedule) {
    const std::int64_t whole = ir::rounded_up(depth, schedule.lanes);
    const std::int64_t block =
        std::max<std::int64_t>(schedule.block_depth / schedule.lanes, 1) * schedule.lanes;
    const std::int64_t blocks = std::max<std::int64_t>(ir::ceiling_quotient(whole, block), 1);
    return blocks * ir::rounded_up(ir::ceiling_quotient(whole, blocks), schedule.lanes);
}

/// Tiles of sums in vectors along the depth: the rows, in vectors of the innermost dimension, or of
/// all where these are one run of the columns. Where the rows have outer dimensions, and the
/// columns have none, those of one turn at a time are packed for all tasks.
std::int64_t packed_row_bytes(const ir::Schedule& schedule, const ir::Stage& contraction,
                              std::uint64_t rows, std::uint64_t columns, bool is_run,
                              std::span<const std::int64_t> extents) {
    const auto is_line = [&](int atom) {
        return atom == schedule.line_atom && ir::rows_go_on(schedule);
    };
    const int innermost = *std::ranges::max_element(contraction.atoms);
    std::int64_t depth = 1;
    std::int64_t count = 1;
    bool some_rows = false;  // of outer dimensions
    bool some_columns = schedule.vector_atom < 0;
    for (int atom = 0; atom < static_cast<int>(extents.size()); ++atom) {
        const std::int64_t extent =
            std::max<std::int64_t>(extents[static_cast<std::size_t>(atom)], 1);
        if (std::ranges::find(contraction.atoms, atom) != contraction.atoms.end()) {
            depth *= atom == innermost && !is_run ? in_blocks(extent, schedule) : extent;
        } else if (atom == schedule.row_atom || is_line(atom)) {
            count *= extent;
        } else if (atom != schedule.vector_atom) {
            some_rows = some_rows || has(rows, atom);
            some_columns = some_columns || has(columns, atom);
        }
    }
    if (some_rows && some_columns) {
        return 0;  // each task packs its own
    }
    const std::int64_t elements = ir::rounded_up(count, schedule.tile_rows);
    return elements * (is_run ? in_blocks(depth, schedule) : depth) *
           computed_bytes(contraction.dtype);
}

/// The depth to which columns are packed. Those along it are read in vectors of it.
std::int64_t packed_depth(const ir::Schedule& schedule, const ir::Region& region,
                          const ir::Stage& contraction, int columns,
                          std::span<const std::int64_t> extents) {
    if (contraction.atoms.empty()) {
        return 1;  // an outer product
    }
    const bool by_blocks = schedule.packing != ir::Packing::columns;
    const bool is_run =
        !by_blocks && contraction.atoms.size() > 1 &&
        !is_contiguous(region, columns, schedule.vector_atom) &&
        ir::lies_along(region, region.stages[static_cast<std::size_t>(columns)], contraction.atoms);
    const int innermost = *std::ranges::max_element(contraction.atoms);
    const bool has_long_runs =
        contraction.atoms.size() == 1 ||
        (!by_blocks && region.atoms[static_cast<std::size_t>(innermost)].fixed == 0);
    const bool transposes = has_long_runs && is_contiguous(region, columns, innermost) &&
                            !is_contiguous(region, columns, schedule.vector_atom);
    std::int64_t elements = 1;
    std::int64_t block = schedule.block_depth;
    for (int atom = static_cast<int>(extents.size()); atom-- > 0;) {
        if (std::ranges::find(contraction.atoms, atom) == contraction.atoms.end()) {
            continue;
        }
        // Blocks take the innermost dimensions whole, and a part of one.
        const std::int64_t extent =
            std::max<std::int64_t>(extents[static_cast<std::size_t>(atom)], 1);
        const std::int64_t taken = std::min(extent, std::max<std::int64_t>(block, 1));
        const std::int64_t packed = by_blocks ? ir::rounded_up(extent, taken) : extent;
        elements *=
            transposes && atom == innermost ? ir::rounded_up(packed, schedule.lanes) : packed;
        block = taken < extent ? 1 : block / taken;
    }
    return is_run ? ir::rounded_up(elements, schedule.lanes) : elements;
}

}  // namespace

std::int64_t packed_bytes(const ir::Schedule& schedule, const ir::Region& region,
                          std::span<const std::int64_t> extents) {
    // Rows beside streamed columns are packed by each task.
    const bool packs_whole = packs_columns(schedule) || schedule.packing == ir::Packing::dots;
    if (schedule.kind != ir::Template::contraction || !packs_whole) {
        return 0;
    }
    const ir::Stage& contraction =
        *std::ranges::find(region.stages, ir::StageKind::contraction,
                           [](const ir::Stage& stage) { return stage.kind; });
    const std::vector<std::uint64_t> spans = ir::spans(region);
    const auto span_of = [&](int operand) { return spans[static_cast<std::size_t>(operand)]; };
    const int columns = has(span_of(contraction.operands[0]), schedule.vector_atom)
                            ? contraction.operands[0]
                            : contraction.operands[1];
    if (schedule.packing == ir::Packing::dots) {
        const int rows = contraction.operands[columns == contraction.operands[0] ? 1 : 0];
        const bool is_run = ir::lies_along(region, region.stages[static_cast<std::size_t>(columns)],
                                           contraction.atoms);
        return packed_row_bytes(schedule, contraction, span_of(rows), span_of(columns), is_run,
                                extents);
    }
    std::int64_t elements = packed_depth(schedule, region, contraction, columns, extents);
    for (int atom = 0; atom < static_cast<int>(extents.size()); ++atom) {
        const std::int64_t extent =
            std::max<std::int64_t>(extents[static_cast<std::size_t>(atom)], 1);
        if (std::ranges::find(contraction.atoms, atom) != contraction.atoms.end()) {
            continue;
        }
        if (atom == schedule.vector_atom) {
            const std::int64_t tile = std::int64_t{schedule.tile_vectors} * schedule.lanes;
            elements *= std::min(ir::rounded_up(extent, tile),
                                 column_block(schedule, region, extents) * tile);
        } else if (has(span_of(columns), atom)) {
            return 0;  // each task packs its own
        }
    }
    return elements * computed_bytes(contraction.dtype);
}

}  // namespace latent::passes
