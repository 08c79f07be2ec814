#include "passes/schedule/schedule.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "ir/rounding.h"
#include "passes/schedule/atom_set.h"
#include "passes/schedule/rows_together.h"
#include "passes/schedule/schedule_contraction.h"
#include "passes/schedule/schedule_lines.h"
#include "passes/schedule/schedule_pointwise.h"
#include "passes/schedule/schedule_row_chain.h"
#include "passes/schedule/schedule_rows.h"
#include "passes/schedule/vector_atom.h"

namespace latent::passes {

namespace {

/// Points of a task: some 5 us of arithmetic, and 64 KiB of f32.
constexpr std::int64_t task_points = 1 << 14;

/// What an elementwise op takes for a vector, as ir::arithmetic_cost has it but of those that take
/// as long as several functions. (Whether a value is worth computing twice is another question:
/// powers of single numbers are.)
std::int64_t time_of(ir::Op op) {
    switch (op) {
        case ir::Op::pow:
        case ir::Op::erfinv:
            return 60;
        case ir::Op::lgamma:
            return 250;
        default:
            return ir::arithmetic_cost(op);
    }
}

/// The same where each point takes long, for kernels whose tasks have no sums in common. Vectors
/// run along the atom; numbers of a row cost it little.
std::int64_t points_of_task(const ir::Region& region, int vector_atom) {
    constexpr std::int64_t usual_cost = 32;
    constexpr std::int64_t sorting_cost = 256;
    constexpr std::int64_t fewest = 1 << 11;
    const std::vector<std::uint64_t> spans = ir::spans(region);
    std::int64_t cost = 0;
    for (std::size_t i = 0; i < region.stages.size(); ++i) {
        const ir::Stage& stage = region.stages[i];
        if (stage.kind == ir::StageKind::scan) {
            cost += stage.op == ir::Op::argsort ? sorting_cost : 1;
        } else if (stage.kind == ir::StageKind::elementwise &&
                   (vector_atom < 0 || has(spans[i], vector_atom))) {
            cost += time_of(stage.op) * computed_bytes(stage.dtype) / 4;
        }
    }
    std::int64_t points = task_points;
    while (points > fewest && points * cost > task_points * usual_cost) {
        points /= 2;
    }
    return points;
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

/// Across rows where their elements are neighbours.
void schedule_scan(ir::Schedule& schedule, const ir::Region& region,
                   const ir::Classification& classification, const ir::Machine& machine,
                   std::span<const std::int64_t> extents) {
    const std::uint64_t all = (std::uint64_t{1} << region.atoms.size()) - 1;
    const std::uint64_t axis = classification.final_atoms;
    const int across = choose_vector_atom(region, all & ~axis, schedule, extents);
    const bool sorts = ir::sorts(region);
    const int along = std::countr_zero(axis);
    const bool neighbours =
        across >= 0 && contiguous_elements(region, schedule.kind, across, extents) >
                           contiguous_elements(region, schedule.kind, along, extents);
    schedule.vector_atom = neighbours && !sorts ? across : along;
    if (sorts) {
        choose_sorted_rows(schedule, region, classification, machine, extents,
                           neighbours ? across : -1);
    } else {
        choose_scanned_rows(schedule, region, classification, machine, extents);
    }
}

}  // namespace

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

ir::Schedule default_schedule(const ir::Region& region, const ir::Classification& classification,
                              const ir::Machine& machine, std::span<const std::int64_t> extents) {
    ir::Schedule schedule;
    schedule.kind = *classification.kind;
    schedule.instruction_set = machine.instruction_set;
    schedule.lanes = machine.vector_bytes / narrowest_element(region, schedule.kind);
    schedule.unroll = 2;
    schedule.block = task_points;
    switch (schedule.kind) {
        case ir::Template::pointwise:
            schedule_pointwise(schedule, region, machine, extents);
            schedule.block = points_of_task(region, schedule.vector_atom);
            break;
        case ir::Template::row:
            schedule_row(schedule, region, classification, machine, extents);
            schedule.block = points_of_task(region, schedule.vector_atom);
            break;
        case ir::Template::reduction:
            schedule_reduction(schedule, region, classification, machine, extents);
            break;
        case ir::Template::contraction:
            schedule_contraction(schedule, region, classification, machine, extents);
            break;
        case ir::Template::row_chain:
            schedule_row_chain(schedule, region, classification, machine, extents);
            break;
        case ir::Template::scan:
            schedule_scan(schedule, region, classification, machine, extents);
            schedule.block = points_of_task(region, schedule.vector_atom);
            break;
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
