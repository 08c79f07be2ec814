#include "passes/schedule/rows_together.h"

#include <algorithm>

namespace latent::passes {

void choose_rows_together(ir::Schedule& schedule, const ir::Region& region,
                          const ir::Classification& classification, const ir::Machine& machine,
                          std::span<const std::int64_t> extents) {
    // Not known of the processor itself, but those with AVX-512 are young.
    const int rows_together = machine.instruction_set == ir::InstructionSet::avx512 ? 1 : 4;
    constexpr std::int64_t least_rows = 32;        // of which little is lost at their end
    constexpr std::int64_t least_elements = 1024;  // of a row; shorter ones follow one another
    constexpr std::size_t most_stages = 6;         // whose code is still small
    const std::uint64_t row = classification.row_atoms;
    const auto has = [](std::uint64_t set, int atom) { return (set >> atom & 1) != 0; };
    const bool along_row = schedule.vector_atom >= 0 && has(row, schedule.vector_atom);
    const bool stores_rows =
        !schedule.kept.empty() || std::ranges::any_of(region.results, [&](const auto& result) {
            return (ir::mask_of(result.strides) & row) != 0;
        });
    const bool reads_indexed = std::ranges::any_of(
        region.inputs, [](const auto& input) { return input.kind == ir::InputKind::indexed; });
    if (!along_row || stores_rows || reads_indexed || region.stages.size() > most_stages) {
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

}  // namespace latent::passes
