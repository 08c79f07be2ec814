#include "passes/schedule/turned_windows.h"

#include <algorithm>

#include "ir/rounding.h"
#include "passes/schedule/atom_set.h"
#include "passes/schedule/schedule.h"

namespace latent::passes {

bool sums_windows(const ir::Region& region, const ir::Stage& contraction) {
    return contraction.atoms.size() > 1 && std::ranges::any_of(contraction.atoms, [&](int atom) {
               return region.atoms[static_cast<std::size_t>(atom)].fixed > 0;
           });
}

bool has_few_rows_for_dots(std::int64_t column_bytes, std::int64_t rows, bool windows) {
    constexpr std::int64_t always = 8;
    constexpr std::int64_t cached_bytes = 1 << 20;
    constexpr std::int64_t most_rows = 64;
    const bool is_large = column_bytes > 4 * cached_bytes;
    return rows <= always || (column_bytes > cached_bytes && rows <= most_rows * (!is_large ? 1
                                                                                  : windows ? 4
                                                                                            : 2));
}

bool packs_for_many_images(std::uint64_t image_atoms, std::int64_t depth,
                           const ir::Schedule& schedule, int element,
                           std::span<const std::int64_t> extents) {
    constexpr std::int64_t few_images = 2;
    constexpr std::int64_t panel_vectors = 2;
    constexpr std::int64_t largest_panel = 5 << 16;  // bytes, of an L2 of 512 KiB or more
    std::int64_t images = 1;
    for (int atom = 0; atom < static_cast<int>(extents.size()); ++atom) {
        images *= has(image_atoms, atom) ? extents[static_cast<std::size_t>(atom)] : 1;
    }
    return images > few_images && depth * panel_vectors * schedule.lanes * element <= largest_panel;
}

bool turns_windows(const ir::Schedule& schedule, const ir::Region& region,
                   const ir::Stage& contraction, int columns_of, const ir::Machine& machine,
                   std::span<const std::int64_t> extents) {
    constexpr int least_vector = 32;
    constexpr int turned_vectors = 2;
    constexpr std::int64_t least_depth = 128;
    constexpr std::int64_t least_filled = 8;  // of as many filters, all but one
    const std::int64_t rows = extents[static_cast<std::size_t>(schedule.row_atom)];
    const int operand = contraction.operands[static_cast<std::size_t>(columns_of)];
    if (region.atoms[static_cast<std::size_t>(schedule.vector_atom)].fixed > 0 ||
        !is_contiguous(region, operand, schedule.vector_atom) ||
        machine.vector_bytes < least_vector) {
        return false;
    }
    const std::int64_t depth = depth_of(contraction, extents);
    const bool slides = std::ranges::any_of(
        contraction.atoms, [&](int atom) { return is_contiguous(region, operand, atom); });
    const std::int64_t tile = std::int64_t{turned_vectors} * schedule.lanes;
    const std::int64_t in_tiles = ir::rounded_up(rows, tile);
    return slides && depth >= least_depth &&
           depth * tile * computed_bytes(contraction.dtype) <= machine.l2_bytes / 2 &&
           (in_tiles - rows) * least_filled <= in_tiles;
}

bool has_few_places(const ir::Schedule& schedule, const ir::Region& region,
                    const ir::Stage& contraction, int columns_of, std::uint64_t image_atoms,
                    const ir::Machine& machine, std::span<const std::int64_t> extents) {
    const auto extent = [&](int atom) { return extents[static_cast<std::size_t>(atom)]; };
    const int image = contraction.operands[static_cast<std::size_t>(columns_of)];
    const int filters = contraction.operands[static_cast<std::size_t>(1 - columns_of)];
    const std::int64_t depth = depth_of(contraction, extents);
    const int line = schedule.vector_atom - 1;
    std::uint64_t of_place = std::uint64_t{1} << schedule.vector_atom;
    of_place |= has(image_atoms, line) ? std::uint64_t{1} << line : 0;
    const std::int64_t places =
        extent(schedule.vector_atom) * (has(image_atoms, line) ? extent(line) : 1);
    const std::int64_t filter_bytes =
        extent(schedule.row_atom) * depth * computed_bytes(contraction.dtype);
    constexpr int many_registers = 32;
    const bool gathers = !is_contiguous(region, image, schedule.vector_atom);
    if (!sums_windows(region, contraction) || (!gathers && machine.registers < many_registers)) {
        return false;
    }
    return ir::lies_along(region, region.stages[static_cast<std::size_t>(filters)],
                          contraction.atoms) &&
           depth >= std::int64_t{least_dot} * schedule.lanes &&
           !packs_for_many_images(image_atoms & ~of_place, depth, schedule,
                                  computed_bytes(contraction.dtype), extents) &&
           has_few_rows_for_dots(filter_bytes, places, gathers);
}

}  // namespace latent::passes
