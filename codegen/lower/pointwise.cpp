#include <algorithm>
#include <utility>

#include "codegen/lower/block_transposes.h"
#include "codegen/lower/row_reductions.h"
#include "codegen/lower/streamed_results.h"
#include "codegen/lower/whole_vectors.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::Var;

namespace {

/// The squares that registers transpose of what is read across tiles; 0 where tiles are not whole.
int transposed_square(const Lowering& lowering, const ir::RegionInput& input) {
    const Halide::Type stored = storage_type(input.dtype);
    for (const int size : {lowering.schedule().lanes, 16 / stored.bytes()}) {
        if (lowering.schedule().ends_overlap && transposes_blocks(stored, size) &&
            lowering.schedule().tile_rows % size == 0 && lowering.vector_width() % size == 0) {
            return size;
        }
    }
    return 0;
}

/// Inputs that lie along the rows of tiles, not along vectors, as Funcs that are to be computed for
/// a tile: transposed in registers, or read along the rows and transposed in L1.
std::vector<Func> stage_transposed_inputs(Lowering& lowering) {
    const int row = lowering.schedule().row_atom;
    const int column = lowering.schedule().vector_atom;
    std::vector<Func> tiles;
    if (row < 0) {
        return tiles;
    }
    for (std::size_t i = 0; i < lowering.region().stages.size(); ++i) {
        const ir::Stage& stage = lowering.region().stages[i];
        if (stage.kind != ir::StageKind::load) {
            continue;
        }
        const ir::RegionInput& input =
            lowering.region().inputs[static_cast<std::size_t>(stage.input)];
        if (input.kind != ir::InputKind::strided ||
            input.strides[static_cast<std::size_t>(row)] != ir::StrideClass::one ||
            input.strides[static_cast<std::size_t>(column)] != ir::StrideClass::any) {
            continue;
        }
        std::vector<int> atoms{row};  // innermost in storage too
        for (const int atom : lowering.atoms_of(lowering.span(static_cast<int>(i)))) {
            if (atom != row) {
                atoms.push_back(atom);
            }
        }
        const int square = transposed_square(lowering, input);
        if (square > 0) {
            std::swap(atoms.front(), *std::ranges::find(atoms, column));
        }
        std::vector<Var> loops;
        for (const int atom : atoms) {
            loops.push_back(lowering.var(atom));
        }
        Func tile(lowering.name() + "_tile" + std::to_string(i));
        tile(loops) = lowering.inputs().stored(stage.input, lowering.loop_coordinates());
        LoggedSchedule schedule = logged(tile, lowering.log());
        schedule.never_partition_all();
        if (square > 0) {
            // Lowering knows the loops over a square (transpose_blocks).
            const Var lane("lane"), turn("turn"), columns("columns"), rows("rows");
            schedule.store_in(Halide::MemoryType::Stack)
                .bound_extent(lowering.var(column), lowering.vector_width())
                .bound_extent(lowering.var(row), lowering.schedule().tile_rows)
                .split(lowering.var(column), columns, lane, square, Halide::TailStrategy::RoundUp)
                .split(lowering.var(row), rows, turn, square, Halide::TailStrategy::RoundUp)
                .reorder({lane, turn, columns, rows})
                .vectorize(lane);
        } else {
            vectorize_guarded(schedule, lowering.var(row), lowering.schedule().lanes);
        }
        lowering.define_as_stored(static_cast<int>(i), tile, atoms);
        tiles.push_back(tile);
    }
    return tiles;
}

}  // namespace

void lower_pointwise(Lowering& lowering) {
    lowering.hoist_numbers();
    const std::vector<int> atoms = lowering.atoms_of(lowering.all_atoms());
    const std::vector<Var> loops = lowering.vars(lowering.all_atoms());
    Func out(lowering.name());
    if (atoms.empty()) {
        out() = lowering.results_at({});
        lowering.finish(out, atoms);
        return;
    }
    const int vector_atom = lowering.schedule().vector_atom;
    const int width = lowering.vector_width();
    const int strip = lowering.schedule().result_strip;
    const bool ends_overlap = lowering.schedule().ends_overlap && strip == 0;
    if (!ends_overlap) {
        lowering.compute_past_end(vector_atom, width);
    }
    const std::vector<Func> tiles = stage_transposed_inputs(lowering);
    const WholeVectors values(lowering.name(), loops,
                              lowering.results_at(lowering.loop_coordinates()));
    out(loops) = values.at(loops);
    LoggedSchedule schedule = logged(out, lowering.log());
    const Var inner = lowering.var(vector_atom);
    const int step = strip > 0 ? strip : width;  // elements of an iteration of `inner`
    const Var lane = strip > 0 ? streamed_loop() : Var("lane");
    const Var blocks("blocks");
    // Atoms within the one that vectors run along are short, and stay inside a block of vectors.
    std::vector<Halide::VarOrRVar> order{lane};
    std::vector<Var> rows, unrolled;
    Expr inside = 1;
    if (strip == 0 && tiles.empty() &&
        ir::stores_rows_side_by_side(lowering.region(), lowering.region().results[0],
                                     vector_atom)) {
        // Short rows are stored in vectors as they lie in memory.
        const Var& element = lowering.var(vector_atom + 1);
        const Expr extent = lowering.inputs().extent(vector_atom + 1);
        schedule.bound(element, 0, extent).vectorize(element);
        order.insert(order.begin(), element);
        unrolled.push_back(element);
        inside *= extent;
    }
    if (!tiles.empty()) {
        const Var& row = lowering.var(lowering.schedule().row_atom);
        const Var tile_row("tile_row");
        schedule.split(
            row, row, tile_row, lowering.schedule().tile_rows,
            ends_overlap ? Halide::TailStrategy::ShiftInwards : Halide::TailStrategy::GuardWithIf);
        order.emplace_back(tile_row);
        inside *= lowering.schedule().tile_rows;
    }
    for (const int atom : atoms) {
        if (atom > vector_atom && unrolled.empty()) {
            order.emplace_back(lowering.var(atom));
            inside *= lowering.inputs().extent(atom);
        } else if (atom < vector_atom) {
            rows.push_back(lowering.var(atom));
        }
    }
    // Vectors before blocks, so that only the last vector of a row has a guard, if any. A block is
    // never longer than the row, whose guard would else run through the rest of the block.
    const auto block = static_cast<std::int32_t>(lowering.schedule().block);
    const Expr row_steps = (lowering.inputs().extent(vector_atom) + step - 1) / step;
    const Expr most_steps = block / step / Halide::max(inside, 1);
    const Expr block_steps = Halide::max(Halide::min(row_steps, most_steps), 1);
    schedule
        .split(
            inner, inner, lane, step,
            ends_overlap ? Halide::TailStrategy::ShiftInwards : Halide::TailStrategy::GuardWithIf)
        .split(inner, blocks, inner, block_steps)
        .never_partition_all();
    order.emplace_back(inner);
    const Halide::VarOrRVar around_vectors = order[1 + unrolled.size()];
    if (strip > 0) {
        values.stream_at(out, around_vectors, inner, strip, width, lowering.log());
    } else {
        schedule.vectorize(lane);
        values.compute_at(out, around_vectors, inner, width, lowering.log(), unrolled);
    }
    Expr points = block_steps * step * inside;
    if (!rows.empty()) {
        // Short rows come several at a time: which ones a task has is found by divisions.
        const Expr extent = lowering.inputs().extent(vector_atom - 1);
        const Expr row_count = Halide::max(Halide::min(extent, block / points), 1);
        const Var row = rows.front();
        rows.front() = Var("row_block");
        schedule.split(row, rows.front(), row, row_count);
        order.emplace_back(row);
        points *= row_count;
    }
    rows.push_back(blocks);
    order.insert(order.end(), rows.begin(), rows.end());
    schedule.reorder(order);
    parallel_tasks(schedule, rows, points, block);
    for (const Func& tile : tiles) {
        logged(tile, lowering.log()).compute_at(out, inner);
    }
    lowering.finish(out, atoms);
}

}  // namespace latent::codegen
