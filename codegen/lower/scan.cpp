#include <algorithm>

#include "codegen/lower/row_reductions.h"
#include "codegen/lower/sort_keys.h"
#include "codegen/math/math.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;
using Halide::VarOrRVar;

namespace {

/// The scans of a region: each goes element by element along the axis; vectors run across other
/// dimensions, or, where the axis is the only one worth it, along what is computed before and
/// after. There the schedule may have vectors of neighbouring rows too, which then are transposed
/// before and after their scans: one row waits for each of its sums.
class Scans {
  public:
    explicit Scans(Lowering& lowering)
        : lowering_(lowering),
          axis_(lowering.atoms_of(lowering.classification().final_atoms).front()),
          extent_(lowering.inputs().extent(axis_)),
          sorts_(ir::sorts(lowering.region())),
          within_(lowering.stages()) {
        const ir::Region& region = lowering.region();
        if (together()) {
            transpose_loads();
        }
        for (int i = 0; i < static_cast<int>(region.stages.size()); ++i) {
            const ir::Stage& stage = region.stages[static_cast<std::size_t>(i)];
            if (stage.kind != ir::StageKind::scan) {
                continue;
            }
            if (stage.op == ir::Op::argsort) {
                define_sort(i, stage);
                continue;
            }
            for (const int operand : stage.operands) {
                keep_operand(operand);
            }
            define_recurrence(i, stage);
        }
        if (together()) {
            transpose_scans();
        }
    }

    /// Whether vectors are of neighbouring rows.
    bool together() const {
        return lowering_.schedule().row_atom >= 0 && !sorts_ &&
               lowering_.schedule().vector_atom == axis_;
    }
    /// Whether neighbouring rows are sorted by one call.
    bool sorts_together() const { return lowering_.schedule().row_atom >= 0 && sorts_; }

    void compute_at(const Func& consumer, const VarOrRVar& loop) {
        for (const Func& func : funcs_) {
            logged(func, lowering_.log()).compute_at(consumer, loop);
        }
    }
    void compute_root() {
        for (const Func& func : funcs_) {
            logged(func, lowering_.log()).compute_root();
        }
    }

  private:
    std::uint64_t set_of(int atom) const { return std::uint64_t{1} << atom; }

    /// Gives a Func the whole axis, past whose end a loop over vectors of the results must not
    /// reach.
    void keep_whole(Func& func) {
        logged(func, lowering_.log()).bound(lowering_.var(axis_), 0, extent_).never_partition_all();
    }

    /// The same for one that is computed point by point.
    void schedule_pointwise(Func& func, std::uint64_t span) {
        keep_whole(func);
        if (lowering_.is_vector_atom(span)) {
            LoggedSchedule schedule = logged(func, lowering_.log());
            vectorize_guarded(schedule, lowering_.var(lowering_.schedule().vector_atom),
                              lowering_.store_width());
        }
    }

    void enter(int stage, const Func& func, const std::vector<int>& atoms) {
        enter_within(stage, func, atoms);
        lowering_.define_as(stage, func, atoms);
    }

    /// A Func that scans alone read.
    void enter_within(int stage, const Func& func, const std::vector<int>& atoms) {
        funcs_.push_back(func);
        within_.define(stage, [func, atoms](const Coordinates& at) {
            return Expr(func(Lowering::arguments_for(atoms, at)));
        });
    }

    const Var& row() const { return lowering_.var(lowering_.schedule().row_atom); }
    int rows() const { return lowering_.schedule().tile_rows; }

    /// The atoms of `set`, `first` before the others.
    std::vector<int> atoms_from(int first, std::uint64_t set) const {
        std::vector<int> atoms{first};
        for (const int atom : lowering_.atoms_of(set)) {
            if (atom != first) {
                atoms.push_back(atom);
            }
        }
        return atoms;
    }
    std::vector<Var> loops_of(const std::vector<int>& atoms) const {
        std::vector<Var> loops;
        for (const int atom : atoms) {
            loops.push_back(lowering_.var(atom));
        }
        return loops;
    }

    /// Makes a copy of blocks of as many elements along the axis as there are rows, in vectors
    /// along `lane`, a transpose: lowering knows its loops (transpose_blocks).
    void schedule_transpose(const Func& func, const Var& lane, const Var& turn) {
        const Var block("block");
        LoggedSchedule schedule = logged(func, lowering_.log());
        schedule.bound(lowering_.var(axis_), 0, extent_)
            .bound_extent(row(), rows())
            .never_partition_all()
            .split(lowering_.var(axis_), block, lowering_.var(axis_), rows(),
                   Halide::TailStrategy::ShiftInwards)
            .reorder({lane, turn, block})
            .vectorize(lane);
    }

    /// What is read along the axis, with neighbouring rows side by side.
    void transpose_loads() {
        const int row_atom = lowering_.schedule().row_atom;
        for (int i = 0; i < static_cast<int>(lowering_.region().stages.size()); ++i) {
            const std::uint64_t both = set_of(axis_) | set_of(row_atom);
            if (stage_of(i).kind != ir::StageKind::load || (lowering_.span(i) & both) != both) {
                continue;
            }
            const ir::RegionInput& input =
                lowering_.region().inputs[static_cast<std::size_t>(stage_of(i).input)];
            if (input.kind != ir::InputKind::strided) {
                continue;
            }
            const std::vector<int> atoms = atoms_from(row_atom, lowering_.span(i));
            Func rows(lowering_.name() + "_rows" + std::to_string(i));
            rows(loops_of(atoms)) = lowering_.stages().at(i, lowering_.loop_coordinates());
            schedule_transpose(rows, row(), lowering_.var(axis_));
            enter_within(i, rows, atoms);
        }
    }

    /// The scans as what follows reads them, in vectors along the axis.
    void transpose_scans() {
        for (int i = 0; i < static_cast<int>(lowering_.region().stages.size()); ++i) {
            if (stage_of(i).kind != ir::StageKind::scan) {
                continue;
            }
            const std::vector<int> atoms = atoms_from(axis_, span_of_scan(i));
            Func along(lowering_.name() + "_along" + std::to_string(i));
            along(loops_of(atoms)) = within_.at(i, lowering_.loop_coordinates());
            schedule_transpose(along, lowering_.var(axis_), row());
            funcs_.push_back(along);
            lowering_.define_as(i, along, atoms);
        }
    }

    std::uint64_t span_of_scan(int stage) const {
        const std::uint64_t span = lowering_.span(stage) | set_of(axis_);
        return together() ? span | set_of(lowering_.schedule().row_atom) : span;
    }

    /// Vectors along the axis cannot reach into a scan: what it takes is computed before it.
    void keep_operand(int stage) {
        if (stage_of(stage).kind != ir::StageKind::elementwise || together() ||
            !lowering_.is_vector_atom(set_of(axis_))) {
            return;
        }
        const std::uint64_t span = lowering_.span(stage) | set_of(axis_);
        Func kept(lowering_.name() + "_kept" + std::to_string(stage));
        kept(lowering_.vars(span)) = lowering_.stages().at(stage, lowering_.loop_coordinates());
        schedule_pointwise(kept, span);
        enter(stage, kept, lowering_.atoms_of(span));
    }

    Expr step(const ir::Stage& stage, const Expr& before, const Coordinates& at) const {
        const auto operand = [&](std::size_t k) { return within_.at(stage.operands[k], at); };
        switch (stage.op) {
            case ir::Op::cumulative_sum:
                return math::add(before, operand(0));
            case ir::Op::cumulative_max:
                return math::maximum(before, operand(0));
            case ir::Op::linear_recurrence:
                return math::add(math::multiply(operand(0), before), operand(1));
            default:
                throw InternalError("not a recurrence");
        }
    }

    void define_recurrence(int index, const ir::Stage& stage) {
        const std::uint64_t span = span_of_scan(index);
        const std::vector<int> atoms =
            together() ? atoms_from(lowering_.schedule().row_atom, span) : lowering_.atoms_of(span);
        Func scan(lowering_.name() + "_scan" + std::to_string(index));
        const auto place = [&](const Expr& k) {
            Coordinates at = lowering_.loop_coordinates();
            at[static_cast<std::size_t>(axis_)] = stage.reverse ? extent_ - 1 - k : k;
            return at;
        };
        const auto at = [&](const Coordinates& coordinates) {
            return scan(Lowering::arguments_for(atoms, coordinates));
        };
        scan(loops_of(atoms)) = Halide::undef(compute_type(stage.dtype));
        at(place(0)) = within_.at(stage.operands.back(), place(0));
        const RDom rest(1, extent_ - 1, lowering_.name() + "_k" + std::to_string(index));
        at(place(rest)) = step(stage, at(place(rest - 1)), place(rest));
        const bool across_rows = together() || (!lowering_.is_vector_atom(set_of(axis_)) &&
                                                lowering_.is_vector_atom(span));
        for (int update = 0; update < 2; ++update) {
            LoggedSchedule schedule = logged_update(scan, lowering_.log(), update);
            schedule.never_partition_all();
            std::vector<VarOrRVar> order;
            for (const int atom : atoms) {
                if (atom != axis_) {
                    order.emplace_back(lowering_.var(atom));
                }
            }
            if (update == 1) {
                // Rows one after the other; vectors of rows side by side.
                order.insert(across_rows ? order.begin() + 1 : order.begin(), rest.x);
            }
            if (order.size() > 1) {
                schedule.reorder(order);
            }
            if (together()) {
                schedule.vectorize(row());
            } else if (across_rows) {
                vectorize_guarded(schedule, lowering_.var(lowering_.schedule().vector_atom),
                                  lowering_.store_width());
            }
        }
        keep_whole(scan);
        if (together()) {
            logged(scan, lowering_.log()).bound_extent(row(), rows());
            enter_within(index, scan, atoms);
        } else {
            enter(index, scan, atoms);
        }
    }

    /// A call back: no vector code of Halide's sorts.
    void define_sort(int index, const ir::Stage& stage) {
        const std::uint64_t span = lowering_.span(index);
        const std::vector<int> atoms = lowering_.atoms_of(span);
        Func keys(lowering_.name() + "_keys" + std::to_string(index));
        keys(lowering_.vars(span)) = sort_key(
            lowering_.stages().at(stage.operands[0], lowering_.loop_coordinates()), stage.reverse);
        schedule_pointwise(keys, span);
        keep_rows(keys, span);
        funcs_.push_back(keys);
        Func order(lowering_.name() + "_order" + std::to_string(index));
        const auto axis =
            static_cast<std::int32_t>(std::ranges::find(atoms, axis_) - atoms.begin());
        order.define_extern("latent_sort_rows", {user_context_, keys, Expr(axis)}, Halide::Int(64),
                            lowering_.vars(span));
        keep_whole(order);
        keep_rows(order, span);
        enter(index, order, atoms);
    }

    /// Gives a Func the rows that are sorted by one call.
    void keep_rows(Func& func, std::uint64_t span) {
        if (sorts_together() && (span & set_of(lowering_.schedule().row_atom)) != 0) {
            logged(func, lowering_.log()).bound_extent(row(), rows());
        }
    }

    const ir::Stage& stage_of(int stage) const {
        return lowering_.region().stages[static_cast<std::size_t>(stage)];
    }

    Lowering& lowering_;
    int axis_;
    Expr extent_;
    bool sorts_;               ///< some scan is a sort
    StageExpressions within_;  ///< the stages as scans read them
    /// One for all calls: Halide takes another of the same name for another parameter.
    const Expr user_context_ = Halide::user_context_value();
    std::vector<Func> funcs_;
};

}  // namespace

void lower_scan(Lowering& lowering) {
    lowering.hoist_numbers();
    Scans scans(lowering);
    Func out(lowering.name());
    out(lowering.vars(lowering.all_atoms())) = lowering.results_at(lowering.loop_coordinates());
    LoggedSchedule schedule = logged(out, lowering.log());
    schedule.never_partition_all();

    // The axis inside, all else outside; vectors across rows belong to the outside.
    const int axis = lowering.atoms_of(lowering.classification().final_atoms).front();
    const int vector_atom = lowering.schedule().vector_atom;
    const Var lane("lane");
    const Var& vector_loop = lowering.var(vector_atom);
    const int row_atom =
        scans.together() || scans.sorts_together() ? lowering.schedule().row_atom : -1;
    const int rows = lowering.schedule().tile_rows;
    if (row_atom == vector_atom) {
        schedule.split(vector_loop, vector_loop, lane, rows, Halide::TailStrategy::ShiftInwards);
    } else {
        schedule.split(vector_loop, vector_loop, lane, lowering.store_width());
    }
    schedule.vectorize(lane);
    std::vector<VarOrRVar> order{lane, lowering.var(axis)};
    Expr points = lowering.inputs().extent(axis);
    if (row_atom == vector_atom) {
        points *= rows;
    } else if (vector_atom != axis) {
        points *= lowering.store_width();
    }
    if (row_atom >= 0 && row_atom != vector_atom) {
        const Var& row = lowering.var(row_atom);
        const Var turn("turn");
        schedule.split(row, row, turn, rows, Halide::TailStrategy::ShiftInwards);
        order.emplace_back(turn);
        points *= rows;
    }
    std::vector<RowLoop> outside;
    for (const int atom : lowering.atoms_of(lowering.all_atoms())) {
        if (atom != axis) {
            const Expr extent = lowering.inputs().extent(atom);
            order.emplace_back(lowering.var(atom));
            outside.push_back(
                {lowering.var(atom), atom == row_atom ? (extent + rows - 1) / rows : extent});
        }
    }
    schedule.reorder(order);
    if (outside.empty()) {
        scans.compute_root();
    } else {
        scans.compute_at(out,
                         parallel_rows(schedule, outside, points, lowering.schedule().block).row);
    }
    lowering.finish(out, lowering.atoms_of(lowering.all_atoms()));
}

}  // namespace latent::codegen
