#include "passes/schedule/schedule.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "ir/rounding.h"
#include "passes/schedule/atom_set.h"
#include "passes/schedule/rows_together.h"
#include "passes/schedule/schedule_contraction.h"
#include "passes/schedule/schedule_lines.h"
#include "passes/schedule/schedule_row_chain.h"
#include "passes/schedule/schedule_streams.h"

namespace latent::passes {

namespace {

/// Points of a task: some 10 us of cheap arithmetic, and 64 KiB of f32.
constexpr std::int64_t task_points = 1 << 14;
/// Elements of the shortest vectors.
constexpr int least_lanes = 4;
/// Vectors of partial sums of one reduction.
constexpr int most_partial_sums = 4;

/// Elements of an array with such strides along the atoms.
std::int64_t elements(std::span<const ir::StrideClass> strides,
                      std::span<const std::int64_t> extents) {
    std::int64_t count = 1;
    for (std::size_t atom = 0; atom < strides.size(); ++atom) {
        count *= strides[atom] == ir::StrideClass::zero ? 1 : extents[atom];
    }
    return count;
}

/// How many elements are read by accesses with that stride along `atom`. What varies along few
/// atoms is read from a cache most of the time and counts less.
std::int64_t elements_read(const ir::Region& region, int atom, ir::StrideClass stride,
                           std::span<const std::int64_t> extents) {
    std::int64_t total = 0;
    for (const ir::RegionInput& input : region.inputs) {
        if (input.kind == ir::InputKind::strided &&
            input.strides[static_cast<std::size_t>(atom)] == stride) {
            total += elements(input.strides, extents);
        }
    }
    return total;
}

/// How many elements are read and written by accesses whose neighbours along `atom` are neighbours
/// in memory, or close to each other there: these are shuffled from whole vectors.
std::int64_t contiguous_elements(const ir::Region& region, int atom,
                                 std::span<const std::int64_t> extents) {
    std::int64_t total = 0;
    for (const ir::StrideClass close :
         {ir::StrideClass::one, ir::StrideClass::two, ir::StrideClass::three, ir::StrideClass::four,
          ir::StrideClass::reversed}) {
        total += elements_read(region, atom, close, extents);
    }
    for (const ir::RegionResult& result : region.results) {
        if (result.scatter.empty() &&
            result.strides[static_cast<std::size_t>(atom)] == ir::StrideClass::one) {
            total += elements(result.strides, extents);
        }
    }
    return total;
}

/// Whether most of what vectors along `atom` read are elements that lie apart.
bool gathers(const ir::Region& region, int atom, std::span<const std::int64_t> extents) {
    return atom >= 0 && elements_read(region, atom, ir::StrideClass::any, extents) >
                            elements_read(region, atom, ir::StrideClass::one, extents);
}

/// An atom that is shorter than this would leave most of the vectors in flight without work; sums
/// have more of them, and unrolled rows one.
std::int64_t shortest_vector_extent(const ir::Schedule& schedule) {
    const bool sums =
        schedule.kind == ir::Template::row || schedule.kind == ir::Template::reduction;
    return schedule.unroll == 1 ? schedule.lanes / 4
                                : std::int64_t{sums ? schedule.unroll : 2} * schedule.lanes;
}

/// The innermost atom of the set that is not short, unless more of what is accessed is contiguous
/// along another; among short ones alone the same.
int choose_vector_atom(const ir::Region& region, std::uint64_t set, const ir::Schedule& schedule,
                       std::span<const std::int64_t> extents) {
    int chosen = -1;
    std::pair best(false, std::int64_t{-1});
    for (int atom = static_cast<int>(region.atoms.size()); atom-- > 0;) {
        const std::pair worth(
            extents[static_cast<std::size_t>(atom)] >= shortest_vector_extent(schedule),
            contiguous_elements(region, atom, extents));
        if (has(set, atom) && worth > best) {
            chosen = atom;
            best = worth;
        }
    }
    return chosen;
}

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

/// Bytes of the narrowest number that is computed in the region: all vectors of a kernel have as
/// many elements as fit of these, and wider ones take several registers. Truth values take the
/// lanes of what they come from; alone, and without partial results to combine, they are bytes.
int narrowest_element(const ir::Region& region, ir::Template kind) {
    int bytes = computed_bytes(DType::f64);
    bool only_truth = true;
    for (const ir::Stage& stage : region.stages) {
        if (stage.kind != ir::StageKind::constant && stage.dtype != DType::boolean) {
            bytes = std::min(bytes, computed_bytes(stage.dtype));
            only_truth = false;
        }
    }
    if (!only_truth) {
        return bytes;
    }
    return kind == ir::Template::pointwise ? 1 : computed_bytes(DType::boolean);
}

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
                contiguous_elements(region, atom, extents) > 0 &&
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

/// Whether functions of a row's sum are computed, a logarithm of it: for vectors of rows only where
/// these run across the rows.
bool has_functions_of_rows(const ir::Region& region, const ir::Classification& classification) {
    const std::vector<std::uint64_t> spans = ir::spans(region);
    for (std::size_t i = 0; i < region.stages.size(); ++i) {
        const ir::Stage& stage = region.stages[i];
        if (stage.kind == ir::StageKind::elementwise && ir::is_transcendental(stage.op) &&
            (spans[i] & classification.row_atoms) == 0) {
            return true;
        }
    }
    return false;
}

/// Vectors of partial sums of a row's reductions: fewer for shorter rows, down to one, for vectors
/// across rows gather their elements.
int partial_sums_of_rows(ir::Schedule schedule, const ir::Region& region,
                         const ir::Classification& classification,
                         std::span<const std::int64_t> extents) {
    constexpr std::int64_t least_beside_functions = 32;
    schedule.unroll = 1;
    const int along = choose_vector_atom(region, classification.row_atoms, schedule, extents);
    const std::int64_t extent = extents[static_cast<std::size_t>(along)];
    if (extent < schedule.lanes ||
        (extent < least_beside_functions && has_functions_of_rows(region, classification))) {
        return most_partial_sums;
    }
    while (schedule.unroll < most_partial_sums &&
           extent >= std::int64_t{2} * schedule.unroll * schedule.lanes) {
        schedule.unroll *= 2;
    }
    return schedule.unroll;
}

/// A long chain of sums waits for itself: two vectors have two of them.
bool waits_for_sums(const ir::Schedule& schedule, const ir::Region& region,
                    const ir::Classification& classification,
                    std::span<const std::int64_t> extents) {
    return schedule.vector_atom >= 0 &&
           extents[static_cast<std::size_t>(schedule.vector_atom)] >= 2 * schedule.lanes &&
           ir::fixed_elements(region, classification.row_atoms) > ir::longest_unrolled_row;
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
    const bool counts =
        schedule.vector_atom > 0 ||
        (schedule.vector_atom == 0 &&
         (extents.size() > 1 || std::ranges::any_of(region.inputs, [](const auto& input) {
              return input.kind == ir::InputKind::strided &&
                     input.strides.front() == ir::StrideClass::reversed;
          })));
    const bool fits_tiles =
        schedule.row_atom < 0 ||
        extents[static_cast<std::size_t>(schedule.row_atom)] >= schedule.tile_rows;
    return schedule.kind == ir::Template::pointwise && counts && schedule.result_strip == 0 &&
           fits_tiles &&
           extents[static_cast<std::size_t>(schedule.vector_atom)] >=
               ir::stored_at_a_time(schedule);
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
                schedule.row_atom = atom;
                schedule.tile_rows =
                    std::min(most_rows, cache_line / static_cast<int>(byte_size(input.dtype)));
                // Of whole tiles registers transpose squares, and lines are stored whole.
                const int line = cache_line / static_cast<int>(byte_size(input.dtype));
                if (extent(atom) >= schedule.tile_rows &&
                    extent(schedule.vector_atom) >= std::max(line, schedule.lanes)) {
                    schedule.unroll = std::max(1, line / schedule.lanes);
                }
                return;
            }
        }
    }
}

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

int computed_bytes(DType dtype) {
    return std::max(4, static_cast<int>(byte_size(dtype)));
}

std::int64_t depth_of(const ir::Stage& contraction, std::span<const std::int64_t> extents) {
    std::int64_t depth = 1;
    for (const int atom : contraction.atoms) {
        depth *= extents[static_cast<std::size_t>(atom)];
    }
    return depth;
}

bool is_contiguous(const ir::Region& region, int load, int atom) {
    const int input = region.stages[static_cast<std::size_t>(load)].input;
    const std::vector<ir::StrideClass>& strides =
        region.inputs[static_cast<std::size_t>(input)].strides;
    return atom >= 0 && strides[static_cast<std::size_t>(atom)] == ir::StrideClass::one;
}

bool stores_vectors(const ir::Region& region, int atom) {
    return atom < 0 ||
           std::ranges::any_of(
               region.results,
               [&](const ir::RegionResult& result) {
                   return result.strides[static_cast<std::size_t>(atom)] == ir::StrideClass::one;
               });
}

ir::Schedule default_schedule(const ir::Region& region, const ir::Classification& classification,
                              const ir::Machine& machine, std::span<const std::int64_t> extents) {
    ir::Schedule schedule;
    schedule.kind = *classification.kind;
    schedule.instruction_set = machine.instruction_set;
    schedule.lanes = machine.vector_bytes / narrowest_element(region, schedule.kind);
    schedule.unroll = 2;
    schedule.block = task_points;
    const std::uint64_t all = (std::uint64_t{1} << region.atoms.size()) - 1;
    switch (schedule.kind) {
        case ir::Template::pointwise:
            if (std::ranges::any_of(region.stages, takes_long)) {
                schedule.unroll = 4;
            }
            if (choose_vectors_of_short_rows(schedule, region, extents)) {
                break;
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
            break;
        case ir::Template::row:
            if (ir::is_unrolled(region, classification.row_atoms) &&
                classification.row_atoms != all) {
                schedule.unroll = 1;
                schedule.vector_atom =
                    choose_vector_atom(region, all & ~classification.row_atoms, schedule, extents);
                choose_overlapping_rows_together(schedule, region, classification, machine,
                                                 extents);
                if (schedule.row_atom < 0 &&
                    waits_for_sums(schedule, region, classification, extents)) {
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
            choose_result_strip(schedule, region, machine, extents);
            choose_read_ahead(schedule, region, classification, machine, extents);
            break;
        case ir::Template::reduction:
            choose_vectors_of_sums(schedule, region, classification, extents);
            choose_overlapping_sums_together(schedule, region, classification, machine, extents);
            schedule.kept = kept_stages(region, classification, KeptStages::transcendental);
            choose_read_ahead(schedule, region, classification, machine, extents);
            choose_rows_at_a_time(schedule, region, classification, machine, extents);
            break;
        case ir::Template::contraction:
            schedule_contraction(schedule, region, classification, machine, extents);
            break;
        case ir::Template::row_chain:
            schedule_row_chain(schedule, region, classification, machine, extents);
            break;
        case ir::Template::scan: {
            // Across rows where their elements are neighbours.
            const std::uint64_t axis = classification.final_atoms;
            const int across = choose_vector_atom(region, all & ~axis, schedule, extents);
            const bool sorts = std::ranges::any_of(
                region.stages, [](const ir::Stage& stage) { return stage.op == ir::Op::argsort; });
            const int along = std::countr_zero(axis);
            const bool neighbours = across >= 0 && contiguous_elements(region, across, extents) >
                                                       contiguous_elements(region, along, extents);
            schedule.vector_atom = neighbours && !sorts ? across : along;
            if (sorts) {
                choose_sorted_rows(schedule, region, classification, machine, extents,
                                   neighbours ? across : -1);
            } else {
                choose_scanned_rows(schedule, region, classification, machine, extents);
            }
            break;
        }
        case ir::Template::scatter: {
            // Vectors only along what is contiguous in the result and addressed directly.
            const ir::RegionResult& result = region.results[0];
            const ir::IndexedDim& last = result.scatter.back();
            if (last.stage < 0 && result.strides.back() == ir::StrideClass::one) {
                schedule.vector_atom = last.terms[0].atom;
            }
            break;
        }
    }
    return schedule;
}

std::int64_t row_block(const ir::Schedule& schedule, const ir::Region& region,
                       const ir::Machine& machine, std::span<const std::int64_t> extents) {
    if (schedule.kind == ir::Template::row_chain) {
        return row_chain_block(schedule, region, ir::classify(region), extents);
    }
    constexpr std::int64_t least_task = 1 << 20;  // multiply-adds
    constexpr std::int64_t most_tasks = 8;
    const auto contraction = std::ranges::find(region.stages, ir::StageKind::contraction,
                                               [](const ir::Stage& stage) { return stage.kind; });
    std::int64_t work = 1;
    std::int64_t outer = 1;
    std::int64_t line = 1;
    for (int atom = 0; atom < static_cast<int>(extents.size()); ++atom) {
        std::int64_t extent = std::max<std::int64_t>(extents[static_cast<std::size_t>(atom)], 1);
        const bool contracted =
            std::ranges::find(contraction->atoms, atom) != contraction->atoms.end();
        work *= extent;
        if (atom == schedule.line_atom && ir::rows_go_on(schedule)) {
            line = extent;
            extent = 1;
        } else if (atom == schedule.line_atom) {
            extent = ir::ceiling_quotient(extent, lines_together(schedule, extents));
        }
        const bool in_task = atom == schedule.row_atom || atom == schedule.vector_atom ||
                             std::ranges::find(schedule.together, atom) != schedule.together.end();
        outer *= contracted || in_task ? 1 : extent;
    }
    const bool is_swept = schedule.packing == ir::Packing::swept;
    const bool by_columns = is_swept || schedule.packing == ir::Packing::streamed;
    const int shared = by_columns ? schedule.vector_atom : schedule.row_atom;
    const std::int64_t elements =
        line * (shared < 0 ? 1 : extents[static_cast<std::size_t>(shared)]);
    const int tile = by_columns ? schedule.tile_vectors * schedule.lanes : schedule.tile_rows;
    const std::int64_t tiles =
        std::max<std::int64_t>(ir::ceiling_quotient(elements, std::max(tile, 1)), 1);
    std::int64_t tasks =
        ir::ceiling_quotient(std::clamp<std::int64_t>(work / least_task, 1, most_tasks), outer);
    if (is_swept) {
        // Each task reads all rows again.
        tasks = machine.processors;
    } else if (by_columns) {
        // Each task packs all rows. Of few of them it waits for memory where its runs of columns
        // begin, and what processors fetch past their ends is for nothing.
        constexpr std::int64_t few_rows = 8;
        constexpr std::int64_t least_tiles = 4;
        constexpr std::int64_t enough_tiles = 8;
        const std::int64_t rows =
            schedule.row_atom < 0 ? 1 : extents[static_cast<std::size_t>(schedule.row_atom)];
        const std::int64_t most =
            rows <= few_rows
                ? std::min<std::int64_t>(4 * tiles / schedule.block_columns, machine.processors)
                : std::max<std::int64_t>(
                      tiles / enough_tiles,
                      std::min<std::int64_t>(tiles / least_tiles, machine.processors));
        tasks = std::clamp<std::int64_t>(most, 1, tasks);
    }
    std::int64_t blocks = std::max(
        ir::ceiling_quotient(tiles, by_columns ? schedule.block_columns : schedule.block_rows),
        tasks);
    // An even number of blocks, for an even number of threads.
    blocks = std::min(blocks + (blocks > 1 ? blocks % 2 : 0), tiles);
    return ir::ceiling_quotient(tiles, blocks);
}

std::int64_t column_block(const ir::Schedule& schedule, const ir::Region& region,
                          std::span<const std::int64_t> extents) {
    const auto contraction = std::ranges::find(region.stages, ir::StageKind::contraction,
                                               [](const ir::Stage& stage) { return stage.kind; });
    if (!packs_columns(schedule) || contraction == region.stages.end()) {
        return std::max(schedule.block_columns, 1);
    }
    constexpr std::int64_t least = 4;
    std::int64_t panel_bytes =
        std::int64_t{schedule.tile_vectors} * schedule.lanes * computed_bytes(contraction->dtype);
    for (const int atom : contraction->atoms) {
        panel_bytes *= std::max<std::int64_t>(extents[static_cast<std::size_t>(atom)], 1);
    }
    const std::int64_t most = schedule.block_columns;
    return std::clamp(most * usual_panel_bytes / panel_bytes, std::min(least, most), most);
}

}  // namespace latent::passes
