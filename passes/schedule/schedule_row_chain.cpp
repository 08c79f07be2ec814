#include "passes/schedule/schedule_row_chain.h"

#include <algorithm>
#include <vector>

#include "ir/rounding.h"
#include "passes/schedule/atom_set.h"
#include "passes/schedule/schedule.h"
#include "passes/schedule/schedule_rows.h"

namespace latent::passes {

namespace {

/// The longest atom of the set, of equal ones the innermost.
int longest(std::uint64_t set, std::span<const std::int64_t> extents) {
    int chosen = -1;
    for (int atom = static_cast<int>(extents.size()); atom-- > 0;) {
        if (has(set, atom) && (chosen < 0 || extents[static_cast<std::size_t>(atom)] >
                                                 extents[static_cast<std::size_t>(chosen)])) {
            chosen = atom;
        }
    }
    return chosen;
}

/// Rows of a register tile: as many as registers hold, or a few less where that many rows would go
/// far past the last one. (Of 256 rows 19 tiles of 14 are 266, 20 of 13 are 260.)
int rows_of_tile(std::int64_t rows, int most) {
    const int least = most * 6 / 7;
    constexpr std::int64_t worthwhile = 64;  // of the rows
    int chosen = most;
    for (int tile = most - 1; tile >= least; --tile) {
        const std::int64_t spared = ir::rounded_up(rows, chosen) - ir::rounded_up(rows, tile);
        chosen = spared * worthwhile > rows ? tile : chosen;
    }
    return chosen;
}

}  // namespace

void schedule_row_chain(ir::Schedule& schedule, const ir::Region& region,
                        const ir::Classification& classification, const ir::Machine& machine,
                        std::span<const std::int64_t> extents) {
    const ir::Stage& last =
        region.stages[static_cast<std::size_t>(classification.final_reductions[0])];
    const std::vector<std::uint64_t> spans = ir::spans(region);
    const std::uint64_t weights = spans[static_cast<std::size_t>(classification.weights[0])];
    const std::uint64_t values = spans[static_cast<std::size_t>(classification.values_loads[0])];
    const int row = last.atoms[0];
    const auto element =
        std::max<std::int64_t>(4, static_cast<std::int64_t>(byte_size(last.dtype)));
    schedule.vector_atom = row;
    schedule.row_atom = longest(weights & ~values, extents);
    schedule.lanes = machine.vector_bytes / static_cast<int>(element);
    schedule.unroll = 4;
    schedule.tile_vectors = 2;
    const std::int64_t rows = extents[static_cast<std::size_t>(schedule.row_atom)];
    const int most_rows = (machine.registers - 4) / 2;
    schedule.tile_rows = rows < most_rows ? static_cast<int>(rows) : rows_of_tile(rows, most_rows);
    // The rows of the first products and of the weights stay in a quarter of L2.
    constexpr std::int64_t most_tiles = 2;
    const std::int64_t row_bytes =
        extents[static_cast<std::size_t>(row)] * element *
        static_cast<std::int64_t>(classification.row_contractions.size() +
                                  classification.weights.size());
    schedule.block_rows = static_cast<int>(std::clamp<std::int64_t>(
        machine.l2_bytes / 4 / std::max<std::int64_t>(row_bytes * schedule.tile_rows, 1), 1,
        most_tiles));
    schedule.kept = kept_stages(region, classification, KeptStages::transcendental);
}

std::int64_t row_chain_block(const ir::Schedule& schedule, const ir::Region& region,
                             const ir::Classification& classification,
                             std::span<const std::int64_t> extents) {
    // Each task packs what the first products are made of again.
    constexpr std::int64_t least_task = 1 << 20;  // multiply-adds
    constexpr std::int64_t least_rows = 64;
    constexpr std::int64_t most_tasks = 16;
    const ir::Stage& last =
        region.stages[static_cast<std::size_t>(classification.final_reductions[0])];
    const std::vector<std::uint64_t> spans = ir::spans(region);
    const std::uint64_t weights = spans[static_cast<std::size_t>(classification.weights[0])];
    std::int64_t work = 1;
    std::int64_t outer = 1;
    for (int atom = 0; atom < static_cast<int>(extents.size()); ++atom) {
        const std::int64_t extent =
            std::max<std::int64_t>(extents[static_cast<std::size_t>(atom)], 1);
        work *= has(classification.row_contracted, atom) ? 1 : extent;
        const bool inside = atom == schedule.row_atom || atom == last.atoms[0];
        outer *= has(weights, atom) && !inside ? extent : 1;
    }
    const std::int64_t block = std::int64_t{schedule.tile_rows} * schedule.block_rows;
    const std::int64_t blocks = std::max<std::int64_t>(
        ir::ceiling_quotient(extents[static_cast<std::size_t>(schedule.row_atom)], block), 1);
    const std::int64_t wanted = std::clamp<std::int64_t>(work / least_task, 1, most_tasks);
    const std::int64_t tasks = std::min(ir::ceiling_quotient(wanted, outer), blocks);
    return std::max(ir::ceiling_quotient(blocks, tasks), ir::ceiling_quotient(least_rows, block));
}

}  // namespace latent::passes
