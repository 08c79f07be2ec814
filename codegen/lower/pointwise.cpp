#include "codegen/lower/lowering.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::Var;

void lower_pointwise(Lowering& lowering) {
    lowering.hoist_numbers();
    const std::vector<int> atoms = lowering.atoms_of(lowering.all_atoms());
    const std::vector<Var> loops = lowering.vars(lowering.all_atoms());
    Func out(lowering.name());
    out(loops) = lowering.results_at(lowering.loop_coordinates());
    LoggedSchedule schedule = logged(out, lowering.log());
    if (atoms.empty()) {
        lowering.finish(out, atoms);
        return;
    }
    const int vector_atom = lowering.schedule().vector_atom;
    const Var inner = lowering.var(vector_atom);
    const Var lane("lane");
    const Var blocks("blocks");
    // Atoms within the one that vectors run along are short, and stay inside a block of vectors.
    std::vector<Halide::VarOrRVar> order{lane};
    std::vector<Var> rows;
    Expr inside = 1;
    for (const int atom : atoms) {
        if (atom > vector_atom) {
            order.emplace_back(lowering.var(atom));
            inside *= lowering.inputs().extent(atom);
        } else if (atom < vector_atom) {
            rows.push_back(lowering.var(atom));
        }
    }
    // Vectors before blocks, so that only the last vector of a row has a guard. A block is never
    // longer than the row, whose guard would else run through the rest of the block.
    const int width = lowering.vector_width();
    const auto block = static_cast<std::int32_t>(lowering.schedule().block);
    const Expr row_vectors = (lowering.inputs().extent(vector_atom) + width - 1) / width;
    const Expr most_vectors = block / width / Halide::max(inside, 1);
    const Expr block_vectors = Halide::max(Halide::min(row_vectors, most_vectors), 1);
    // That guard has a loop of its own: behind a branch, the divisions by which the indices of the
    // rows are found would be done again for each vector.
    schedule.split(inner, inner, lane, width)
        .split(inner, blocks, inner, block_vectors)
        .vectorize(lane)
        .never_partition_all()
        .partition(inner, Halide::Partition::Auto);
    rows.push_back(blocks);
    order.emplace_back(inner);
    order.insert(order.end(), rows.begin(), rows.end());
    schedule.reorder(order);
    parallel_tasks(schedule, rows, block_vectors * width * inside, block);
    lowering.finish(out, atoms);
}

}  // namespace latent::codegen
