#include <algorithm>
#include <bit>

#include "codegen/lower/blocked_reduction.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Tuple;
using Halide::Var;
using Halide::VarOrRVar;

namespace {

/// The most blocks that the outermost reduced dimension is cut into: enough for the threads of any
/// machine this is made for, and few enough that combining them is nothing.
constexpr int max_blocks = 256;
/// The fewest elements that partial results in memory take in, which are stored and read once more.
constexpr int min_block_across = 64;
/// The most partial results in memory, of all blocks.
constexpr std::int64_t most_partial_results = std::int64_t{1} << 22;
/// Elements of a block that is read through padded copies, so that these stay in L1.
constexpr int padded_block = 4096;

}  // namespace

void BlockedReduction::choose_blocks() {
    Expr points = Halide::cast<std::int64_t>(1);
    Expr taken_in = points;  // by each partial result, of one place
    Expr kept = points;
    for (int atom = 0; atom < lowering_.inputs().atom_count(); ++atom) {
        const Expr count = Halide::cast<std::int64_t>(extent(atom));
        const bool reduced = (final_ >> atom & 1) != 0;
        if (atom != blocked_atom_ && (reduced || (!along_ && atom > blocked_atom_))) {
            points *= count;
        }
        if (!reduced) {
            kept *= count;
        } else if (atom != blocked_atom_) {
            taken_in *= count;
        }
    }
    points = Halide::max(points, Halide::cast<std::int64_t>(1));
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
        block = Halide::max(block, Halide::cast<std::int32_t>(
                                       Halide::min(all * kept / Expr(most_partial_results), all)));
        if (std::popcount(final_) == 1) {
            // So that groups of rows do not cross blocks.
            block = (block + ir::most_rows_at_a_time - 1) / ir::most_rows_at_a_time *
                    ir::most_rows_at_a_time;
        }
    }
    if (along_ && blocked_atom_ == vector_atom_) {
        // Of whole groups, where there are some (see LaneReduction).
        const int width = lowering_.vector_width() * std::max(lowering_.schedule().tile_vectors, 1);
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

void BlockedReduction::define_total() {
    const std::vector<Var> vars = lowering_.vars(kept_);
    const RDom blocks(0, block_count_, lowering_.name() + "_blocks");
    std::vector<Expr> in_block(vars.begin(), vars.end());
    in_block.emplace_back(blocks.x);
    total_ = Func(lowering_.name() + "_total");
    total_(vars) = Tuple(sums_.empty());
    total_(vars) = Tuple(sums_.combined(sums_.at(total_(vars)), sums_.at(blocks_(in_block))));
    const std::vector<int> atoms = lowering_.atoms_of(kept_);
    for (std::size_t i = 0; i < finals().size(); ++i) {
        lowering_.stages().define(
            finals()[i], [total = total_, atoms, i, sums = sums_](const Coordinates& coordinates) {
                return sums.result(i, sums.at(total(Lowering::arguments_for(atoms, coordinates))));
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

void lower_reduction(Lowering& lowering) {
    lowering.hoist_numbers();
    BlockedReduction(lowering).lower();
}

}  // namespace latent::codegen
