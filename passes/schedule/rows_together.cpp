#include "passes/schedule/rows_together.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <optional>

#include "passes/schedule/atom_set.h"
#include "passes/schedule/schedule.h"
#include "passes/schedule/vector_atom.h"

namespace latent::passes {

namespace {

/// An atom along which windows overlap, and the elements of a window between two that neighbouring
/// windows have in common.
struct Overlap {
    int atom = -1;
    std::int64_t elements_inside = 1;
};

std::optional<Overlap> overlap_along(const ir::IndexedDim& dim, const ir::Region& region,
                                     std::uint64_t window_atoms) {
    if (!dim.guarded || dim.stage >= 0 || dim.divisor != 1 || dim.terms.size() != 2) {
        return std::nullopt;
    }
    const auto in_window = [&](const ir::AtomTerm& term) { return has(window_atoms, term.atom); };
    const ir::AtomTerm& window = in_window(dim.terms[0]) ? dim.terms[0] : dim.terms[1];
    const ir::AtomTerm& place = in_window(dim.terms[0]) ? dim.terms[1] : dim.terms[0];
    if (!in_window(window) || in_window(place) || place.coefficient < 1) {
        return std::nullopt;
    }
    const std::int64_t dilation = std::abs(window.coefficient);
    const std::int64_t size = region.atoms[static_cast<std::size_t>(window.atom)].fixed;
    if (dilation < 1 || place.coefficient % dilation != 0 ||
        place.coefficient > dilation * (size - 1)) {
        return std::nullopt;
    }
    Overlap overlap{place.atom, place.coefficient / dilation};
    for (int atom = window.atom + 1; atom < static_cast<int>(region.atoms.size()); ++atom) {
        overlap.elements_inside *=
            has(window_atoms, atom) ? region.atoms[static_cast<std::size_t>(atom)].fixed : 1;
    }
    return overlap;
}

}  // namespace

void choose_rows_together(ir::Schedule& schedule, const ir::Region& region,
                          const ir::Classification& classification, const ir::Machine& machine,
                          std::span<const std::int64_t> extents) {
    // Not known of the processor itself, but those with AVX-512 are young.
    const int rows_together = machine.instruction_set == ir::InstructionSet::avx512 ? 1 : 4;
    constexpr std::int64_t least_rows = 32;        // of which little is lost at their end
    constexpr std::int64_t least_elements = 1024;  // of a row; shorter ones follow one another
    constexpr std::size_t most_stages = 6;         // whose code is still small
    const std::uint64_t row = classification.row_atoms;
    const bool along_row = has(row, schedule.vector_atom);
    const bool stores_rows =
        !schedule.kept.empty() || std::ranges::any_of(region.results, [&](const auto& result) {
            return (ir::mask_of(result.strides) & row) != 0;
        });
    // Which have twice as many partial results, more than there are registers for those of several.
    const bool gives_positions = std::ranges::any_of(region.stages, [](const ir::Stage& stage) {
        return stage.kind == ir::StageKind::reduce && ir::gives_a_position(stage.op);
    });
    if (!along_row || stores_rows || gives_positions || reads_indexed(region) ||
        region.stages.size() > most_stages) {
        return;
    }
    std::int64_t elements = 1;
    int innermost = -1;
    for (int atom = 0; atom < static_cast<int>(extents.size()); ++atom) {
        if (has(row, atom)) {
            elements *= extents[static_cast<std::size_t>(atom)];
        } else {
            innermost = atom;
        }
    }
    if (innermost >= 0 && elements >= least_elements &&
        extents[static_cast<std::size_t>(innermost)] >= least_rows) {
        schedule.row_atom = innermost;
        schedule.tile_rows = rows_together;
    }
}

void choose_overlapping_rows_together(ir::Schedule& schedule, const ir::Region& region,
                                      const ir::Classification& classification,
                                      const ir::Machine& machine,
                                      std::span<const std::int64_t> extents) {
    constexpr int most_rows = 4;
    for (const ir::Stage& stage : region.stages) {
        for (const ir::IndexedDim& dim : stage.index) {
            const std::optional<Overlap> overlap =
                overlap_along(dim, region, classification.row_atoms);
            if (!overlap || overlap->atom == schedule.vector_atom) {
                continue;
            }
            // What is read stays in registers until the last of the rows has used it, beside their
            // sums; the rest is for what it is multiplied by.
            const auto in_registers = [&](int rows) {
                return (rows - 1) * overlap->elements_inside + 1 + rows <=
                       machine.registers * 3 / 4;
            };
            const std::int64_t extent = extents[static_cast<std::size_t>(overlap->atom)];
            int rows = most_rows;
            while (rows > 1 && (!in_registers(rows) || extent < 2 * rows)) {
                rows /= 2;
            }
            if (rows > 1) {
                schedule.row_atom = overlap->atom;
                schedule.tile_rows = rows;
                return;
            }
        }
    }
}

std::uint64_t sums_in_one_walk(const ir::Region& region, const ir::Classification& classification) {
    std::uint64_t atoms = 0;
    std::int64_t sums = 1;
    for (std::size_t atom = region.atoms.size(); atom-- > 0;) {
        if (has(classification.final_atoms, static_cast<int>(atom))) {
            continue;
        }
        const std::int64_t fixed = region.atoms[atom].fixed;
        sums *= fixed;
        if (fixed < 2 || sums > ir::most_sums) {
            break;
        }
        atoms |= std::uint64_t{1} << atom;
    }
    return atoms;
}

void choose_overlapping_sums_together(ir::Schedule& schedule, const ir::Region& region,
                                      const ir::Classification& classification,
                                      const ir::Machine& machine,
                                      std::span<const std::int64_t> extents) {
    constexpr int rows = 2;
    constexpr int bytes_ahead = 4096;
    const std::uint64_t reduced = classification.final_atoms;
    if (schedule.unroll != 1 || classification.final_reductions.size() != 1 ||
        !has(reduced, schedule.vector_atom)) {
        return;
    }
    const std::uint64_t windows = sums_in_one_walk(region, classification);
    const std::int64_t sums = ir::fixed_elements(region, windows);
    for (const ir::Stage& stage : region.stages) {
        for (const ir::IndexedDim& dim : stage.index) {
            const std::optional<Overlap> overlap = overlap_along(dim, region, windows);
            if (!overlap || !has(reduced, overlap->atom) || overlap->atom == schedule.vector_atom ||
                overlap->atom == std::countr_zero(reduced)) {  // along which there are blocks
                continue;
            }
            const bool in_registers =
                sums + overlap->elements_inside + rows <= machine.registers * 3 / 4;
            if (in_registers && extents[static_cast<std::size_t>(overlap->atom)] >= 2 * rows) {
                schedule.row_atom = overlap->atom;
                schedule.tile_rows = rows;
                const ir::RegionInput& input = region.inputs[static_cast<std::size_t>(stage.input)];
                schedule.read_ahead = bytes_ahead / static_cast<int>(byte_size(input.dtype));
                return;
            }
        }
    }
}

void choose_scanned_rows(ir::Schedule& schedule, const ir::Region& region,
                         const ir::Classification& classification, const ir::Machine& machine,
                         std::span<const std::int64_t> extents) {
    const int axis = std::countr_zero(classification.final_atoms);
    if (schedule.vector_atom != axis) {
        return;
    }
    int row = -1;
    for (int atom = 0; atom < static_cast<int>(extents.size()); ++atom) {
        row = atom != axis && extents[static_cast<std::size_t>(atom)] > 1 ? atom : row;
    }
    const std::int64_t elements = extents[static_cast<std::size_t>(axis)];
    const int rows = schedule.lanes;
    if (row < 0 || elements < rows || extents[static_cast<std::size_t>(row)] < rows) {
        return;
    }
    // Each array is a block of rows, of elements that fill vectors of as many.
    const auto fills_vectors = [&](DType dtype) {
        return static_cast<int>(byte_size(dtype)) * rows == machine.vector_bytes;
    };
    std::int64_t arrays = 0;
    for (const ir::Stage& stage : region.stages) {
        if (stage.kind == ir::StageKind::scan) {
            if (stage.op == ir::Op::argsort || !fills_vectors(stage.dtype)) {
                return;
            }
            arrays += 2;
        } else if (stage.kind == ir::StageKind::load) {
            const ir::RegionInput& input = region.inputs[static_cast<std::size_t>(stage.input)];
            if (input.kind != ir::InputKind::strided) {
                continue;
            }
            const ir::StrideClass along = input.strides[static_cast<std::size_t>(axis)];
            const ir::StrideClass across = input.strides[static_cast<std::size_t>(row)];
            if (across == ir::StrideClass::zero) {
                continue;
            }
            if (along != ir::StrideClass::one || !fills_vectors(input.dtype)) {
                return;
            }
            ++arrays;
        } else if (stage.kind != ir::StageKind::constant &&
                   stage.kind != ir::StageKind::elementwise) {
            return;
        }
    }
    if (arrays * elements * machine.vector_bytes <= machine.l2_bytes) {
        schedule.row_atom = row;
        schedule.tile_rows = rows;
    }
}

void choose_sorted_rows(ir::Schedule& schedule, const ir::Region& region,
                        const ir::Classification& classification, const ir::Machine& machine,
                        std::span<const std::int64_t> extents, int neighbours) {
    constexpr std::int64_t longest_compared = 32;  // by a network, side by side
    constexpr int most_rows = 64;
    constexpr int shortest_vector = 4;
    constexpr int fewest_columns = 8;  // that use lines of memory well
    constexpr std::int64_t enough_tasks = 4;
    constexpr std::int64_t key_and_position_bytes = 16;
    const int axis = std::countr_zero(classification.final_atoms);
    const std::int64_t elements = extents[static_cast<std::size_t>(axis)];
    if (std::ranges::any_of(region.stages, [](const ir::Stage& stage) {
            return stage.kind == ir::StageKind::scan && stage.op != ir::Op::argsort;
        })) {
        return;
    }
    if (neighbours >= 0) {
        std::int64_t columns = 1;
        for (int atom = 0; atom < static_cast<int>(extents.size()); ++atom) {
            columns *= atom == axis ? 1 : extents[static_cast<std::size_t>(atom)];
        }
        for (int rows = ir::stored_at_a_time(schedule); rows >= fewest_columns; rows /= 2) {
            if (extents[static_cast<std::size_t>(neighbours)] >= rows &&
                columns >= enough_tasks * rows &&
                rows * elements * key_and_position_bytes <= machine.l2_bytes) {
                schedule.vector_atom = neighbours;
                schedule.row_atom = neighbours;
                schedule.tile_rows = rows;
                break;
            }
        }
        return;
    }
    int row = -1;
    for (int atom = 0; atom < static_cast<int>(extents.size()); ++atom) {
        row = atom != axis && extents[static_cast<std::size_t>(atom)] > 1 ? atom : row;
    }
    if (row < 0 || elements > longest_compared) {
        return;
    }
    schedule.unroll = elements < 2 * schedule.lanes ? 1 : schedule.unroll;
    while (schedule.lanes > shortest_vector && elements < schedule.lanes) {
        schedule.lanes /= 2;
    }
    int rows = most_rows;
    while (rows > 1 && extents[static_cast<std::size_t>(row)] < rows) {
        rows /= 2;
    }
    if (rows > 1) {
        schedule.row_atom = row;
        schedule.tile_rows = rows;
    }
}

}  // namespace latent::passes
