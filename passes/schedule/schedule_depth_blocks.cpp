#include "passes/schedule/schedule_depth_blocks.h"

#include <algorithm>
#include <bit>

#include "ir/rounding.h"
#include "passes/schedule/atom_set.h"
#include "passes/schedule/schedule.h"

namespace latent::passes {

namespace {

/// A block of the depth that is swept, of which L2 holds the columns, as a multiple of one of which
/// L1 does: the sums are loaded and stored less often.
constexpr int swept_blocks = 2;

/// Panels of columns that a task sums at most, beside all rows, where it sweeps the depth.
constexpr int most_swept_panels = 4;

/// The most channels whose windows make so few tasks that columns packed whole, through memory,
/// take longer on any number of processors.
constexpr std::int64_t few_channels = 4;

}  // namespace

std::optional<int> swept_vectors(const ir::Schedule& schedule, const ir::Region& region,
                                 const ir::Stage& contraction,
                                 const std::array<std::uint64_t, 2>& operands,
                                 const ir::Machine& machine,
                                 std::span<const std::int64_t> extents) {
    if (schedule.vector_atom < 0 || schedule.row_atom < 0 || contraction.atoms.size() < 2) {
        return std::nullopt;
    }
    const std::size_t columns = has(operands[0], schedule.vector_atom) ? 0 : 1;
    const int innermost = *std::ranges::max_element(contraction.atoms);
    const auto contiguous = [&](std::size_t operand, int atom) {
        return is_contiguous(region, contraction.operands[operand], atom);
    };
    const std::uint64_t contracted = ir::mask_of(contraction.atoms);
    const std::int64_t element = computed_bytes(contraction.dtype);
    std::int64_t rows = 1;
    std::int64_t places = 1;  // rows but for the windows of an element
    for (int atom = 0; atom < static_cast<int>(extents.size()); ++atom) {
        const std::int64_t extent = extents[static_cast<std::size_t>(atom)];
        const bool is_row = has(operands[1 - columns] & ~contracted, atom);
        rows *= is_row ? extent : 1;
        places *= is_row && region.atoms[static_cast<std::size_t>(atom)].fixed == 0 ? extent : 1;
    }
    const std::int64_t column_count = extents[static_cast<std::size_t>(schedule.vector_atom)];
    const std::int64_t column_vectors =
        std::max<std::int64_t>(ir::ceiling_quotient(column_count, schedule.lanes), 1);
    int vectors = static_cast<int>(std::min<std::int64_t>(schedule.tile_vectors, column_vectors));
    const auto panels = [&] { return ir::ceiling_quotient(column_vectors, vectors); };
    // Windows of few channels make few tasks, and have few rows to each vector that is packed.
    const bool few_tasks = places <= few_channels;
    while (few_tasks && vectors > 1 && panels() < machine.processors) {
        --vectors;
    }
    // Panels of even width.
    vectors = static_cast<int>(ir::ceiling_quotient(column_vectors, panels()));
    const std::int64_t sums =
        rows * std::min<std::int64_t>(panels(), most_swept_panels) * vectors * schedule.lanes;
    const std::int64_t block = places * swept_blocks * schedule.block_depth;
    const bool sweeps =
        (operands[columns] & ~contracted) == std::uint64_t{1} << schedule.vector_atom &&
        (contiguous(1 - columns, innermost) || contiguous(1 - columns, schedule.row_atom)) &&
        contiguous(columns, innermost) &&
        region.atoms[static_cast<std::size_t>(innermost)].fixed == 0 &&
        (few_tasks || panels() >= machine.processors) &&
        (sums + block) * element <= machine.l2_bytes * 3 / 4 &&
        column_count * depth_of(contraction, extents) * element > machine.l2_bytes;
    return sweeps ? std::optional(vectors) : std::nullopt;
}

bool may_sweep_beside(int row, const ir::Schedule& schedule, const ir::Region& region,
                      const ir::Stage& contraction, const std::array<std::uint64_t, 2>& operands,
                      const ir::Machine& machine, std::span<const std::int64_t> extents) {
    const std::uint64_t contracted = ir::mask_of(contraction.atoms);
    const std::size_t rows = has(operands[0], row) ? 0 : 1;
    const std::uint64_t columns = operands[1 - rows] & ~contracted;
    if (!std::has_single_bit(columns)) {
        return false;
    }
    ir::Schedule swept = schedule;
    swept.vector_atom = std::countr_zero(columns);
    swept.row_atom = row;
    swept.tile_vectors = 2;
    swept.block_depth = static_cast<int>(machine.l1_bytes / 2) /
                        (swept.tile_vectors * swept.lanes * computed_bytes(contraction.dtype));
    for (int atom = row; atom-- > 0;) {
        const auto extent = [&](int of) { return extents[static_cast<std::size_t>(of)]; };
        const bool is_row = has(operands[rows] & ~contracted, atom);
        swept.row_atom = is_row && extent(atom) > extent(swept.row_atom) ? atom : swept.row_atom;
    }
    // In panels that are not narrower: what is read in place instead makes tasks enough.
    return swept_vectors(swept, region, contraction, operands, machine, extents) ==
           swept.tile_vectors;
}

void choose_swept(ir::Schedule& schedule, int vectors) {
    schedule.packing = ir::Packing::swept;
    schedule.tile_vectors = vectors;
    schedule.block_columns = most_swept_panels;
    schedule.block_depth *= swept_blocks;
}

void choose_together(ir::Schedule& schedule, std::uint64_t row_atoms, const ir::Machine& machine,
                     int element, std::span<const std::int64_t> extents) {
    constexpr std::int64_t least_tasks = 2;
    constexpr std::int64_t least_tiles = 2;
    const auto extent = [&](int atom) {
        return std::max<std::int64_t>(extents[static_cast<std::size_t>(atom)], 1);
    };
    if (schedule.packing == ir::Packing::swept) {
        for (int atom = static_cast<int>(extents.size()); atom-- > 0;) {
            if (has(row_atoms, atom) && atom != schedule.row_atom) {
                schedule.together.push_back(atom);
            }
        }
        return;
    }
    if ((schedule.packing != ir::Packing::both && schedule.packing != ir::Packing::deep) ||
        schedule.row_atom < 0 || schedule.vector_atom < 0) {
        return;
    }
    const std::int64_t tiles = ir::ceiling_quotient(extent(schedule.row_atom), schedule.tile_rows);
    std::int64_t outside = 1;
    for (int atom = 0; atom < static_cast<int>(extents.size()); ++atom) {
        outside *= has(row_atoms, atom) && atom != schedule.row_atom ? extent(atom) : 1;
    }
    const std::int64_t block_columns = std::min<std::int64_t>(
        extent(schedule.vector_atom),
        std::int64_t{schedule.block_columns} * schedule.tile_vectors * schedule.lanes);
    const std::int64_t packed_depth =
        schedule.packing == ir::Packing::both ? schedule.block_depth : 0;
    std::int64_t tile_bytes = schedule.tile_rows * (block_columns + packed_depth) * element;
    for (int atom = static_cast<int>(extents.size()); atom-- > 0;) {
        if (!has(row_atoms, atom) || atom == schedule.row_atom) {
            continue;
        }
        const bool enough = tiles * outside / extent(atom) >= least_tasks;
        if (!enough || tile_bytes * extent(atom) * least_tiles > machine.l2_bytes / 2) {
            break;
        }
        schedule.together.push_back(atom);
        outside /= extent(atom);
        tile_bytes *= extent(atom);
    }
    // As many rows as there may be, for their number asks for no other kernel.
    while (!schedule.together.empty() && schedule.block_rows > least_tiles &&
           tile_bytes * schedule.block_rows > machine.l2_bytes / 2) {
        schedule.block_rows /= 2;
    }
}

}  // namespace latent::passes
