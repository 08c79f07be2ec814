#include "passes/partition/possible_schedule.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <vector>

namespace latent::passes {

namespace {

/// Whether columns that go on from line to line are at most so far from the first that a kernel
/// counts them in 32 bits.
bool columns_are_near(const KernelStep& step, std::size_t line) {
    // As much again is left for the columns of the last line.
    constexpr std::int64_t farthest = std::int64_t{1} << 30;
    const std::int64_t lines = std::max<std::int64_t>(step.extents[line], 1);
    return std::ranges::none_of(step.inputs, [&](const InputBinding& input) {
        return line < input.strides.size() && std::abs(input.strides[line]) > farthest / lines;
    });
}

/// Whether each line lies behind the one before in the results of a contraction, and in all that
/// its sum is combined with, so that rows which go on from line to line are those of one line.
bool lines_are_one(const KernelStep& step, std::size_t line, std::size_t row) {
    const std::int64_t length = step.extents[row];
    const bool stores_along_rows = step.results[0].strides[row] == 1;
    const auto follow = [&](const std::vector<std::int64_t>& strides) {
        return strides[line] == strides[row] * length;
    };
    std::vector<bool> is_combined(step.region.stages.size());
    for (const ir::Stage& stage : step.region.stages) {
        for (const int operand : stage.operands) {
            is_combined[static_cast<std::size_t>(operand)] =
                is_combined[static_cast<std::size_t>(operand)] ||
                stage.kind != ir::StageKind::contraction;
        }
    }
    for (std::size_t i = 0; i < is_combined.size(); ++i) {
        const ir::Stage& stage = step.region.stages[i];
        if (!is_combined[i] || stage.input < 0) {
            continue;
        }
        const auto input = static_cast<std::size_t>(stage.input);
        const std::vector<std::int64_t>& strides = step.inputs[input].strides;
        switch (step.region.inputs[input].kind) {
            case ir::InputKind::scalar:
                break;
            case ir::InputKind::strided:
                // Vectors of rows are read past the last one, where these are neighbours.
                if (!follow(strides) ||
                    (stores_along_rows && (strides[row] < 0 || strides[row] > 1))) {
                    return false;
                }
                break;
            case ir::InputKind::indexed:
                return false;
            case ir::InputKind::affine:
            case ir::InputKind::position:
                if (!follow(strides)) {
                    return false;
                }
                break;
        }
    }
    return step.extents[line] <=
               std::numeric_limits<std::int32_t>::max() / 2 / std::max<std::int64_t>(length, 1) &&
           std::ranges::all_of(step.results,
                               [&](const ResultBinding& result) { return follow(result.strides); });
}

}  // namespace

ir::Schedule possible_schedule(const KernelStep& step, ir::Schedule schedule) {
    // Blocks of rows that are scanned or sorted together overlap at the ends; those that are
    // scanned are transposed in square blocks.
    const auto has_block = [&](int atom) {
        return atom >= 0 && step.extents[static_cast<std::size_t>(atom)] >= schedule.tile_rows;
    };
    const bool sorts = ir::sorts(step.region);
    if (schedule.kind == ir::Template::scan &&
        !(has_block(schedule.row_atom) && (sorts || has_block(schedule.vector_atom)))) {
        schedule.row_atom = -1;
        schedule.tile_rows = 0;
    }
    schedule.ends_overlap = schedule.ends_overlap && ir::ends_fit(schedule, step.extents);
    if (schedule.tile_lines > 0) {
        return schedule;
    }
    const auto line = static_cast<std::size_t>(schedule.line_atom);
    if (ir::rows_go_on(schedule)
            ? !lines_are_one(step, line, static_cast<std::size_t>(schedule.row_atom))
            : !columns_are_near(step, line)) {
        schedule.line_atom = -1;
        schedule.tile_lines = 1;
    }
    return schedule;
}

}  // namespace latent::passes
