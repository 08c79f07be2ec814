#include <algorithm>

#include "codegen/lower/blocked_reduction.h"
#include "codegen/lower/inner_output.h"
#include "codegen/lower/read_ahead.h"

// Blocks whose vectors run across what is reduced: a row of partial results in memory.

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::RVar;
using Halide::Tuple;
using Halide::Var;
using Halide::VarOrRVar;

namespace {

/// Elements of the kept innermost dimension that are accumulated together, so that their partial
/// results stay in L1.
constexpr int kept_block = 2048;

}  // namespace

void BlockedReduction::reduce_blocks_across() {
    if (lowering_.classification().stored_rows > 0) {
        define_stored_rows();
    }
    const std::vector<Var> vars = block_loops();
    partial_ = Func(lowering_.name() + "_block_partial");
    partial_(vars) = Tuple(sums_.empty());
    if (rows_at_a_time() > 1) {
        take_in_groups_of_rows();
        take_in_rest_of_rows();
    } else {
        take_in_rows();
    }
    blocks_ = Func(lowering_.name() + "_block");
    blocks_(vars) = Tuple(sums_.at(partial_(vars)));
    schedule_across();
}

BlockedReduction::RowWalk BlockedReduction::walk_rows(const std::string& suffix,
                                                      const Expr& count) const {
    const std::vector<int> atoms = lowering_.atoms_of(final_);
    Halide::Region ranges;
    for (const int atom : atoms) {
        ranges.emplace_back(0, atom == blocked_atom_ ? count : extent(atom));
    }
    RowWalk walk{RDom(ranges, lowering_.name() + "_block" + suffix), atoms,
                 lowering_.loop_coordinates()};
    for (std::size_t i = 0; i < atoms.size(); ++i) {
        walk.at[static_cast<std::size_t>(atoms[i])] = walk.domain[static_cast<int>(i)];
    }
    return walk;
}

void BlockedReduction::take_in_rows() {
    RowWalk walk = walk_rows("_r", block_extent_);
    Expr& position = walk.at[static_cast<std::size_t>(blocked_atom_)];
    position = block_ * block_extent_ + position;
    walk.domain.where(position < extent(blocked_atom_));
    // Rows are computed ahead of the guard, so their place must exist even in the last, shorter
    // block.
    position = Halide::min(position, extent(blocked_atom_) - 1);
    take_in(walk, 1);
}

/// Groups of rows, each in its order, so that their sums are read and stored once for a group.
void BlockedReduction::take_in_groups_of_rows() {
    const int rows = rows_at_a_time();
    RowWalk walk = walk_rows("_whole", block_extent_ / rows);
    Expr& position = walk.at[static_cast<std::size_t>(blocked_atom_)];
    position = block_ * (block_extent_ / rows) + position;
    walk.domain.where(position < extent(blocked_atom_) / rows);
    position = position * rows;
    take_in(walk, rows);
}

void BlockedReduction::take_in_rest_of_rows() {
    const int rows = rows_at_a_time();
    const Expr groups = extent(blocked_atom_) / rows;
    RowWalk walk = walk_rows("_rest", rows - 1);
    Expr& position = walk.at[static_cast<std::size_t>(blocked_atom_)];
    position = groups * rows + position;
    walk.domain.where(position < extent(blocked_atom_));
    walk.domain.where(block_ == groups / (block_extent_ / rows));
    take_in(walk, 1);
}

void BlockedReduction::take_in(RowWalk walk, int rows) {
    const std::vector<Var> vars = block_loops();
    Accumulators::Values sums = sums_.at(partial_(vars));
    Coordinates at = walk.at;
    for (int row = 0; row < rows; ++row) {
        at[static_cast<std::size_t>(blocked_atom_)] =
            walk.at[static_cast<std::size_t>(blocked_atom_)] + row;
        sums = sums_.taken_in(sums, values_at(at, walk.domain, rows > 1));
    }
    if (lowering_.is_vector_atom(kept_) && rows_at_a_time() == 1) {
        // What is computed here of whole vectors past the end of a row is never stored.
        walk.domain.where(Halide::likely(lowering_.var(vector_atom_) < extent(vector_atom_)));
    }
    partial_(vars) = Tuple(sums);
    walks_.push_back(std::move(walk));
}

/// What the last reductions take in there.
Accumulators::Values BlockedReduction::values_at(const Coordinates& at, const RDom& domain,
                                                 bool in_whole_groups) {
    std::vector<Expr> values = lowering_.stages().at(sums_.operands(), at);
    if (in_whole_groups && lowering_.schedule().read_ahead > 0) {
        values[0] = asking_ahead(lowering_, values[0], at, lowering_.all_atoms());
    }
    for (Expr& value : values) {
        value = Lowering::tied(value, domain);
    }
    values = sums_.of(values);
    if (row_values_) {
        Coordinates row = at;
        for (const int atom : lowering_.atoms_of(kept_)) {
            row[static_cast<std::size_t>(atom)] = 0;
        }
        const Halide::FuncRef stored =
            stored_rows_(Lowering::arguments_for(lowering_.atoms_of(lowering_.all_atoms()), row));
        values[0] = beside(values[0], stored_rows_.outputs() == 1 ? Expr(stored) : stored[0]);
    }
    return values;
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

void BlockedReduction::schedule_across() {
    LoggedSchedule blocks = logged(blocks_, lowering_.log());
    LoggedSchedule start = logged(partial_, lowering_.log());
    blocks.compute_root().never_partition_all();
    start.never_partition_all();
    std::vector<VarOrRVar> inside;
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
        inside.emplace_back(lane);
        if (rows_.empty() && !row_values_) {
            const Expr vectors = (extent(vector_atom_) + width - 1) / width;
            blocks.split(loop, column_block, loop,
                         Halide::max(Halide::min(vectors, kept_block / width), 1));
            tasks.push_back(column_block);
        }
    }
    // Kept dimensions outside all reduced ones are tasks of their own.
    for (const int atom : lowering_.atoms_of(kept_)) {
        if (atom < blocked_atom_) {
            tasks.push_back(lowering_.var(atom));
        } else {
            inside.emplace_back(lowering_.var(atom));
        }
    }
    tasks.push_back(block_);
    for (std::size_t i = 0; i < walks_.size(); ++i) {
        schedule_walk(i);
    }
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
    const RVar& row = walks_.front().domain[0];
    rows_.compute_at(partial_, row, blocks_, task);
    if (row_values_) {
        logged(stored_rows_, lowering_.log()).compute_at(partial_, row);
        const Var& loop = lowering_.var(vector_atom_);
        row_values_->compute_at(stored_rows_, loop, loop, lowering_.store_width(), lowering_.log());
    }
}

/// Loops in the order of memory.
void BlockedReduction::schedule_walk(std::size_t number) {
    const RowWalk& walk = walks_[number];
    LoggedSchedule update = logged_update(partial_, lowering_.log(), static_cast<int>(number));
    update.never_partition_all();
    std::vector<VarOrRVar> order;
    if (lowering_.is_vector_atom(kept_)) {
        const Var& loop = lowering_.var(vector_atom_);
        const Var lane("lane");
        update.split(loop, loop, lane, lowering_.vector_width(), Halide::TailStrategy::RoundUp);
        order.emplace_back(lane);
    }
    for (const int atom : lowering_.atoms_of(lowering_.all_atoms())) {
        const auto reduced = std::ranges::find(walk.atoms, atom);
        if (reduced == walk.atoms.end()) {
            order.emplace_back(lowering_.var(atom));
        } else {
            order.emplace_back(walk.domain[static_cast<int>(reduced - walk.atoms.begin())]);
        }
    }
    order.emplace_back(block_);
    update.reorder(order);
    if (lowering_.is_vector_atom(kept_)) {
        vectorize_walk(update, sums_, Var("lane"), lowering_.schedule().lanes);
    }
}

}  // namespace latent::codegen
