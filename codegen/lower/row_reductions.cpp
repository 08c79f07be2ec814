#include "codegen/lower/row_reductions.h"

#include <algorithm>

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::Partition;
using Halide::RDom;
using Halide::Var;
using Halide::VarOrRVar;

Expr combine_lanes(ir::Op op, std::vector<Expr> terms) {
    while (terms.size() > 1) {
        const std::size_t half = (terms.size() + 1) / 2;
        for (std::size_t i = 0; i + half < terms.size(); ++i) {
            terms[i] = reduction_step(op, terms[i], terms[i + half]);
        }
        terms.resize(half);
    }
    return terms.front();
}

RowReductions::RowReductions(Lowering& lowering, std::uint64_t row_atoms) : lowering_(lowering), row_(row_atoms) {
    const ir::Region& region = lowering.region();
    const std::vector<int>& kept = lowering.schedule().kept;
    std::uint64_t final_atoms = lowering.classification().final_atoms;
    for (int i = 0; i < static_cast<int>(region.stages.size()); ++i) {
        const ir::Stage& stage = region.stages[static_cast<std::size_t>(i)];
        if (stage.kind == ir::StageKind::reduce) {
            const bool over_row = std::ranges::none_of(
                stage.atoms, [&](int atom) { return (final_atoms >> atom & 1) != 0; });
            if (over_row) {
                define_reduction(i);
            }
        } else if (std::ranges::find(kept, i) != kept.end()) {
            define_kept(i);
        }
    }
}

void RowReductions::enter(int stage, const Func& func, const std::vector<int>& atoms) {
    lowering_.stages().define(stage, [func, atoms](const Coordinates& coordinates) {
        return func(Lowering::arguments_for(atoms, coordinates));
    });
}

void RowReductions::define_kept(int stage) {
    const std::uint64_t span = lowering_.span(stage);
    Func kept(lowering_.name() + "_kept" + std::to_string(stage));
    kept(lowering_.vars(span)) = lowering_.stages().at(stage, lowering_.loop_coordinates());
    LoggedSchedule schedule = logged(kept, lowering_.log());
    schedule.never_partition_all();
    if (lowering_.is_vector_atom(span)) {
        vectorize_guarded(schedule, lowering_.var(lowering_.schedule().vector_atom), lowering_.vector_width());
    }
    funcs_.push_back(kept);
    enter(stage, kept, lowering_.atoms_of(span));
}

void RowReductions::define_reduction(int stage) {
    const int operand = lowering_.region().stages[static_cast<std::size_t>(stage)].operands[0];
    const std::vector<int> outer = lowering_.atoms_of(lowering_.span(operand) & ~row_);
    if (lowering_.is_vector_atom(row_)) {
        define_along_row(stage, outer);
    } else {
        define_across_row(stage, outer);
    }
}

void RowReductions::define_along_row(int stage, const std::vector<int>& outer) {
    const ir::Stage& reduction = lowering_.region().stages[static_cast<std::size_t>(stage)];
    const Halide::Type type = compute_type(reduction.dtype);
    const std::string name = lowering_.name() + "_reduce" + std::to_string(stage);
    const int lanes = lowering_.schedule().lanes;
    const int width = lowering_.vector_width();
    const int vector_atom = lowering_.schedule().vector_atom;

    std::vector<Var> outer_vars;
    for (const int atom : outer) {
        outer_vars.push_back(lowering_.var(atom));
    }
    const Var lane("lane");
    std::vector<Var> partial_vars = outer_vars;
    partial_vars.insert(partial_vars.begin(), lane);

    Coordinates at = lowering_.loop_coordinates();
    Halide::Region ranges;
    const std::vector<int> row = lowering_.atoms_of(row_);
    for (const int atom : row) {
        const Expr extent = lowering_.inputs().extent(atom);
        ranges.emplace_back(0, atom == vector_atom ? (extent + width - 1) / width : extent);
    }
    RDom domain(ranges, name + "_r");
    for (std::size_t i = 0; i < row.size(); ++i) {
        at[static_cast<std::size_t>(row[i])] = domain[static_cast<int>(i)];
    }
    Expr& position = at[static_cast<std::size_t>(vector_atom)];
    position = position * width + lane;
    domain.where(Halide::likely(position < lowering_.inputs().extent(vector_atom)));
    const int chunk = static_cast<int>(std::ranges::find(row, vector_atom) - row.begin());

    Func partial(name + "_partial");
    partial(partial_vars) = reduction_identity(reduction.op, type);
    partial(partial_vars) = reduction_step(reduction.op, partial(partial_vars),
                                           lowering_.stages().at(reduction.operands[0], at));
    logged(partial, lowering_.log()).store_in(Halide::MemoryType::Stack).vectorize(lane, lanes).unroll(lane);
    std::vector<VarOrRVar> order{lane, domain[chunk]};
    for (int i = 0; i < static_cast<int>(row.size()); ++i) {
        if (i != chunk) {
            order.emplace_back(domain[i]);
        }
    }
    logged_update(partial, lowering_.log())
        .reorder(order)
        .vectorize(lane, lanes)
        .unroll(lane)
        .never_partition_all()
        .partition(domain[chunk], Partition::Auto);

    const auto partial_at = [&](const Expr& index) {
        std::vector<Expr> arguments(outer_vars.begin(), outer_vars.end());
        arguments.insert(arguments.begin(), index);
        return Expr(partial(arguments));
    };
    // Vectors of partial results first, so that the tree over lanes is short.
    Func vector(name + "_vector");
    std::vector<Expr> vectors;
    for (int i = 0; i < width / lanes; ++i) {
        vectors.push_back(partial_at(lane + i * lanes));
    }
    vector(partial_vars) = combine_lanes(reduction.op, std::move(vectors));
    logged(vector, lowering_.log())
        .store_in(Halide::MemoryType::Stack)
        .bound_extent(lane, lanes)
        .vectorize(lane)
        .never_partition_all();

    Func total(name);
    std::vector<Expr> terms;
    for (int i = 0; i < lanes; ++i) {
        std::vector<Expr> arguments(outer_vars.begin(), outer_vars.end());
        arguments.insert(arguments.begin(), i);
        terms.emplace_back(vector(arguments));
    }
    total(outer_vars) = combine_lanes(reduction.op, std::move(terms));
    logged(total, lowering_.log()).never_partition_all();
    funcs_.insert(funcs_.end(), {partial, vector, total});
    enter(stage, total, outer);
}

void RowReductions::define_across_row(int stage, const std::vector<int>& outer) {
    const ir::Stage& reduction = lowering_.region().stages[static_cast<std::size_t>(stage)];
    const std::string name = lowering_.name() + "_reduce" + std::to_string(stage);
    std::vector<Var> vars;
    std::uint64_t span = 0;
    for (const int atom : outer) {
        vars.push_back(lowering_.var(atom));
        span |= std::uint64_t{1} << atom;
    }
    Coordinates at = lowering_.loop_coordinates();
    Halide::Region ranges;
    const std::vector<int> row = lowering_.atoms_of(row_);
    for (const int atom : row) {
        ranges.emplace_back(0, lowering_.inputs().extent(atom));
    }
    const RDom domain(ranges, name + "_r");
    std::vector<VarOrRVar> order(vars.begin(), vars.end());
    for (std::size_t i = 0; i < row.size(); ++i) {
        at[static_cast<std::size_t>(row[i])] = domain[static_cast<int>(i)];
        order.emplace_back(domain[static_cast<int>(i)]);
    }
    Func total(name);
    total(vars) = reduction_identity(reduction.op, compute_type(reduction.dtype));
    total(vars) = reduction_step(reduction.op, total(vars), lowering_.stages().at(reduction.operands[0], at));
    LoggedSchedule start = logged(total, lowering_.log());
    LoggedSchedule update = logged_update(total, lowering_.log());
    start.never_partition_all();
    update.reorder(order).never_partition_all();
    if (lowering_.is_vector_atom(span)) {
        const Var& loop = lowering_.var(lowering_.schedule().vector_atom);
        vectorize_guarded(start, loop, lowering_.vector_width());
        vectorize_guarded(update, loop, lowering_.vector_width());
    }
    funcs_.push_back(total);
    enter(stage, total, outer);
}

void RowReductions::compute_at(const Func& consumer, const VarOrRVar& loop) {
    for (const Func& func : funcs_) {
        logged(func, lowering_.log()).compute_at(consumer, loop);
    }
}

void RowReductions::compute_root() {
    for (const Func& func : funcs_) {
        logged(func, lowering_.log()).compute_root();
    }
}

}  // namespace latent::codegen
