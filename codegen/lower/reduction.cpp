#include <algorithm>

#include "codegen/lower/row_reductions.h"

namespace latent::codegen {

namespace {

using Halide::Expr;
using Halide::Func;
using Halide::Partition;
using Halide::RDom;
using Halide::RVar;
using Halide::Tuple;
using Halide::Var;
using Halide::VarOrRVar;

/// The most blocks that the outermost reduced dimension is cut into: enough for the threads of any machine this is made for,
/// and few enough that combining them is nothing.
constexpr int max_blocks = 256;
/// Elements of the kept innermost dimension that are accumulated together, so that their partial results stay in L1.
constexpr int kept_block = 4096;

/// Reductions over F, in blocks of the outermost dimension of F: partial results of each block, then one sum over the blocks
/// in order.
class BlockedReduction {
  public:
    explicit BlockedReduction(Lowering& lowering)
        : lowering_(lowering),
          final_(lowering.classification().final_atoms),
          kept_(lowering.all_atoms() & ~final_),
          blocked_atom_(lowering.atoms_of(final_).back()),
          vector_atom_(lowering.schedule().vector_atom),
          along_(lowering.is_vector_atom(final_)),
          rows_(lowering, lowering.classification().row_atoms) {}

    void lower() {
        choose_blocks();
        define_partial();
        schedule_partial();
        define_total();
        define_output();
    }

  private:
    const ir::Stage& final_stage(std::size_t i) const {
        return lowering_.region().stages[static_cast<std::size_t>(
            lowering_.classification().final_reductions[i])];
    }
    std::size_t final_count() const { return lowering_.classification().final_reductions.size(); }
    Expr extent(int atom) const { return lowering_.inputs().extent(atom); }

    /// Combines element by element.
    Tuple step(const Tuple& accumulator, const Tuple& value) const {
        std::vector<Expr> steps;
        for (std::size_t i = 0; i < final_count(); ++i) {
            steps.push_back(reduction_step(final_stage(i).op, accumulator[static_cast<int>(i)],
                                           value[static_cast<int>(i)]));
        }
        return Tuple(steps);
    }
    Tuple identities() const {
        std::vector<Expr> values;
        for (std::size_t i = 0; i < final_count(); ++i) {
            values.push_back(reduction_identity(final_stage(i).op, compute_type(final_stage(i).dtype)));
        }
        return Tuple(values);
    }
    static Tuple as_tuple(const Halide::FuncRef& call, std::size_t count) {
        if (count == 1) {
            return Tuple(Expr(call));
        }
        std::vector<Expr> values;
        for (std::size_t i = 0; i < count; ++i) {
            values.push_back(call[static_cast<int>(i)]);
        }
        return Tuple(values);
    }

    void choose_blocks();
    void define_partial();
    void schedule_partial();
    void define_total();
    void define_output();

    Lowering& lowering_;
    std::uint64_t final_, kept_;
    int blocked_atom_, vector_atom_;
    bool along_;  ///< vectors run along a reduced dimension
    RowReductions rows_;
    Var block_{"block"}, lane_{"lane"};
    Expr block_extent_, block_count_;
    Func partial_, total_;
    std::vector<std::pair<int, RVar>> loops_;  ///< reduced atoms and their loops, innermost first
};

void BlockedReduction::choose_blocks() {
    Expr work = Halide::cast<std::int64_t>(1);
    for (int atom = 0; atom < lowering_.inputs().atom_count(); ++atom) {
        if (atom != blocked_atom_) {
            work *= Halide::cast<std::int64_t>(extent(atom));
        }
    }
    const Expr all = extent(blocked_atom_);
    const auto target = static_cast<std::int64_t>(lowering_.schedule().block);
    const Expr wanted =
        Halide::cast<std::int32_t>(Halide::max(Expr(target) / Halide::max(work, Halide::cast<std::int64_t>(1)),
                                               Halide::cast<std::int64_t>(1)));
    Expr block = Halide::max(wanted, (all + max_blocks - 1) / max_blocks);
    if (along_ && blocked_atom_ == vector_atom_) {
        const int width = lowering_.vector_width();
        block = (block + width - 1) / width * width;
    }
    block_extent_ = block;
    block_count_ = (all + block - 1) / block;
}

void BlockedReduction::define_partial() {
    const std::string name = lowering_.name() + "_partial";
    const int width = lowering_.vector_width();
    std::vector<Var> vars = lowering_.vars(kept_);
    if (along_) {
        vars.insert(vars.begin(), lane_);
    }
    vars.push_back(block_);

    const std::vector<int> reduced = lowering_.atoms_of(final_);
    Halide::Region ranges;
    for (const int atom : reduced) {
        const Expr here = atom == blocked_atom_ ? block_extent_ : extent(atom);
        ranges.emplace_back(0, along_ && atom == vector_atom_ ? (here + width - 1) / width : here);
    }
    RDom domain(ranges, name + "_r");
    Coordinates at = lowering_.loop_coordinates();
    for (std::size_t i = 0; i < reduced.size(); ++i) {
        const int atom = reduced[i];
        Expr position = domain[static_cast<int>(i)];
        loops_.emplace_back(atom, domain[static_cast<int>(i)]);
        const bool vector = along_ && atom == vector_atom_;
        if (vector) {
            position = position * width + lane_;
        }
        if (atom == blocked_atom_) {
            position = block_ * block_extent_ + position;
        }
        if (vector || atom == blocked_atom_) {
            domain.where(Halide::likely(position < extent(atom)));
        }
        // Rows are computed ahead of the guard, so their place must exist even in the last, shorter block.
        at[static_cast<std::size_t>(atom)] =
            atom == blocked_atom_ && !vector ? Halide::min(position, extent(atom) - 1) : position;
    }
    std::vector<int> operands;
    for (std::size_t i = 0; i < final_count(); ++i) {
        operands.push_back(final_stage(i).operands[0]);
    }
    partial_ = Func(name);
    partial_(vars) = identities();
    partial_(vars) =
        step(as_tuple(partial_(vars), final_count()), Tuple(lowering_.stages().at(operands, at)));
}

void BlockedReduction::schedule_partial() {
    LoggedSchedule start = logged(partial_, lowering_.log());
    LoggedSchedule update = logged_update(partial_, lowering_.log());
    start.compute_root().never_partition_all();
    update.never_partition_all();
    const int lanes = lowering_.schedule().lanes;
    const int width = lowering_.vector_width();
    const bool across = lowering_.is_vector_atom(kept_);
    std::vector<VarOrRVar> order;
    if (along_) {
        start.vectorize(lane_, lanes).unroll(lane_);
        update.vectorize(lane_, lanes).unroll(lane_);
        order.emplace_back(lane_);
    }
    std::vector<Var> outside;
    const Var column_block("column_block");
    if (across) {
        const Var& loop = lowering_.var(vector_atom_);
        vectorize_guarded(start, loop, width);
        if (rows_.empty()) {
            update.split(loop, column_block, loop, kept_block);
            outside.push_back(column_block);
        }
        update.split(loop, loop, lane_, width).vectorize(lane_).partition(loop, Partition::Auto);
        order.emplace_back(lane_);
    }
    // Loops in the order of memory; kept dimensions outside all reduced ones are tasks of their own.
    for (int atom = lowering_.inputs().atom_count(); atom-- > 0;) {
        const auto loop = std::ranges::find(loops_, atom, &std::pair<int, RVar>::first);
        if (loop != loops_.end()) {
            order.emplace_back(loop->second);
        } else if (atom < blocked_atom_) {
            outside.push_back(lowering_.var(atom));
        } else {
            order.emplace_back(lowering_.var(atom));
        }
    }
    outside.push_back(block_);
    order.insert(order.end(), outside.begin(), outside.end());
    update.reorder(order);
    Var task = outside[0];
    for (std::size_t i = 1; i < outside.size(); ++i) {
        const Var fused("tasks" + std::to_string(i));
        update.fuse(task, outside[i], fused);
        task = fused;
    }
    update.parallel(task);
    if (along_) {
        update.partition(std::ranges::find(loops_, vector_atom_, &std::pair<int, RVar>::first)->second,
                         Partition::Auto);
    }
    if (!rows_.empty()) {
        rows_.compute_at(partial_, loops_.front().second);
    }
}

void BlockedReduction::define_total() {
    const std::vector<Var> vars = lowering_.vars(kept_);
    const int lanes = lowering_.schedule().lanes;
    const RDom blocks(0, block_count_, lowering_.name() + "_blocks");
    const auto partial_at = [&](const std::vector<Expr>& leading) {
        std::vector<Expr> arguments = leading;
        arguments.insert(arguments.end(), vars.begin(), vars.end());
        arguments.emplace_back(blocks.x);
        return as_tuple(partial_(arguments), final_count());
    };
    total_ = Func(lowering_.name() + "_total");
    total_(vars) = identities();
    if (along_) {
        std::vector<Expr> values;
        std::vector<Tuple> terms;
        for (int i = 0; i < lowering_.vector_width(); ++i) {
            terms.push_back(partial_at({Expr(i)}));
        }
        for (std::size_t k = 0; k < final_count(); ++k) {
            // The same tree as within a row: vectors first, then lanes.
            std::vector<Expr> folded;
            for (int lane = 0; lane < lanes; ++lane) {
                std::vector<Expr> vectors;
                for (int i = lane; i < lowering_.vector_width(); i += lanes) {
                    vectors.push_back(terms[static_cast<std::size_t>(i)][static_cast<int>(k)]);
                }
                folded.push_back(combine_lanes(final_stage(k).op, std::move(vectors)));
            }
            values.push_back(combine_lanes(final_stage(k).op, std::move(folded)));
        }
        total_(vars) = step(as_tuple(total_(vars), final_count()), Tuple(values));
    } else {
        total_(vars) = step(as_tuple(total_(vars), final_count()), partial_at({}));
    }
    LoggedSchedule start = logged(total_, lowering_.log());
    LoggedSchedule update = logged_update(total_, lowering_.log());
    start.compute_root().never_partition_all();
    update.never_partition_all();
    if (lowering_.is_vector_atom(kept_)) {
        std::vector<VarOrRVar> order(vars.begin(), vars.end());
        order.emplace_back(blocks.x);
        update.reorder(order);
        vectorize_guarded(start, lowering_.var(vector_atom_), lowering_.vector_width());
        vectorize_guarded(update, lowering_.var(vector_atom_), lowering_.vector_width());
    }
    const std::vector<int> atoms = lowering_.atoms_of(kept_);
    for (std::size_t i = 0; i < final_count(); ++i) {
        lowering_.stages().define(
            lowering_.classification().final_reductions[i],
            [total = total_, atoms, i, count = final_count()](const Coordinates& coordinates) {
                return as_tuple(total(Lowering::arguments_for(atoms, coordinates)), count)[static_cast<int>(i)];
            });
    }
}

void BlockedReduction::define_output() {
    Func out(lowering_.name());
    out(lowering_.vars(kept_)) = lowering_.results_at(lowering_.loop_coordinates());
    LoggedSchedule schedule = logged(out, lowering_.log());
    schedule.never_partition_all();
    if (lowering_.is_vector_atom(kept_)) {
        vectorize_guarded(schedule, lowering_.var(vector_atom_), lowering_.vector_width());
    }
    lowering_.finish(out, lowering_.atoms_of(kept_));
}

}  // namespace

void lower_reduction(Lowering& lowering) {
    lowering.hoist_numbers();
    BlockedReduction(lowering).lower();
}

}  // namespace latent::codegen
