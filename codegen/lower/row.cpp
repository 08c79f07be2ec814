#include <algorithm>

#include "codegen/lower/block_transposes.h"
#include "codegen/lower/padded_copies.h"
#include "codegen/lower/row_reductions.h"
#include "codegen/lower/streamed_results.h"
#include "codegen/lower/whole_tiles.h"
#include "codegen/lower/whole_vectors.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::Var;
using Halide::VarOrRVar;

namespace {

/// Whether rows that lie side by side are stored by transposes of as many as a vector has: lowering
/// knows the loop over them (transpose_blocks).
bool stores_transposed(const Lowering& lowering) {
    const ir::Region& region = lowering.region();
    const int width = lowering.store_width();
    const std::int64_t elements = region.atoms.back().fixed;
    return 2 * elements >= width &&
           std::ranges::all_of(region.results, [&](const ir::RegionResult& result) {
               const DType dtype = region.stages[static_cast<std::size_t>(result.stage)].dtype;
               return transposes_blocks(storage_type(dtype), width);
           });
}

/// The loops of rows that are unrolled, over vectors of rows.
void lower_unrolled_row(Lowering& lowering, PaddedCopies& padded, RowReductions& reductions,
                        std::uint64_t stored) {
    const std::uint64_t row = lowering.classification().row_atoms;
    const int across = lowering.schedule().vector_atom;
    const int width = lowering.store_width();
    const std::vector<Var> loops = lowering.vars(stored);
    const WholeVectors values(lowering.name(), loops,
                              lowering.results_at(lowering.loop_coordinates()));
    Func out(lowering.name());
    out(loops) = values.at(loops);
    LoggedSchedule schedule = logged(out, lowering.log());
    schedule.never_partition_all();

    const Var loop = lowering.var(across);
    const Var blocks("blocks");
    Expr points = width;  // results: the few elements of their rows cost little
    const bool side_by_side =
        ir::stores_rows_side_by_side(lowering.region(), lowering.region().results[0], across);
    const bool transposes = side_by_side && stores_transposed(lowering);
    const Var lane(transposes ? whole_blocks_loop : "lane");
    std::vector<VarOrRVar> order{lane};
    for (const int atom : lowering.atoms_of(stored & row)) {
        const Var& element = lowering.var(atom);
        schedule.bound(element, 0, lowering.inputs().extent(atom));
        if (side_by_side && atom + 1 == lowering.inputs().atom_count()) {
            // They are stored in vectors as they lie in memory.
            schedule.vectorize(element);
            order.insert(order.begin(), element);
        } else {
            schedule.unroll(element);
            order.emplace_back(element);
        }
    }
    const std::optional<LoopTogether>& together = reductions.rows_together();
    if (together) {
        const Var& rows = lowering.var(together->atom);
        const Var turn("turn");
        schedule.split(rows, rows, turn, together->turns).unroll(turn);
        order.emplace_back(turn);
        points *= together->turns;
    }
    // A task has a part of the loop over vectors, so that what is inside of it needs no division.
    const Expr vectors = (lowering.inputs().extent(across) + width - 1) / width;
    const auto block = static_cast<std::int32_t>(lowering.schedule().block);
    const Expr block_vectors = Halide::max(Halide::min(vectors, block / points), 1);
    schedule.split(loop, loop, lane, width).split(loop, blocks, loop, block_vectors);
    if (!transposes) {
        schedule.vectorize(lane);
    }
    order.emplace_back(loop);
    std::vector<RowLoop> outside{{blocks, (vectors + block_vectors - 1) / block_vectors}};
    for (const int atom : lowering.atoms_of(stored & ~row)) {
        if (atom != across) {
            const int turns = together && together->atom == atom ? together->turns : 1;
            outside.push_back(
                {lowering.var(atom), (lowering.inputs().extent(atom) + turns - 1) / turns});
        }
    }
    for (const RowLoop& rows : outside) {
        order.emplace_back(rows.var);
    }
    schedule.reorder(order);
    const RowLoops at = parallel_rows(schedule, outside, points * block_vectors, block);
    padded.slide_along(out, at.slide, at.plane, together);
    reductions.compute_at(out, loop, out, at.task);
    std::vector<Var> unrolled = lowering.vars(stored & row);
    if (!padded.empty()) {
        values.compute_in_multiples(loop, width, lowering.log());
    }
    if (together) {
        unrolled.push_back(lowering.var(together->atom));
        values.compute_in_multiples(unrolled.back(), together->turns, lowering.log());
    }
    values.compute_at(out, loop, loop, width, lowering.log(), unrolled);
    lowering.finish(out, lowering.atoms_of(stored));
}

}  // namespace

void lower_row(Lowering& lowering) {
    lowering.hoist_numbers();
    const std::uint64_t row = lowering.classification().row_atoms;
    PaddedCopies padded(lowering);
    RowReductions reductions(lowering, row);

    // Results have the row's dimensions, or none of them.
    const ir::RegionResult& first = lowering.region().results[0];
    bool whole = false;
    for (const int atom : lowering.atoms_of(row)) {
        whole = whole || first.strides[static_cast<std::size_t>(atom)] != ir::StrideClass::zero;
    }
    const std::uint64_t stored = whole ? lowering.all_atoms() : lowering.all_atoms() & ~row;
    if (reductions.unrolls_row()) {
        return lower_unrolled_row(lowering, padded, reductions, stored);
    }
    const std::vector<Var> loops = lowering.vars(stored);
    const bool vectors = lowering.is_vector_atom(stored);
    const Halide::Tuple results = lowering.results_at(lowering.loop_coordinates());
    const WholeVectors values(lowering.name(), loops, results);
    Func out(lowering.name());
    out(loops) = vectors ? values.at(loops) : results;

    LoggedSchedule schedule = logged(out, lowering.log());
    schedule.never_partition_all();
    const int strip = lowering.schedule().result_strip;
    const Var lane = strip > 0 ? streamed_loop() : Var("lane");
    std::vector<VarOrRVar> order;
    if (vectors) {
        const Var& loop = lowering.var(lowering.schedule().vector_atom);
        schedule.split(loop, loop, lane, strip > 0 ? strip : lowering.store_width());
        if (strip == 0) {
            schedule.vectorize(lane);
        }
        order.emplace_back(lane);
    }
    // The row inside, all else outside; vectors that run across rows belong to the outside.
    std::vector<RowLoop> outside;
    Expr points = 1;
    for (const int atom : lowering.atoms_of(stored & row)) {
        order.emplace_back(lowering.var(atom));
    }
    for (const int atom : lowering.atoms_of(row)) {
        points *= lowering.inputs().extent(atom);
    }
    const std::optional<LoopTogether>& together = reductions.rows_together();
    for (const int atom : lowering.atoms_of(stored & ~row)) {
        const Var& loop = lowering.var(atom);
        Expr extent = lowering.inputs().extent(atom);
        if (together && together->atom == atom) {
            const Var turn("turn");
            schedule.split(loop, loop, turn, together->turns);
            order.emplace_back(turn);
            points *= together->turns;
            extent = (extent + together->turns - 1) / together->turns;
        }
        order.emplace_back(loop);
        outside.push_back({loop, extent});
    }
    if (vectors && !lowering.is_vector_atom(row)) {
        points *= lowering.store_width();
    }
    if (order.size() > 1) {
        schedule.reorder(order);
    }
    VarOrRVar around_vectors = vectors ? order[1] : VarOrRVar(lane);
    if (outside.empty()) {
        padded.compute_root();
        reductions.compute_root();
    } else {
        const RowLoops loops_outside =
            parallel_rows(schedule, outside, points, lowering.schedule().block);
        padded.slide_along(out, loops_outside.slide, loops_outside.plane);
        reductions.compute_at(out, loops_outside.row, out, loops_outside.task);
        if ((stored & row) == 0) {
            around_vectors = loops_outside.row;
        }
    }
    if (vectors) {
        const Var& loop = lowering.var(lowering.schedule().vector_atom);
        const int width = lowering.store_width();
        if (strip > 0) {
            values.stream_at(out, around_vectors, loop, strip, width, lowering.log());
        } else {
            if (!padded.empty()) {
                values.compute_in_multiples(loop, width, lowering.log());
            }
            values.compute_at(out, around_vectors, loop, width, lowering.log());
        }
    }
    lowering.finish(out, lowering.atoms_of(stored));
}

}  // namespace latent::codegen
