#include "passes/schedule/schedule_pointwise.h"

#include <algorithm>

#include "passes/schedule/schedule_streams.h"
#include "passes/schedule/vector_atom.h"

namespace latent::passes {

namespace {

/// The innermost atom, whose elements are neighbours in the result, unless it is shorter than the
/// shortest vector.
int choose_pointwise_vector_atom(const ir::Region& region, const ir::Schedule& schedule,
                                 std::span<const std::int64_t> extents) {
    const int innermost = static_cast<int>(region.atoms.size()) - 1;
    if (innermost < 0 || extents.back() >= least_lanes) {
        return innermost;
    }
    const std::uint64_t all = (std::uint64_t{1} << region.atoms.size()) - 1;
    return choose_vector_atom(region, all, schedule, extents);
}

/// Whether vectors along the atom are stored whole somewhere.
bool stores_vectors(const ir::Region& region, int atom) {
    return atom < 0 ||
           std::ranges::any_of(
               region.results,
               [&](const ir::RegionResult& result) {
                   return result.strides[static_cast<std::size_t>(atom)] == ir::StrideClass::one;
               });
}

/// Divisions and square roots take longest, and those of several vectors overlap.
bool takes_long(const ir::Stage& stage) {
    return stage.kind == ir::StageKind::elementwise && is_floating(stage.dtype) &&
           (stage.op == ir::Op::div || stage.op == ir::Op::sqrt);
}

/// Where rows of a few elements lie side by side in all results, vectors run across them, some
/// registers in all; returns whether they do.
bool choose_vectors_of_short_rows(ir::Schedule& schedule, const ir::Region& region,
                                  std::span<const std::int64_t> extents) {
    constexpr std::int64_t most_registers = 8;
    const int across = static_cast<int>(region.atoms.size()) - 2;
    const bool side_by_side =
        std::ranges::all_of(region.results, [&](const ir::RegionResult& result) {
            return ir::stores_rows_side_by_side(region, result, across);
        });
    if (!side_by_side || region.atoms.back().fixed > ir::longest_row_side_by_side ||
        extents[static_cast<std::size_t>(across)] < ir::least_rows_side_by_side) {
        return false;
    }
    schedule.vector_atom = across;
    schedule.unroll = static_cast<int>(
        std::clamp<std::int64_t>(most_registers / region.atoms.back().fixed, 1, 2));
    while (schedule.lanes > least_lanes &&
           extents[static_cast<std::size_t>(across)] < ir::stored_at_a_time(schedule)) {
        schedule.lanes /= 2;
    }
    schedule.ends_overlap = can_overlap_ends(schedule, region, extents);
    return true;
}

/// Of several short rows the ends count: vectors are as short as these are.
void choose_row_ends(ir::Schedule& schedule, const ir::Region& region,
                     std::span<const std::int64_t> extents) {
    if (schedule.vector_atom > 0 && schedule.result_strip == 0) {
        const std::int64_t extent = extents[static_cast<std::size_t>(schedule.vector_atom)];
        while (schedule.unroll > 1 && extent < ir::stored_at_a_time(schedule)) {
            schedule.unroll /= 2;
        }
        while (schedule.lanes > least_lanes && extent < schedule.lanes) {
            schedule.lanes /= 2;
        }
    }
    schedule.ends_overlap = can_overlap_ends(schedule, region, extents);
}

}  // namespace

bool can_overlap_ends(const ir::Schedule& schedule, const ir::Region& region,
                      std::span<const std::int64_t> extents) {
    // Reversed elements cannot be read past the last, which may be the first in memory.
    const bool counts = schedule.vector_atom > 0 ||
                        (schedule.vector_atom == 0 &&
                         (extents.size() > 1 || reads_reversed(region, schedule.vector_atom)));
    return schedule.kind == ir::Template::pointwise && counts && schedule.result_strip == 0 &&
           ir::ends_fit(schedule, extents);
}

void choose_tile(ir::Schedule& schedule, const ir::Region& region,
                 std::span<const std::int64_t> extents) {
    constexpr std::int64_t least_extent = 8;
    constexpr int cache_line = 64;
    constexpr int most_rows = 16;
    const auto extent = [&](int atom) { return extents[static_cast<std::size_t>(atom)]; };
    if (schedule.vector_atom < 0 || extent(schedule.vector_atom) < least_extent) {
        return;
    }
    for (const ir::RegionInput& input : region.inputs) {
        if (input.kind != ir::InputKind::strided ||
            input.strides[static_cast<std::size_t>(schedule.vector_atom)] != ir::StrideClass::any) {
            continue;
        }
        for (int atom = 0; atom < schedule.vector_atom; ++atom) {
            if (input.strides[static_cast<std::size_t>(atom)] == ir::StrideClass::one &&
                extent(atom) >= least_extent) {
                const int line = cache_line / static_cast<int>(byte_size(input.dtype));
                schedule.row_atom = atom;
                schedule.tile_rows = std::min(most_rows, line);
                // Of whole tiles registers transpose squares, and lines are stored whole.
                if (extent(atom) >= schedule.tile_rows &&
                    extent(schedule.vector_atom) >= std::max(line, schedule.lanes)) {
                    schedule.unroll = std::max(1, line / schedule.lanes);
                }
                return;
            }
        }
    }
}

void schedule_pointwise(ir::Schedule& schedule, const ir::Region& region,
                        const ir::Machine& machine, std::span<const std::int64_t> extents) {
    if (std::ranges::any_of(region.stages, takes_long)) {
        schedule.unroll = 4;
    }
    if (choose_vectors_of_short_rows(schedule, region, extents)) {
        return;
    }
    schedule.vector_atom = choose_pointwise_vector_atom(region, schedule, extents);
    if (!stores_vectors(region, schedule.vector_atom)) {
        schedule.unroll = 1;  // one element after the other: much code, and the bottleneck
        const int innermost = static_cast<int>(region.atoms.size()) - 1;
        if (extents.back() >= shortest_vector_extent(schedule) &&
            stores_vectors(region, innermost)) {
            schedule.vector_atom = innermost;
        }
    }
    choose_tile(schedule, region, extents);
    choose_result_strip(schedule, region, machine, extents);
    choose_row_ends(schedule, region, extents);
}

}  // namespace latent::passes
