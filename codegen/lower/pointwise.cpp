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
    const Var inner = loops[0];
    const Var lane("lane");
    const Var blocks("blocks");
    // Vectors before blocks, so that only the last vector of a row has a guard. A block is never
    // longer than the row, whose guard would else run through the rest of the block.
    const int width = lowering.vector_width();
    const auto block = static_cast<std::int32_t>(lowering.schedule().block);
    const Expr row_vectors = (lowering.inputs().extent(atoms[0]) + width - 1) / width;
    const Expr block_vectors = Halide::max(Halide::min(row_vectors, block / width), 1);
    schedule.split(inner, inner, lane, width)
        .split(inner, blocks, inner, block_vectors)
        .vectorize(lane)
        .never_partition_all();
    std::vector<Halide::VarOrRVar> order{lane, inner};
    order.insert(order.end(), loops.begin() + 1, loops.end());
    order.emplace_back(blocks);
    schedule.reorder(order);
    std::vector<Var> rows(loops.begin() + 1, loops.end());
    rows.push_back(blocks);
    parallel_tasks(schedule, rows, block_vectors * width, block);
    lowering.finish(out, atoms);
}

}  // namespace latent::codegen
