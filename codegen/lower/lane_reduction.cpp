#include "codegen/lower/lane_reduction.h"

#include <algorithm>
#include <set>

#include "codegen/lower/read_ahead.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Tuple;
using Halide::Var;
using Halide::VarOrRVar;

LaneReduction::LaneReduction(Lowering& lowering, const std::string& name, std::vector<int> stages,
                             std::uint64_t reduced, std::vector<Var> loops,
                             const std::optional<ReductionBlocks>& blocks,
                             std::vector<LoopTogether> together,
                             const std::optional<LoopTogether>& rows)
    : lowering_(lowering),
      name_(name),
      accumulators_(lowering, std::move(stages)),
      atoms_(lowering.atoms_of(reduced)),
      loops_(std::move(loops)),
      blocks_(blocks),
      together_(std::move(together)),
      rows_(rows),
      vector_atom_(lowering.schedule().vector_atom),
      width_(lowering.vector_width()),
      extent_(lowering.inputs().extent(vector_atom_)),
      whole_vectors_(extent_ / width_),
      group_(vectors_of_group()),
      partial_(name + "_partial"),
      result_(name) {
    if (!takes_whole_rows() || (rows_ && rows_->atom == vector_atom_)) {
        rows_.reset();
    }
    define_partial();
    if (takes_whole_rows()) {
        take_in_whole_rows();
    } else if (atoms_.size() == 1 && computes_functions()) {
        take_in_all_vectors();
    } else if (group_ > 1) {
        take_in_groups();
        take_in_rest_of_groups();
    } else {
        take_in_whole_vectors();
        take_in_rest();
    }
    combine();
}

int LaneReduction::vectors_of_group() const {
    const bool fits = lowering_.schedule().kind != ir::Template::row_chain &&
                      accumulators_.find_groups() && atoms_.size() == 1 && together_.empty() &&
                      !computes_functions();
    return fits ? std::max(lowering_.schedule().tile_vectors, 1) : 1;
}

std::vector<Expr> LaneReduction::with_lane(const Expr& lane) const {
    std::vector<Expr> arguments{lane};
    arguments.insert(arguments.end(), loops_.begin(), loops_.end());
    return arguments;
}

void LaneReduction::define_partial() {
    partial_(with_lane(lane_)) = Tuple(accumulators_.empty());
    schedule_whole(partial_, width_);
}

void LaneReduction::schedule_whole(Func& func, int lanes) {
    LoggedSchedule schedule = logged(func, lowering_.log());
    schedule.store_in(Halide::MemoryType::Stack)
        .bound_extent(lane_, lanes)
        .vectorize(lane_)
        .never_partition_all();
    for (const LoopTogether& loop : together_) {
        schedule.bound_extent(lowering_.var(loop.atom), loop.turns);
    }
}

LaneReduction::Walk LaneReduction::walk(const std::string& suffix, const Expr& vectors) const {
    Halide::Region ranges;
    if (rows_) {
        ranges.emplace_back(0, rows_->turns);
    }
    const int first = static_cast<int>(ranges.size());
    for (const int atom : atoms_) {
        const bool blocked = blocks_ && blocks_->atom == atom;
        const int turns = rows_together(atom);
        ranges.emplace_back(0, atom == vector_atom_ ? vectors
                               : blocked            ? blocks_->extent
                                         : (lowering_.inputs().extent(atom) + turns - 1) / turns);
    }
    Walk walk{RDom(ranges, name_ + suffix), lowering_.loop_coordinates()};
    for (const LoopTogether& loop : together_) {
        const Expr extent = lowering_.inputs().extent(loop.atom);
        const auto fixed = Halide::Internal::as_const_int(extent);
        if (!fixed || *fixed % loop.turns != 0) {
            Expr& place = walk.at[static_cast<std::size_t>(loop.atom)];
            place = Halide::min(place, extent - 1);
        }
    }
    for (std::size_t i = 0; i < atoms_.size(); ++i) {
        const int atom = atoms_[i];
        Expr position = walk.domain[first + static_cast<int>(i)];
        if (rows_together(atom) > 1) {
            position = position * rows_together(atom) + walk.domain[0];
        }
        if (atom != vector_atom_ && blocks_ && blocks_->atom == atom) {
            position += blocks_->block * blocks_->extent;
            const Expr extent = lowering_.inputs().extent(atom);
            walk.domain.where(position < extent);
            // What is copied ahead of the guard must exist even in the last, shorter block.
            position = Halide::min(position, extent - 1);
        }
        walk.at[static_cast<std::size_t>(atom)] = position;
    }
    return walk;
}

std::uint64_t LaneReduction::loops_outside() const {
    std::uint64_t loops = lowering_.all_atoms();
    if (takes_whole_rows()) {
        for (const LoopTogether& loop : together_) {
            loops &= ~(std::uint64_t{1} << loop.atom);
        }
    }
    return loops;
}

Accumulators::Values LaneReduction::elements_at(const Coordinates& at, const RDom& domain,
                                                bool in_one_walk) {
    std::vector<Expr> values = lowering_.stages().at(accumulators_.operands(), at);
    if (in_one_walk && lowering_.schedule().read_ahead > 0) {
        values[0] = asking_ahead(lowering_, values[0], at, loops_outside());
    }
    for (Expr& value : values) {
        value = Lowering::tied(value, domain);
    }
    return accumulators_.of(values);
}

void LaneReduction::update(Walk& walk, const Expr& inside, bool in_one_walk) {
    std::vector<Expr> values = elements_at(walk.at, walk.domain, in_one_walk);
    if (inside.defined()) {
        const std::vector<Expr> nothing = accumulators_.empty();
        for (std::size_t i = 0; i < values.size(); ++i) {
            values[i] = Halide::select(inside, values[i], nothing[i]);
        }
    }
    update(walk, values, in_one_walk);
}

void LaneReduction::update(const Walk& walk, const Accumulators::Values& values, bool in_one_walk) {
    const std::vector<Expr> before = accumulators_.at(partial_(with_lane(lane_)));
    partial_(with_lane(lane_)) = Tuple(accumulators_.taken_in(before, values));
    std::vector<VarOrRVar> order{lane_};
    std::vector<VarOrRVar> together;
    for (const LoopTogether& loop : together_) {
        together.emplace_back(lowering_.var(loop.atom));
    }
    for (int i = 0; i < walk.domain.dimensions(); ++i) {
        order.emplace_back(walk.domain[i]);
    }
    order.insert(in_one_walk ? order.begin() + 1 : order.end(), together.begin(), together.end());
    LoggedSchedule schedule =
        logged_update(partial_, lowering_.log(), partial_.num_update_definitions() - 1);
    schedule.reorder(order).never_partition_all();
    vectorize_walk(schedule, accumulators_, lane_, lowering_.schedule().lanes);
    if (in_one_walk) {
        for (const VarOrRVar& loop : together) {
            schedule.unroll(loop);
        }
        if (rows_) {
            schedule.unroll(walk.domain[0]);
        }
    }
}

void LaneReduction::end_early(Walk& walk) const {
    Expr& vector = walk.at[static_cast<std::size_t>(vector_atom_)];
    if (const Expr end = lowering_.row_terms(walk.at).end; end.defined()) {
        const Expr vectors = (end + width_ - 1) / width_;
        walk.domain.where(vector < vectors);
        // Halide's bounds do not see the condition where the loop is known to have one turn.
        vector = Halide::min(vector, vectors - 1);
    }
}

void LaneReduction::take_in_whole_vectors() {
    const Expr vectors = blocks_along_vectors() ? blocks_->extent / width_ : whole_vectors_;
    Walk whole = walk("_whole", vectors);
    Expr& position = whole.at[static_cast<std::size_t>(vector_atom_)];
    if (blocks_along_vectors()) {
        position += blocks_->block * vectors;
        whole.domain.where(position < whole_vectors_);
    }
    end_early(whole);
    position = position * width_ + lane_;
    update(whole, {}, true);
}

bool LaneReduction::computes_functions() const {
    const std::vector<int>& kept = lowering_.schedule().kept;
    std::vector<int> pending = accumulators_.operands();
    std::set<int> met;
    while (!pending.empty()) {
        const int number = pending.back();
        pending.pop_back();
        const ir::Stage& stage = lowering_.region().stages[static_cast<std::size_t>(number)];
        if (stage.kind != ir::StageKind::elementwise || !met.insert(number).second ||
            std::ranges::find(kept, number) != kept.end()) {
            continue;
        }
        if (ir::is_transcendental(stage.op)) {
            return true;
        }
        pending.insert(pending.end(), stage.operands.begin(), stage.operands.end());
    }
    return false;
}

void LaneReduction::take_in_all_vectors() {
    const Expr vectors = (extent_ + width_ - 1) / width_;
    Walk all = walk("_all", blocks_along_vectors() ? blocks_->extent / width_ : vectors);
    Expr& position = all.at[static_cast<std::size_t>(vector_atom_)];
    if (blocks_along_vectors()) {
        position += blocks_->block * (blocks_->extent / width_);
        all.domain.where(position < vectors);
    }
    end_early(all);
    position = position * width_ + lane_;
    update(all, position < extent_, true);
}

void LaneReduction::take_in_whole_rows() {
    Walk rows = walk("_rows", (extent_ + width_ - 1) / width_);
    Expr& position = rows.at[static_cast<std::size_t>(vector_atom_)];
    position = position * width_ + lane_;
    // What lies past the end counts as nothing.
    Expr inside = position < extent_;
    if (rows_) {
        // Of bits: Halide would take a comparison for a bound of what is copied, other in each row.
        const Expr& row = rows.at[static_cast<std::size_t>(rows_->atom)];
        inside = inside && ((row - lowering_.inputs().extent(rows_->atom)) >> 31) != 0;
    }
    update(rows, inside, true);
    const int outermost = rows.domain.dimensions() - 1;
    const bool is_vectors = atoms_[atoms_.size() - 2] == vector_atom_;
    row_loops_ = {rows.domain[is_vectors ? outermost : outermost - 1], rows.domain[outermost]};
}

void LaneReduction::take_in_rest() {
    // One vector or none. In a domain of its own, so that the loop above has no guard.
    Walk rest = walk("_rest", Halide::min(extent_ - whole_vectors_ * width_, 1));
    Expr& position = rest.at[static_cast<std::size_t>(vector_atom_)];
    position += whole_vectors_;
    end_early(rest);
    position = position * width_ + lane_;
    if (blocks_along_vectors()) {
        rest.domain.where(blocks_->block == whole_vectors_ / (blocks_->extent / width_));
    }
    // What lies past the end counts as nothing. (Storing the partial results under a mask would
    // bring them from registers to memory.)
    // The rest of a row is short: it is taken in row by row, by less code.
    update(rest, position < extent_, false);
}

void LaneReduction::combine() {
    const int lanes = lowering_.schedule().lanes;
    // Vectors first, so that the tree over single lanes is short.
    Func vector(name_ + "_vector");
    std::vector<Accumulators::Values> vectors;
    for (int i = 0; i < width_; i += lanes) {
        vectors.push_back(accumulators_.at(partial_(with_lane(lane_ + i))));
    }
    vector(with_lane(lane_)) = Tuple(accumulators_.all_combined(vectors));
    std::vector<Accumulators::Values> all_lanes;
    for (int lane = 0; lane < lanes; ++lane) {
        all_lanes.push_back(accumulators_.at(vector(with_lane(lane))));
    }
    schedule_whole(vector, lanes);
    funcs_ = {partial_, vector};
    std::vector<Expr> totals;
    if (accumulators_.give_positions()) {
        // Vectors of positions, or LLVM would compare them lane by lane.
        Func best(name_ + "_best");
        best(loops_) = Tuple(accumulators_.best_elements(all_lanes));
        logged(best, lowering_.log()).never_partition_all();
        const Halide::FuncRef call = best(std::vector<Expr>(loops_.begin(), loops_.end()));
        std::vector<Expr> elements{best.outputs() == 1 ? Expr(call) : Expr(call[0])};
        for (int i = 1; i < best.outputs(); ++i) {
            elements.emplace_back(call[i]);
        }
        Func candidates(name_ + "_candidates");
        candidates(with_lane(lane_)) = Tuple(
            accumulators_.without_worse(accumulators_.at(vector(with_lane(lane_))), elements));
        schedule_whole(candidates, lanes);
        funcs_.insert(funcs_.end(), {best, candidates});
        for (int lane = 0; lane < lanes; ++lane) {
            all_lanes[static_cast<std::size_t>(lane)] =
                accumulators_.at(candidates(with_lane(lane)));
        }
        totals = accumulators_.all_combined(all_lanes, elements);
    } else {
        totals = accumulators_.all_combined(all_lanes, {});
    }
    if (group_ > 1) {
        totals = find_in_group(totals);
    }
    if (!blocks_) {
        totals = accumulators_.results(totals);
    }
    result_(loops_) = Tuple(totals);
    logged(result_, lowering_.log()).never_partition_all();
    funcs_.push_back(result_);
}

}  // namespace latent::codegen
