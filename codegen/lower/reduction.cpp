#include <algorithm>

#include "codegen/lower/accumulation.h"
#include "codegen/lower/inner_output.h"
#include "codegen/lower/lane_reduction.h"
#include "codegen/lower/padded_copies.h"
#include "codegen/lower/row_reductions.h"
#include "codegen/lower/whole_vectors.h"

namespace latent::codegen {

namespace {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::RVar;
using Halide::Tuple;
using Halide::Var;
using Halide::VarOrRVar;

/// The most blocks that the outermost reduced dimension is cut into: enough for the threads of any
/// machine this is made for, and few enough that combining them is nothing.
constexpr int max_blocks = 256;
/// The fewest elements that partial results in memory take in, which are stored and read once more.
constexpr int min_block_across = 64;
/// The most partial results in memory, of all blocks.
constexpr std::int64_t most_partial_results = std::int64_t{1} << 22;
/// Elements of the kept innermost dimension that are accumulated together, so that their partial
/// results stay in L1.
constexpr int kept_block = 4096;
/// Elements of a block that is read through padded copies, so that these stay in L1.
constexpr int padded_block = 4096;

/// Reductions over F, in blocks of the outermost dimension of F: partial results of each block,
/// then one sum over the blocks in order.
class BlockedReduction {
  public:
    explicit BlockedReduction(Lowering& lowering)
        : lowering_(lowering),
          final_(lowering.classification().final_atoms),
          kept_(lowering.all_atoms() & ~final_),
          blocked_atom_(lowering.atoms_of(final_).back()),
          vector_atom_(lowering.schedule().vector_atom),
          along_(lowering.is_vector_atom(final_)),
          rows_together_(overlapping_rows(lowering)),
          padded_(along_ ? std::optional<PaddedCopies>(lowering) : std::nullopt),
          rows_(lowering, lowering.classification().row_atoms) {}

    void lower() {
        choose_blocks();
        if (along_) {
            reduce_blocks_along();
        } else {
            reduce_blocks_across();
        }
        define_total();
        define_output();
    }

  private:
    const std::vector<int>& finals() const { return lowering_.classification().final_reductions; }
    const ir::Stage& final_stage(std::size_t i) const {
        return lowering_.region().stages[static_cast<std::size_t>(finals()[i])];
    }
    Expr extent(int atom) const { return lowering_.inputs().extent(atom); }

    /// Combines element by element.
    Tuple step(const Tuple& accumulator, const Tuple& value) const {
        std::vector<Expr> steps;
        for (std::size_t i = 0; i < finals().size(); ++i) {
            const int k = static_cast<int>(i);
            steps.push_back(accumulate(final_stage(i).op, accumulator[k], value[k]));
        }
        return Tuple(steps);
    }
    Tuple identities() const {
        std::vector<Expr> values;
        for (std::size_t i = 0; i < finals().size(); ++i) {
            values.push_back(
                empty_accumulator(final_stage(i).op, compute_type(final_stage(i).dtype)));
        }
        return Tuple(values);
    }
    Tuple as_tuple(const Halide::FuncRef& call) const {
        if (finals().size() == 1) {
            return Tuple(Expr(call));
        }
        std::vector<Expr> values;
        for (std::size_t i = 0; i < finals().size(); ++i) {
            values.push_back(call[static_cast<int>(i)]);
        }
        return Tuple(values);
    }
    std::vector<Var> block_loops() const {
        std::vector<Var> loops = lowering_.vars(kept_);
        loops.push_back(block_);
        return loops;
    }

    /// Rows that are taken in together; to be asked before anything that they read is written.
    static std::optional<LoopTogether> overlapping_rows(Lowering& lowering) {
        const ir::Schedule& schedule = lowering.schedule();
        if (schedule.row_atom < 0 || schedule.row_atom == schedule.vector_atom) {
            return std::nullopt;
        }
        lowering.compute_past_end(schedule.row_atom, schedule.tile_rows);
        return LoopTogether{schedule.row_atom, schedule.tile_rows};
    }
    void choose_blocks();
    std::vector<int> atoms_together() const;
    std::vector<RowLoop> with_extents(const std::vector<Var>& tasks) const;
    void reduce_blocks_along();
    void reduce_blocks_across();
    void define_stored_rows();
    void read_stored_rows();
    void schedule_across(const std::vector<std::pair<int, RVar>>& reduced_loops);
    void define_total();
    void define_output();

    Lowering& lowering_;
    std::uint64_t final_, kept_;
    int blocked_atom_, vector_atom_;
    bool along_;  ///< vectors run along a reduced dimension
    std::optional<LoopTogether> rows_together_;
    std::optional<PaddedCopies> padded_;  ///< where vectors run along; before all that reads them
    RowReductions rows_;
    Var block_{"block"};
    Expr block_extent_, block_count_;
    Expr block_points_;  ///< that one partial result takes in, where vectors run along
    Func partial_, blocks_, total_;
    Func stored_rows_;                        ///< where the kernel stores what it takes in
    std::optional<WholeVectors> row_values_;  ///< of these
};

void BlockedReduction::choose_blocks() {
    Expr points = Halide::cast<std::int64_t>(1);
    for (int atom = 0; atom < lowering_.inputs().atom_count(); ++atom) {
        const bool in_task = !along_ || (final_ >> atom & 1) != 0;
        if (atom != blocked_atom_ && in_task) {
            points *= Halide::cast<std::int64_t>(extent(atom));
        }
    }
    points = Halide::max(points, Halide::cast<std::int64_t>(1));
    Expr taken_in = Halide::cast<std::int64_t>(1);  // by each partial result, of one place
    for (const int atom : lowering_.atoms_of(final_)) {
        if (atom != blocked_atom_) {
            taken_in *= Halide::cast<std::int64_t>(extent(atom));
        }
    }
    const Expr all = extent(blocked_atom_);
    const bool padded = padded_ && !padded_->empty();
    const auto task_points = Halide::cast<std::int64_t>(
        Expr(padded ? padded_block : static_cast<std::int32_t>(lowering_.schedule().block)));
    const Expr fewest = along_
                            ? Expr(1)
                            : Halide::cast<std::int32_t>(
                                  min_block_across / Halide::clamp(taken_in, 1, min_block_across));
    Expr block = Halide::max(Halide::cast<std::int32_t>(task_points / points), fewest);
    block = Halide::max(Halide::min(block, all), (all + max_blocks - 1) / max_blocks, 1);
    if (!along_) {
        const Expr kept = points / Halide::max(taken_in, 1);
        block = Halide::max(block, Halide::cast<std::int32_t>(
                                       Halide::min(all * kept / Expr(most_partial_results), all)));
    }
    if (along_ && blocked_atom_ == vector_atom_) {
        const int width = lowering_.vector_width();
        block = (block + width - 1) / width * width;
    }
    block_extent_ = block;
    block_count_ = (all + block - 1) / block;
    block_points_ = Halide::cast<std::int32_t>(Halide::min(points * block, task_points));
}

/// The innermost kept dimensions, as far as their results can be summed in one walk: the elements
/// of a window read mostly the same.
std::vector<int> BlockedReduction::atoms_together() const {
    std::vector<int> together;
    const std::vector<int> kept = lowering_.atoms_of(kept_);
    std::int64_t sums = lowering_.schedule().unroll;
    for (std::size_t i = 0; i + 1 < kept.size() && finals().size() == 1; ++i) {
        const std::int64_t fixed =
            lowering_.region().atoms[static_cast<std::size_t>(kept[i])].fixed;
        sums *= fixed;
        if (fixed < 2 || sums > ir::most_sums) {
            break;
        }
        together.push_back(kept[i]);
    }
    return together;
}

std::vector<RowLoop> BlockedReduction::with_extents(const std::vector<Var>& tasks) const {
    std::vector<RowLoop> loops;
    for (const int atom : lowering_.atoms_of(kept_)) {
        if (std::ranges::find(tasks, lowering_.var(atom).name(), &Var::name) != tasks.end()) {
            loops.push_back({lowering_.var(atom), extent(atom)});
        }
    }
    loops.push_back({block_, block_count_});
    return loops;
}

void BlockedReduction::reduce_blocks_along() {
    std::vector<LoopTogether> together;
    std::vector<Var> tasks = block_loops();
    Expr points = block_points_;
    for (const int atom : atoms_together()) {
        const std::int64_t fixed = lowering_.region().atoms[static_cast<std::size_t>(atom)].fixed;
        together.push_back({atom, static_cast<int>(fixed)});
        tasks.erase(tasks.begin());
        points *= extent(atom);
    }
    const LaneReduction lanes(lowering_, lowering_.name() + "_block", finals(), final_,
                              block_loops(), ReductionBlocks{blocked_atom_, block_, block_extent_},
                              together, rows_together_);
    blocks_ = lanes.result();
    LoggedSchedule schedule = logged(blocks_, lowering_.log());
    schedule.compute_root();
    Var inner;
    if (padded_->empty()) {
        inner = parallel_tasks(schedule, tasks, points, lowering_.schedule().block);
    } else {
        const RowLoops at =
            parallel_rows(schedule, with_extents(tasks), points, lowering_.schedule().block);
        inner = at.row;
        if (lanes.takes_whole_rows() && at.row.name() == at.plane.name()) {
            padded_->slide_along(lanes.partial(), lanes.row_loop(), lanes.block_loop());
        } else {
            padded_->compute_at(blocks_, at.plane);
        }
    }
    for (const Func& func : lanes.funcs()) {
        if (func.name() != blocks_.name()) {
            logged(func, lowering_.log()).compute_at(blocks_, inner);
        }
    }
    rows_.compute_root();
}

void BlockedReduction::reduce_blocks_across() {
    const std::string name = lowering_.name() + "_block";
    const std::vector<Var> vars = block_loops();
    const std::vector<int> reduced = lowering_.atoms_of(final_);
    Halide::Region ranges;
    for (const int atom : reduced) {
        ranges.emplace_back(0, atom == blocked_atom_ ? block_extent_ : extent(atom));
    }
    RDom domain(ranges, name + "_r");
    Coordinates at = lowering_.loop_coordinates();
    std::vector<std::pair<int, RVar>> loops;
    for (std::size_t i = 0; i < reduced.size(); ++i) {
        const int atom = reduced[i];
        Expr position = domain[static_cast<int>(i)];
        loops.emplace_back(atom, domain[static_cast<int>(i)]);
        if (atom == blocked_atom_) {
            position = block_ * block_extent_ + position;
            domain.where(position < extent(atom));
            // Rows are computed ahead of the guard, so their place must exist even in the last,
            // shorter block.
            position = Halide::min(position, extent(atom) - 1);
        }
        at[static_cast<std::size_t>(atom)] = position;
    }
    if (lowering_.classification().stored_rows > 0) {
        define_stored_rows();
    }
    std::vector<int> operands;
    for (const int reduction : finals()) {
        operands.push_back(
            lowering_.region().stages[static_cast<std::size_t>(reduction)].operands[0]);
    }
    std::vector<Expr> values = lowering_.stages().at(operands, at);
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = to_accumulator(final_stage(i).op, Lowering::tied(values[i], domain));
    }
    if (lowering_.is_vector_atom(kept_)) {
        // What is computed here of whole vectors past the end of a row is never stored.
        domain.where(Halide::likely(lowering_.var(vector_atom_) < extent(vector_atom_)));
    }
    if (row_values_) {
        Coordinates row = at;
        for (const int atom : lowering_.atoms_of(kept_)) {
            row[static_cast<std::size_t>(atom)] = 0;
        }
        const Halide::FuncRef stored =
            stored_rows_(Lowering::arguments_for(lowering_.atoms_of(lowering_.all_atoms()), row));
        values[0] = beside(values[0], stored_rows_.outputs() == 1 ? Expr(stored) : stored[0]);
    }
    partial_ = Func(name + "_partial");
    partial_(vars) = identities();
    partial_(vars) = step(as_tuple(partial_(vars)), Tuple(values));
    blocks_ = Func(name);
    blocks_(vars) = as_tuple(partial_(vars));
    schedule_across(loops);
}

/// The rows that are stored beside the sums over them, each whole where it is taken in.
void BlockedReduction::define_stored_rows() {
    const std::vector<Var> loops = lowering_.vars(lowering_.all_atoms());
    const Halide::Tuple results = lowering_.stored_rows_at(lowering_.loop_coordinates());
    row_values_.emplace(lowering_.name() + "_rows", loops, results);
    stored_rows_ = Func(lowering_.name() + "_rows");
    stored_rows_(loops) = row_values_->at(loops);
    LoggedSchedule schedule = logged(stored_rows_, lowering_.log());
    schedule.never_partition_all();
    for (const int atom : lowering_.atoms_of(kept_)) {
        schedule.bound(lowering_.var(atom), 0, extent(atom));
    }
    const Var& loop = lowering_.var(vector_atom_);
    const Var lane("lane");
    schedule.split(loop, loop, lane, lowering_.store_width(), Halide::TailStrategy::GuardWithIf)
        .vectorize(lane);
    lowering_.finish_stored_rows(stored_rows_);
    read_stored_rows();
}

/// What is summed reads the rows that were stored, as long as that loses no digits. Past the end of
/// a row it reads what nothing comes of.
void BlockedReduction::read_stored_rows() {
    const std::vector<int> atoms = lowering_.atoms_of(lowering_.all_atoms());
    const std::vector<ir::RegionResult>& results = lowering_.region().results;
    const std::size_t count = stored_rows_.types().size();
    for (std::size_t i = 0; i < count; ++i) {
        const int stage = results[results.size() - count + i].stage;
        const DType dtype = lowering_.region().stages[static_cast<std::size_t>(stage)].dtype;
        if (stored_rows_.types()[i] != compute_type(dtype)) {
            continue;
        }
        lowering_.stages().define(
            stage, [rows = stored_rows_, atoms, i](const Coordinates& coordinates) {
                const Halide::FuncRef call = rows(Lowering::arguments_for(atoms, coordinates));
                return rows.outputs() == 1 ? Expr(call) : call[static_cast<int>(i)];
            });
    }
}

void BlockedReduction::schedule_across(const std::vector<std::pair<int, RVar>>& reduced_loops) {
    LoggedSchedule blocks = logged(blocks_, lowering_.log());
    LoggedSchedule start = logged(partial_, lowering_.log());
    LoggedSchedule update = logged_update(partial_, lowering_.log());
    blocks.compute_root().never_partition_all();
    start.never_partition_all();
    update.never_partition_all();
    std::vector<VarOrRVar> inside, order;
    std::vector<Var> tasks;
    if (lowering_.is_vector_atom(kept_)) {
        const Var& loop = lowering_.var(vector_atom_);
        const Var lane("lane");
        const Var column_block("column_block");
        const int width = lowering_.vector_width();
        store_in_vectors(blocks, blocks_, loop);
        store_in_vectors(start, partial_, loop);
        blocks.split(loop, loop, lane, width, Halide::TailStrategy::RoundUp).vectorize(lane);
        start.split(loop, loop, lane, width, Halide::TailStrategy::RoundUp).vectorize(lane);
        update.split(loop, loop, lane, width, Halide::TailStrategy::RoundUp).vectorize(lane);
        inside.emplace_back(lane);
        order.emplace_back(lane);
        if (rows_.empty() && !row_values_) {
            const Expr vectors = (extent(vector_atom_) + width - 1) / width;
            blocks.split(loop, column_block, loop,
                         Halide::max(Halide::min(vectors, kept_block / width), 1));
            tasks.push_back(column_block);
        }
    }
    // Loops in the order of memory; kept dimensions outside all reduced ones are tasks of their
    // own.
    for (int atom = lowering_.inputs().atom_count(); atom-- > 0;) {
        const auto loop = std::ranges::find(reduced_loops, atom, &std::pair<int, RVar>::first);
        if (loop != reduced_loops.end()) {
            order.emplace_back(loop->second);
            continue;
        }
        order.emplace_back(lowering_.var(atom));
        if (atom < blocked_atom_) {
            tasks.push_back(lowering_.var(atom));
        } else {
            inside.emplace_back(lowering_.var(atom));
        }
    }
    tasks.push_back(block_);
    order.emplace_back(block_);
    update.reorder(order);
    inside.insert(inside.end(), tasks.begin(), tasks.end());
    blocks.reorder(inside);
    Var task = tasks[0];
    for (std::size_t i = 1; i < tasks.size(); ++i) {
        const Var fused("tasks" + std::to_string(i));
        blocks.fuse(task, tasks[i], fused);
        task = fused;
    }
    blocks.parallel(task);
    start.compute_at(blocks_, task);
    const RVar& row = reduced_loops.front().second;
    rows_.compute_at(partial_, row, blocks_, task);
    if (row_values_) {
        logged(stored_rows_, lowering_.log()).compute_at(partial_, row);
        const Var& loop = lowering_.var(vector_atom_);
        row_values_->compute_at(stored_rows_, loop, loop, lowering_.store_width(), lowering_.log());
    }
}

void BlockedReduction::define_total() {
    const std::vector<Var> vars = lowering_.vars(kept_);
    const RDom blocks(0, block_count_, lowering_.name() + "_blocks");
    std::vector<Expr> in_block(vars.begin(), vars.end());
    in_block.emplace_back(blocks.x);
    total_ = Func(lowering_.name() + "_total");
    total_(vars) = identities();
    total_(vars) = step(as_tuple(total_(vars)), as_tuple(blocks_(in_block)));
    const std::vector<int> atoms = lowering_.atoms_of(kept_);
    for (std::size_t i = 0; i < finals().size(); ++i) {
        lowering_.stages().define(
            finals()[i],
            [total = total_, atoms, i, single = finals().size() == 1, op = final_stage(i).op,
             type = compute_type(final_stage(i).dtype)](const Coordinates& coordinates) {
                const Halide::FuncRef call = total(Lowering::arguments_for(atoms, coordinates));
                return from_accumulator(op, type, single ? Expr(call) : call[static_cast<int>(i)]);
            });
    }
}

void BlockedReduction::define_output() {
    Func out(lowering_.name());
    std::vector<Var> loops = lowering_.vars(kept_);
    out(loops) = lowering_.results_at(lowering_.loop_coordinates());
    LoggedSchedule schedule = logged(out, lowering_.log());
    LoggedSchedule start = logged(total_, lowering_.log());
    LoggedSchedule update = logged_update(total_, lowering_.log());
    schedule.never_partition_all();
    start.never_partition_all();
    update.never_partition_all();
    if (loops.empty()) {
        start.compute_root();
        lowering_.finish(out, {});
        return;
    }
    Expr points = block_count_;
    if (lowering_.is_vector_atom(kept_)) {
        const Var& loop = lowering_.var(vector_atom_);
        const Var lane("lane");
        const int width = lowering_.store_width();
        schedule.split(loop, loop, lane, width).vectorize(lane);
        store_in_vectors(start, total_, loop);
        start.split(loop, loop, lane, width, Halide::TailStrategy::RoundUp).vectorize(lane);
        update.split(loop, loop, lane, width, Halide::TailStrategy::RoundUp).vectorize(lane);
        std::vector<VarOrRVar> order{lane};
        order.insert(order.end(), loops.begin(), loops.end());
        schedule.reorder(order);
        points = points * width;
    }
    start.compute_at(out, parallel_tasks(schedule, loops, points, lowering_.schedule().block));
    lowering_.finish(out, lowering_.atoms_of(kept_));
}

}  // namespace

void lower_reduction(Lowering& lowering) {
    lowering.hoist_numbers();
    BlockedReduction(lowering).lower();
}

}  // namespace latent::codegen
