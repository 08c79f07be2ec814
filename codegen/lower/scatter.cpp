#include "codegen/lower/accumulation.h"
#include "codegen/lower/lowering.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;
using Halide::VarOrRVar;

void lower_scatter(Lowering& lowering) {
    // Updates are added one after the other in row-major order of the index atoms, which are those
    // that the index varies along; the atoms that address the result directly are independent of
    // each other.
    lowering.hoist_numbers();
    const ir::RegionResult& result = lowering.region().results[0];
    std::uint64_t direct = 0;
    std::vector<int> direct_atoms;
    for (auto dim = result.scatter.rbegin(); dim != result.scatter.rend(); ++dim) {
        if (dim->stage < 0) {
            direct |= std::uint64_t{1} << dim->terms[0].atom;
        }
    }
    const std::vector<int> sequential = lowering.atoms_of(lowering.all_atoms() & ~direct);
    Coordinates at = lowering.loop_coordinates();
    std::vector<VarOrRVar> order = {};
    for (const int atom : lowering.atoms_of(direct)) {
        order.emplace_back(lowering.var(atom));
    }
    Halide::Region ranges;
    for (const int atom : sequential) {
        ranges.emplace_back(0, lowering.inputs().extent(atom));
    }
    const RDom domain = ranges.empty() ? RDom() : RDom(ranges, lowering.name() + "_r");
    for (std::size_t i = 0; i < sequential.size(); ++i) {
        at[static_cast<std::size_t>(sequential[i])] = domain[static_cast<int>(i)];
    }
    for (std::size_t i = 0; i < sequential.size(); ++i) {
        order.emplace_back(domain[static_cast<int>(i)]);
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
    const Expr before = from_storage(dtype, out(target));
    out(target) = to_storage(
        dtype, accumulate(ir::Op::reduce_sum, before, lowering.stages().at(result.stage, at)));
    LoggedSchedule schedule = logged_update(out, lowering.log());
    schedule.never_partition_all();
    if (order.size() > 1) {
        schedule.reorder(order);
    }
    const int inner = lowering.atoms_of(direct).empty() ? -1 : lowering.atoms_of(direct).front();
    if (inner >= 0 && inner == lowering.schedule().vector_atom) {
        const Var lane("lane");
        const Var& loop = lowering.var(inner);
        schedule.split(loop, loop, lane, lowering.vector_width())
            .vectorize(lane)
            .partition(loop, Halide::Partition::Auto);
    }
    lowering.finish_scattered(out);
}

}  // namespace latent::codegen
