#include "codegen/lower/row_reductions.h"
#include "codegen/lower/whole_vectors.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::Var;
using Halide::VarOrRVar;

void lower_row(Lowering& lowering) {
    lowering.hoist_numbers();
    const std::uint64_t row = lowering.classification().row_atoms;
    RowReductions reductions(lowering, row);

    // Results have the row's dimensions, or none of them.
    const ir::RegionResult& first = lowering.region().results[0];
    bool whole = false;
    for (const int atom : lowering.atoms_of(row)) {
        whole = whole || first.strides[static_cast<std::size_t>(atom)] != ir::StrideClass::zero;
    }
    const std::uint64_t stored = whole ? lowering.all_atoms() : lowering.all_atoms() & ~row;
    const std::vector<Var> loops = lowering.vars(stored);
    const bool vectors = lowering.is_vector_atom(stored);
    const Halide::Tuple results = lowering.results_at(lowering.loop_coordinates());
    const WholeVectors values(lowering.name(), loops, results);
    Func out(lowering.name());
    out(loops) = vectors ? values.at(loops) : results;

    LoggedSchedule schedule = logged(out, lowering.log());
    schedule.never_partition_all();
    const Var lane("lane");
    std::vector<VarOrRVar> order;
    if (vectors) {
        const Var& loop = lowering.var(lowering.schedule().vector_atom);
        schedule.split(loop, loop, lane, lowering.store_width()).vectorize(lane);
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
    for (const int atom : lowering.atoms_of(stored & ~row)) {
        order.emplace_back(lowering.var(atom));
        outside.push_back({lowering.var(atom), lowering.inputs().extent(atom)});
    }
    if (vectors && !lowering.is_vector_atom(row)) {
        points *= lowering.store_width();
    }
    if (order.size() > 1) {
        schedule.reorder(order);
    }
    VarOrRVar around_vectors = vectors ? order[1] : VarOrRVar(lane);
    if (outside.empty()) {
        reductions.compute_root();
    } else {
        const Var loop = parallel_rows(schedule, outside, points, lowering.schedule().block);
        reductions.compute_at(out, loop);
        if ((stored & row) == 0) {
            around_vectors = loop;
        }
    }
    if (vectors) {
        values.compute_at(out, around_vectors, lowering.var(lowering.schedule().vector_atom),
                          lowering.store_width(), lowering.log());
    }
    lowering.finish(out, lowering.atoms_of(stored));
}

}  // namespace latent::codegen
