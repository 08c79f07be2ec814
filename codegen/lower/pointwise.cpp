#include "codegen/lower/lowering.h"

namespace latent::codegen {

using Halide::Func;
using Halide::Partition;
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
    const Var block("block");
    const auto block_points = static_cast<int>(lowering.schedule().block);
    schedule.split(inner, block, inner, block_points)
        .split(inner, inner, lane, lowering.vector_width())
        .vectorize(lane)
        .never_partition_all()
        .partition(inner, Partition::Auto);
    std::vector<Halide::VarOrRVar> order{lane, inner};
    order.insert(order.end(), loops.begin() + 1, loops.end());
    order.emplace_back(block);
    schedule.reorder(order);
    std::vector<Var> rows(loops.begin() + 1, loops.end());
    rows.push_back(block);
    parallel_tasks(schedule, rows, Halide::min(lowering.inputs().extent(atoms[0]), block_points), block_points);
    lowering.finish(out, atoms);
}

}  // namespace latent::codegen
