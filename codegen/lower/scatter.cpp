#include "codegen/lower/accumulation.h"
#include "codegen/lower/lowering.h"
#include "codegen/math/math.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;
using Halide::VarOrRVar;

void lower_scatter(Lowering& lowering) {
    // Updates are added one after the other in row-major order of the index atoms, which are those
    // that the index varies along; the atoms that address the result directly are independent of
    // each other: vectors run along one of them, and tasks share the rest.
    lowering.hoist_numbers();
    const ir::RegionResult& result = lowering.region().results[0];
    std::uint64_t direct = 0;
    for (auto dim = result.scatter.rbegin(); dim != result.scatter.rend(); ++dim) {
        if (dim->stage < 0) {
            direct |= std::uint64_t{1} << dim->terms[0].atom;
        }
    }
    const std::vector<int> sequential = lowering.atoms_of(lowering.all_atoms() & ~direct);
    Coordinates at = lowering.loop_coordinates();
    Halide::Region ranges;
    Expr updates = 1;
    for (const int atom : sequential) {
        ranges.emplace_back(0, lowering.inputs().extent(atom));
        updates = updates * lowering.inputs().extent(atom);
    }
    const RDom domain = ranges.empty() ? RDom() : RDom(ranges, lowering.name() + "_r");
    for (std::size_t i = 0; i < sequential.size(); ++i) {
        at[static_cast<std::size_t>(sequential[i])] = domain[static_cast<int>(i)];
    }

    const StageExpressions::Place place =
        lowering.stages().place(result.scatter, lowering.stages().scatter_dim(), at,
                                [&](int stage) { return lowering.stages().at(stage, at); });
    Func out(lowering.name());
    std::vector<Var> pure;
    std::vector<Expr> target;
    for (std::size_t i = result.scatter.size(); i-- > 0;) {
        const ir::IndexedDim& dim = result.scatter[i];
        pure.push_back(dim.stage < 0 ? lowering.var(dim.terms[0].atom)
                                     : Var("scattered" + std::to_string(i)));
        target.push_back(dim.stage < 0 ? Expr(pure.back()) : place.indices[i]);
    }
    const DType dtype = lowering.region().stages[static_cast<std::size_t>(result.stage)].dtype;
    out(pure) = Halide::undef(storage_type(dtype));
    // A number may be added repeatedly.
    const Expr update = Lowering::tied(lowering.stages().at(result.stage, at), domain);
    // Seeing that it is what is stored already, Halide drops a loop that adds nothing, and holds
    // x - x and x != x for nothing, which they are not for infinities and NaN.
    const Expr before = math::opaque(from_storage(dtype, out(target)));
    out(target) = to_storage(dtype, accumulate(ir::Op::reduce_sum, before, update));
    LoggedSchedule schedule = logged_update(out, lowering.log());
    schedule.never_partition_all();

    std::vector<VarOrRVar> order;
    std::vector<Var> tasks;
    const auto most = static_cast<std::int32_t>(lowering.schedule().block);
    Expr points = Halide::min(updates, most);
    std::uint64_t outside = direct;
    if (lowering.is_vector_atom(direct)) {
        const int inner = lowering.schedule().vector_atom;
        const Var lane("lane");
        const Var blocks("blocks");
        const Var& loop = lowering.var(inner);
        // Every block goes through all indices, so it should be long enough to hide that.
        constexpr int least_vectors = 4;
        constexpr int most_blocks = 8;
        const int width = lowering.vector_width();
        const Expr vectors = (lowering.inputs().extent(inner) + width - 1) / width;
        const Expr block = Halide::max((vectors + most_blocks - 1) / most_blocks, least_vectors);
        schedule.split(loop, loop, lane, width)
            .split(loop, blocks, loop, block)
            .vectorize(lane)
            .partition(loop, Halide::Partition::Auto);
        order = {lane, loop};
        tasks.push_back(blocks);
        points = points * Halide::min(block * width, most);
        outside &= ~(std::uint64_t{1} << inner);
    }
    for (std::size_t i = 0; i < sequential.size(); ++i) {
        order.emplace_back(domain[static_cast<int>(i)]);
    }
    for (const Var& loop : lowering.vars(outside)) {
        tasks.push_back(loop);
    }
    order.insert(order.end(), tasks.begin(), tasks.end());
    if (order.size() > 1) {
        schedule.reorder(order);
    }
    if (!tasks.empty()) {
        parallel_tasks(schedule, tasks, points, lowering.schedule().block);
    }
    lowering.finish_scattered(out);
}

}  // namespace latent::codegen
