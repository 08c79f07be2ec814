#include "passes/schedule/schedule_rows.h"

#include <algorithm>
#include <bit>

#include "passes/schedule/atom_set.h"
#include "passes/schedule/rows_together.h"
#include "passes/schedule/schedule_streams.h"
#include "passes/schedule/vector_atom.h"

namespace latent::passes {

namespace {

/// Vectors of partial sums of one reduction.
constexpr int most_partial_sums = 4;

/// Vectors of partial sums along the reduced dimensions. Fewer where the sums for all elements of a
/// window are made in one walk.
int partial_sums(const ir::Region& region, const ir::Classification& classification) {
    const std::int64_t together =
        ir::fixed_elements(region, sums_in_one_walk(region, classification));
    return static_cast<int>(std::clamp<std::int64_t>(
        static_cast<std::int64_t>(
            std::bit_floor(static_cast<std::uint64_t>(ir::most_sums / together))),
        1, most_partial_sums));
}

/// Vectors of a last reduction. Where several sums are made together, one short vector of
/// neighbours is better than elements that are gathered; a whole one always is. Rows that are
/// stored beside sums over them have vectors along them.
void choose_vectors_of_sums(ir::Schedule& schedule, const ir::Region& region,
                            const ir::Classification& classification,
                            std::span<const std::int64_t> extents) {
    const std::uint64_t all = (std::uint64_t{1} << region.atoms.size()) - 1;
    if (classification.stored_rows > 0) {
        schedule.unroll = 2;
        schedule.vector_atom = static_cast<int>(region.atoms.size()) - 1;
        return;
    }
    const int vectors = partial_sums(region, classification);
    schedule.unroll = vectors < most_partial_sums ? 1 : vectors;
    schedule.vector_atom = choose_vector_atom(region, all, schedule, extents);
    if (gathers(region, schedule.vector_atom, extents)) {
        for (int atom = static_cast<int>(region.atoms.size()); atom-- > 0;) {
            if (!has(classification.final_atoms, atom) && !gathers(region, atom, extents) &&
                contiguous_elements(region, schedule.kind, atom, extents) > 0 &&
                extents[static_cast<std::size_t>(atom)] >= schedule.lanes) {
                schedule.vector_atom = atom;
                break;
            }
        }
    }
    if (!has(classification.final_atoms, schedule.vector_atom)) {
        const std::int64_t extent = extents[static_cast<std::size_t>(schedule.vector_atom)];
        schedule.unroll = extent < 2 * schedule.lanes ? 1 : 2;
        return;
    }
    if (gathers(region, schedule.vector_atom, extents)) {
        schedule.unroll = 1;  // a sum waits for its elements, which are much code
        return;
    }
    const std::int64_t extent = extents[static_cast<std::size_t>(schedule.vector_atom)];
    while (schedule.unroll < vectors && extent >= 2 * schedule.unroll * schedule.lanes) {
        schedule.unroll *= 2;
    }
}

/// Vectors of partial sums of a row's reductions: fewer for shorter rows, down to one, for vectors
/// across rows gather their elements.
int partial_sums_of_rows(ir::Schedule schedule, const ir::Region& region,
                         const ir::Classification& classification,
                         std::span<const std::int64_t> extents) {
    schedule.unroll = 1;
    const int along = choose_vector_atom(region, classification.row_atoms, schedule, extents);
    const std::int64_t extent = extents[static_cast<std::size_t>(along)];
    if (extent < schedule.lanes) {
        return most_partial_sums;
    }
    while (schedule.unroll < most_partial_sums &&
           extent >= std::int64_t{2} * schedule.unroll * schedule.lanes) {
        schedule.unroll *= 2;
    }
    return schedule.unroll;
}

/// Where nothing but a position is reduced to along long rows, the best elements of groups of
/// vectors are found first, which takes about one instruction for a vector.
void choose_groups(ir::Schedule& schedule, const ir::Region& region,
                   std::span<const std::int64_t> extents) {
    constexpr int vectors = 8;
    constexpr std::int64_t fewest_groups = 4;  // of which one is walked over twice
    int reductions = 0;
    bool fits = schedule.kept.empty() && schedule.row_atom < 0;
    for (const ir::Stage& stage : region.stages) {
        if (stage.kind == ir::StageKind::reduce) {
            ++reductions;
            fits =
                fits && ir::positions_rise(region, stage) && stage.atoms[0] == schedule.vector_atom;
        } else if (stage.kind == ir::StageKind::elementwise) {
            fits = fits && !ir::is_transcendental(stage.op);
        }
    }
    if (fits && reductions == 1 &&
        extents[static_cast<std::size_t>(schedule.vector_atom)] >=
            fewest_groups * vectors * schedule.lanes) {
        schedule.unroll = 1;
        schedule.tile_vectors = vectors;
    }
}

/// Whether no row is gathered where vectors run across them: they lie side by side, of elements
/// that fill the vectors, and are transposed in registers, or along the vectors, or vary along one
/// of both alone.
bool reads_across_in_vectors(const ir::Region& region, int across, std::size_t element_bytes) {
    const auto in_vectors = [&](const std::vector<ir::StrideClass>& strides, DType dtype) {
        const ir::StrideClass between = strides[static_cast<std::size_t>(across)];
        return strides.back() == ir::StrideClass::zero || between == ir::StrideClass::zero ||
               between == ir::StrideClass::one ||
               (strides.back() == ir::StrideClass::one && between == ir::StrideClass::tight &&
                byte_size(dtype) == element_bytes);
    };
    return std::ranges::all_of(region.inputs,
                               [&](const ir::RegionInput& input) {
                                   return input.kind == ir::InputKind::strided
                                              ? in_vectors(input.strides, input.dtype)
                                              : input.kind != ir::InputKind::indexed;
                               }) &&
           std::ranges::all_of(region.results, [&](const ir::RegionResult& result) {
               return in_vectors(result.strides,
                                 region.stages[static_cast<std::size_t>(result.stage)].dtype);
           });
}

/// Whether vectors run along rows whose extents are part of the code: longer ones that would be
/// gathered. Of those with one reduction, without functions, rows are read and stored faster as
/// they lie where whole vectors, or masks that cost little, fill them; sums alone are summed faster
/// so but with AVX-512.
bool runs_along_short_row(ir::Schedule schedule, const ir::Region& region,
                          const ir::Classification& classification, const ir::Machine& machine,
                          std::span<const std::int64_t> extents) {
    constexpr std::int64_t always_across = 16;
    const std::int64_t elements = ir::fixed_elements(region, classification.row_atoms);
    const int last = static_cast<int>(region.atoms.size()) - 1;
    if (elements <= always_across || classification.row_atoms != std::uint64_t{1} << last ||
        elements > ir::longest_unrolled_row) {
        return false;
    }
    schedule.unroll = 1;
    const int across =
        choose_vector_atom(region, (std::uint64_t{1} << last) - 1, schedule, extents);
    const auto element_bytes = static_cast<std::size_t>(machine.vector_bytes / schedule.lanes);
    if (across < 0 || !reads_across_in_vectors(region, across, element_bytes)) {
        return true;
    }
    int reductions = 0;
    for (const ir::Stage& stage : region.stages) {
        reductions += stage.kind == ir::StageKind::reduce ? 1 : 0;
        if (stage.kind == ir::StageKind::elementwise && ir::is_transcendental(stage.op)) {
            return false;
        }
    }
    if (reductions > 1) {
        return false;
    }
    const bool has_masks = schedule.instruction_set == ir::InstructionSet::avx512;
    const std::vector<std::uint64_t> spans = ir::spans(region);
    const bool stores_rows = std::ranges::any_of(region.results, [&](const auto& result) {
        return has(spans[static_cast<std::size_t>(result.stage)], last);
    });
    if (!stores_rows) {
        return !has_masks;
    }
    const int at_a_time =
        schedule.lanes * partial_sums_of_rows(schedule, region, classification, extents);
    const std::int64_t rest = elements % at_a_time;
    return rest == 0 || (has_masks && 2 * rest >= at_a_time);
}

/// Whether rows lie side by side in an input across which vectors run.
bool reads_side_by_side(const ir::Region& region, int vector_atom) {
    return std::ranges::any_of(region.inputs, [&](const ir::RegionInput& input) {
        return input.kind == ir::InputKind::strided &&
               input.strides[static_cast<std::size_t>(vector_atom)] == ir::StrideClass::tight;
    });
}

/// A long chain of sums waits for itself: two vectors have two of them. (Not of rows that are
/// transposed, a vector of them at a time.)
bool waits_for_sums(const ir::Schedule& schedule, const ir::Region& region,
                    const ir::Classification& classification,
                    std::span<const std::int64_t> extents) {
    constexpr std::int64_t short_chain = 16;
    return schedule.vector_atom >= 0 && !reads_side_by_side(region, schedule.vector_atom) &&
           extents[static_cast<std::size_t>(schedule.vector_atom)] >= 2 * schedule.lanes &&
           ir::fixed_elements(region, classification.row_atoms) > short_chain;
}

}  // namespace

std::vector<int> kept_stages(const ir::Region& region, const ir::Classification& classification,
                             KeptStages worth) {
    if (worth == KeptStages::none) {
        return {};
    }
    const std::vector<std::uint64_t> spans = ir::spans(region);
    const std::uint64_t row = classification.row_atoms;
    // Results of a last reduction are made when the rows are gone.
    const bool row_ends_early = classification.kind == ir::Template::reduction;
    constexpr int results_loop = -1;
    constexpr int stored_rows_loop = -2;
    std::vector<int> kept;
    // The loops over the row in which a stage is evaluated: those of reductions, and those of the
    // results.
    std::vector<std::vector<int>> used_in(region.stages.size());
    const auto note = [&](int stage, int loop) {
        std::vector<int>& loops = used_in[static_cast<std::size_t>(stage)];
        if (std::ranges::find(loops, loop) == loops.end()) {
            loops.push_back(loop);
        }
    };
    for (std::size_t i = 0; i < region.results.size(); ++i) {
        const bool is_row = classification.is_stored_row(i, region.results.size());
        note(region.results[i].stage, is_row ? stored_rows_loop : results_loop);
    }
    for (int i = static_cast<int>(region.stages.size()); i-- > 0;) {
        const ir::Stage& stage = region.stages[static_cast<std::size_t>(i)];
        const std::vector<int>& loops = used_in[static_cast<std::size_t>(i)];
        const bool outlives_row =
            row_ends_early && std::ranges::find(loops, results_loop) != loops.end();
        const bool in_row = (spans[static_cast<std::size_t>(i)] & row) != 0 && !outlives_row;
        const bool worthwhile = worth == KeptStages::all || ir::is_transcendental(stage.op);
        const bool keep =
            stage.kind == ir::StageKind::elementwise && worthwhile && in_row && loops.size() > 1;
        if (keep) {
            kept.push_back(i);
        }
        for (const int operand : stage.operands) {
            if (stage.kind == ir::StageKind::reduce || keep) {
                note(operand, i);
            } else {
                for (const int loop : loops) {
                    note(operand, loop);
                }
            }
        }
    }
    std::ranges::reverse(kept);
    return kept;
}

void schedule_row(ir::Schedule& schedule, const ir::Region& region,
                  const ir::Classification& classification, const ir::Machine& machine,
                  std::span<const std::int64_t> extents) {
    const std::uint64_t all = (std::uint64_t{1} << region.atoms.size()) - 1;
    if (ir::is_unrolled(region, classification.row_atoms) && classification.row_atoms != all &&
        !runs_along_short_row(schedule, region, classification, machine, extents)) {
        schedule.unroll = 1;
        schedule.vector_atom =
            choose_vector_atom(region, all & ~classification.row_atoms, schedule, extents);
        choose_overlapping_rows_together(schedule, region, classification, machine, extents);
        if (schedule.row_atom < 0 && waits_for_sums(schedule, region, classification, extents)) {
            schedule.unroll = 2;
        }
    } else {
        schedule.unroll = partial_sums_of_rows(schedule, region, classification, extents);
        schedule.vector_atom = choose_vector_atom(region, all, schedule, extents);
        if (!has(classification.row_atoms, schedule.vector_atom)) {
            schedule.unroll = 2;
        }
    }
    schedule.kept = kept_stages(region, classification, KeptStages::transcendental);
    choose_rows_together(schedule, region, classification, machine, extents);
    choose_groups(schedule, region, extents);
    choose_result_strip(schedule, region, machine, extents);
    choose_read_ahead(schedule, region, classification, machine, extents);
}

void schedule_reduction(ir::Schedule& schedule, const ir::Region& region,
                        const ir::Classification& classification, const ir::Machine& machine,
                        std::span<const std::int64_t> extents) {
    choose_vectors_of_sums(schedule, region, classification, extents);
    choose_overlapping_sums_together(schedule, region, classification, machine, extents);
    schedule.kept = kept_stages(region, classification, KeptStages::transcendental);
    choose_groups(schedule, region, extents);
    choose_read_ahead(schedule, region, classification, machine, extents);
    choose_rows_at_a_time(schedule, region, classification, machine, extents);
}

}  // namespace latent::passes
