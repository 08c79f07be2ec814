#include "codegen/lower/row_reductions.h"

#include <algorithm>
#include <bit>

#include "codegen/lower/accumulators.h"
#include "codegen/lower/block_transposes.h"
#include "codegen/lower/whole_vectors.h"
#include "ir/rounding.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;
using Halide::VarOrRVar;

RowReductions::RowReductions(Lowering& lowering, std::uint64_t row_atoms)
    : lowering_(lowering),
      row_(row_atoms),
      whole_vectors_(lowering.schedule().kind == ir::Template::row &&
                     lowering.is_vector_atom(~row_atoms)),
      unrolls_row_(whole_vectors_ && ir::is_unrolled(lowering.region(), row_atoms)) {
    // For all that the kernel computes, before any of it is written.
    if (lowering.schedule().vector_atom >= 0) {
        lowering.compute_past_end(lowering.schedule().vector_atom, lowering.vector_width());
    }
    const int together = lowering.schedule().row_atom;
    if (lowering.schedule().kind == ir::Template::row && together >= 0 &&
        together != lowering.schedule().vector_atom &&
        (unrolls_row_ || lowering.is_vector_atom(row_atoms))) {
        rows_together_ = {together, lowering.schedule().tile_rows};
        if (unrolls_row_) {
            lowering.compute_past_end(together, rows_together_->turns);
        }
    }
    const ir::Region& region = lowering.region();
    const std::vector<int>& kept = lowering.schedule().kept;
    defined_.resize(region.stages.size());
    if (unrolls_row_) {
        read_rows_in_whole_vectors();
        copy_filters();
    }
    for (int i = 0; i < static_cast<int>(region.stages.size()); ++i) {
        const ir::Stage& stage = region.stages[static_cast<std::size_t>(i)];
        if (stage.kind == ir::StageKind::reduce) {
            if ((ir::mask_of(stage.atoms) & ~row_) == 0 && !defined_[static_cast<std::size_t>(i)]) {
                define_reduction(i);
            }
        } else if (std::ranges::find(kept, i) != kept.end()) {
            define_kept(i);
        }
    }
}

/// Vectors across rows. Where one is computed at a time it is whole, so that it stays in registers.
template <typename Target>
void RowReductions::vectorize_across(LoggedSchedule<Target>& schedule) const {
    const Var& loop = lowering_.var(lowering_.schedule().vector_atom);
    if (whole_vectors_) {
        vectorize_whole(schedule, loop, lowering_.store_width());
    } else {
        vectorize_guarded(schedule, loop, lowering_.store_width());
    }
}

/// What is computed along an atom for those who read it in whole vectors: no more, for it reads
/// inputs that end.
Expr RowReductions::readable_extent(int atom) const {
    const Expr extent = lowering_.inputs().extent(atom);
    const int width = lowering_.vector_width();
    return atom == lowering_.schedule().vector_atom ? (extent + width - 1) / width * width : extent;
}

/// The loads of buffers whose elements for neighbouring rows have that stride.
std::vector<int> RowReductions::strided_loads(ir::StrideClass across) const {
    const ir::Region& region = lowering_.region();
    const auto vector_atom = static_cast<std::size_t>(lowering_.schedule().vector_atom);
    std::vector<int> loads;
    for (int i = 0; i < static_cast<int>(region.stages.size()); ++i) {
        const ir::Stage& stage = region.stages[static_cast<std::size_t>(i)];
        if (stage.kind != ir::StageKind::load) {
            continue;
        }
        const ir::RegionInput& input = region.inputs[static_cast<std::size_t>(stage.input)];
        if (input.kind == ir::InputKind::strided && input.strides[vector_atom] == across) {
            loads.push_back(i);
        }
    }
    return loads;
}

/// A copy of what is loaded, which takes its place. Elements that stand at the same place of
/// neighbouring rows are neighbours in storage.
Func RowReductions::define_across(int load, const std::string& name) {
    std::vector<int> atoms = lowering_.atoms_of(lowering_.span(load));
    std::ranges::stable_partition(
        atoms, [&](int atom) { return atom == lowering_.schedule().vector_atom; });
    std::vector<Var> loops;
    for (const int atom : atoms) {
        loops.push_back(lowering_.var(atom));
    }
    Func copy(lowering_.name() + name + std::to_string(load));
    copy(loops) = lowering_.stages().at(load, lowering_.loop_coordinates());
    lowering_.define_as(load, copy, atoms);
    return copy;
}

/// Rows that lie side by side, each contiguous: a vector of rows is read as it lies in memory, and
/// its elements are shuffled apart in registers, which gathers would fetch one by one. Rows that
/// fill half of a vector are transposed in square blocks, which reach past their ends.
void RowReductions::read_rows_in_whole_vectors() {
    const int across = lowering_.schedule().vector_atom;
    const int width = lowering_.store_width();
    for (const int i : strided_loads(ir::StrideClass::tight)) {
        const ir::Stage& stage = lowering_.region().stages[static_cast<std::size_t>(i)];
        if (!lowering_.inputs().is_read_past_end(stage.input, across)) {
            continue;
        }
        Func rows = define_across(i, "_rows");
        LoggedSchedule schedule = logged(rows, lowering_.log());
        schedule.store_in(Halide::MemoryType::Stack)
            .bound_extent(lowering_.var(across), width)
            .never_partition_all();
        const Var& row = lowering_.var(across);
        std::vector<VarOrRVar> order{row};
        VarOrRVar vector = row;
        for (const int atom : lowering_.atoms_of(lowering_.span(i) & row_)) {
            const Var& element = lowering_.var(atom);
            const std::int64_t elements =
                lowering_.region().atoms[static_cast<std::size_t>(atom)].fixed;
            const bool contiguous = atom + 1 == lowering_.inputs().atom_count();
            const Halide::Type stored = storage_type(stage.dtype);
            if (contiguous && 2 * elements >= width && stored == compute_type(stage.dtype) &&
                transposes_blocks(stored, width)) {
                const Var lane("lane");
                vector = lane;
                schedule
                    .bound(element, 0, static_cast<std::int32_t>(ir::rounded_up(elements, width)))
                    .split(element, element, lane, width);
                order.insert(order.begin(), lane);
            } else {
                schedule.bound(element, 0, lowering_.inputs().extent(atom));
            }
            schedule.unroll(element);
            order.emplace_back(element);
        }
        schedule.reorder(order).vectorize(vector);
        funcs_.push_back(rows);
    }
}

/// What the same rows are multiplied by along two dimensions and more, if its elements for a vector
/// of rows are no neighbours (filters of channels that lie last), is copied once so that they are:
/// each use would gather them.
void RowReductions::copy_filters() {
    const std::uint64_t filter = row_ | std::uint64_t{1} << lowering_.schedule().vector_atom;
    if (std::popcount(lowering_.all_atoms() & ~filter) < 2) {
        return;
    }
    for (const int i : strided_loads(ir::StrideClass::any)) {
        if ((lowering_.span(i) & ~filter) == 0) {
            Func filters = define_across(i, "_filters");
            logged(filters, lowering_.log()).compute_root().never_partition_all();
        }
    }
}

/// Of short rows, has several elements computed at once where their number can be divided: a
/// function of one waits for each of its steps.
void RowReductions::compute_elements_together(LoggedSchedule<Func>& schedule, int atom) const {
    const Var& element = lowering_.var(atom);
    const std::int64_t elements = lowering_.region().atoms[static_cast<std::size_t>(atom)].fixed;
    for (const int together : {4, 3, 2}) {
        if (elements % together == 0) {
            const Var turn("turn");
            schedule.split(element, element, turn, together)
                .reorder({vector_lane(), turn, element})
                .vectorize(turn);
            return;
        }
    }
}

void RowReductions::define_kept(int stage) {
    const std::uint64_t span = lowering_.span(stage);
    Func kept(lowering_.name() + "_kept" + std::to_string(stage));
    kept(lowering_.vars(span)) = lowering_.stages().at(stage, lowering_.loop_coordinates());
    LoggedSchedule schedule = logged(kept, lowering_.log());
    schedule.never_partition_all();
    for (const int atom : lowering_.atoms_of(span & row_)) {
        if (!lowering_.limits_rows()) {
            schedule.bound(lowering_.var(atom), 0, readable_extent(atom));
        }
    }
    if (lowering_.is_vector_atom(span)) {
        const Var& vector = lowering_.var(lowering_.schedule().vector_atom);
        store_in_vectors(schedule, kept, vector);
        vectorize_whole(schedule, vector, lowering_.store_width());
    }
    if (unrolls_row_) {
        const std::vector<int> elements = lowering_.atoms_of(span & row_);
        if (lowering_.is_vector_atom(span) && !elements.empty()) {
            compute_elements_together(schedule, elements.front());
        }
        for (const int atom : elements) {
            schedule.unroll(lowering_.var(atom));
        }
    }
    funcs_.push_back(kept);
    kept_.push_back(kept);
    defined_[static_cast<std::size_t>(stage)] = true;
    lowering_.define_as(stage, kept, lowering_.atoms_of(span));
}

/// What the operands of a reduction vary along, but for the row.
std::uint64_t RowReductions::span_outside(int reduction) const {
    std::uint64_t span = 0;
    for (const int operand :
         lowering_.region().stages[static_cast<std::size_t>(reduction)].operands) {
        span |= lowering_.span(operand);
    }
    return span & ~row_;
}

void RowReductions::define_reduction(int stage) {
    const std::vector<int> outer = lowering_.atoms_of(span_outside(stage));
    if (lowering_.is_vector_atom(row_)) {
        define_along_row(taken_in_one_walk(stage), outer);
    } else {
        define_across_row(stage, outer);
    }
}

/// Stages that a reduction along the row reads there, loads and those in scratch; none if it needs
/// what is not there yet.
std::optional<std::vector<int>> RowReductions::read_by(int reduction) const {
    const ir::Region& region = lowering_.region();
    const std::vector<int>& kept = lowering_.schedule().kept;
    std::vector<int> read;
    std::vector<int> open = region.stages[static_cast<std::size_t>(reduction)].operands;
    std::vector<bool> seen(region.stages.size());
    while (!open.empty()) {
        const int i = open.back();
        const auto k = static_cast<std::size_t>(i);
        open.pop_back();
        if (seen[k]) {
            continue;
        }
        seen[k] = true;
        const ir::Stage& needed = region.stages[k];
        const bool is_load = needed.kind == ir::StageKind::load;
        const bool is_in_memory =
            defined_[k] || (is_load && region.inputs[static_cast<std::size_t>(needed.input)].kind ==
                                           ir::InputKind::strided);
        if (is_in_memory && lowering_.is_vector_atom(lowering_.span(i))) {
            read.push_back(i);
        }
        if (is_load || defined_[k] || needed.kind == ir::StageKind::constant) {
            continue;
        }
        if (needed.kind != ir::StageKind::elementwise || std::ranges::find(kept, i) != kept.end()) {
            return std::nullopt;
        }
        open.insert(open.end(), needed.operands.begin(), needed.operands.end());
    }
    return read;
}

/// `stage`, and a later reduction over the same that reads some of what it reads, and needs nothing
/// that is not there yet.
std::vector<int> RowReductions::taken_in_one_walk(int stage) const {
    // Of 16 registers the partial sums of two would leave too few for what is summed.
    const bool has_registers = lowering_.schedule().instruction_set == ir::InstructionSet::avx512;
    const std::optional<std::vector<int>> read = read_by(stage);
    if (!has_registers || !read || (rows_together_ && rows_together_->turns > 1)) {
        return {stage};
    }
    const ir::Region& region = lowering_.region();
    const ir::Stage& first = region.stages[static_cast<std::size_t>(stage)];
    for (int i = stage + 1; i < static_cast<int>(region.stages.size()); ++i) {
        const ir::Stage& other = region.stages[static_cast<std::size_t>(i)];
        if (other.kind != ir::StageKind::reduce || other.atoms != first.atoms ||
            span_outside(i) != span_outside(stage)) {
            continue;
        }
        const std::optional<std::vector<int>> others = read_by(i);
        if (others && std::ranges::find_first_of(*read, *others) != read->end()) {
            return {stage, i};
        }
    }
    return {stage};
}

void RowReductions::define_along_row(const std::vector<int>& stages,
                                     const std::vector<int>& outer) {
    std::vector<Var> loops;
    for (const int atom : outer) {
        loops.push_back(lowering_.var(atom));
    }
    std::vector<LoopTogether> together;
    if (rows_together_ && std::ranges::find(outer, rows_together_->atom) != outer.end()) {
        together.push_back(*rows_together_);
    }
    const LaneReduction reduction(lowering_,
                                  lowering_.name() + "_reduce" + std::to_string(stages.front()),
                                  stages, row_, loops, {}, together);
    funcs_.insert(funcs_.end(), reduction.funcs().begin(), reduction.funcs().end());
    for (const LoopTogether& loop : together) {
        const Var& rows = lowering_.var(loop.atom);
        logged(reduction.result(), lowering_.log())
            .store_in(Halide::MemoryType::Stack)
            .bound_extent(rows, loop.turns);
    }
    for (std::size_t i = 0; i < stages.size(); ++i) {
        defined_[static_cast<std::size_t>(stages[i])] = true;
        lowering_.stages().define(
            stages[i], [result = reduction.result(), outer, i](const Coordinates& coordinates) {
                const Halide::FuncRef call = result(Lowering::arguments_for(outer, coordinates));
                return result.outputs() == 1 ? Expr(call) : Expr(call[static_cast<int>(i)]);
            });
    }
}

void RowReductions::define_across_row(int stage, const std::vector<int>& outer) {
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
    const Accumulators accumulators(lowering_, {stage});
    std::vector<Expr> values = lowering_.stages().at(accumulators.operands(), at);
    for (Expr& value : values) {
        value = Lowering::tied(value, domain);
    }
    total(vars) = Halide::Tuple(accumulators.empty());
    total(vars) =
        Halide::Tuple(accumulators.taken_in(accumulators.at(total(vars)), accumulators.of(values)));
    LoggedSchedule start = logged(total, lowering_.log());
    LoggedSchedule update = logged_update(total, lowering_.log());
    start.never_partition_all();
    update.reorder(order).never_partition_all();
    if (lowering_.is_vector_atom(span)) {
        if (whole_vectors_) {
            start.bound_extent(lowering_.var(lowering_.schedule().vector_atom),
                               lowering_.store_width());
        }
        store_in_vectors(start, total, lowering_.var(lowering_.schedule().vector_atom));
        vectorize_across(start);
        vectorize_across(update);
    }
    if (unrolls_row_) {
        if (rows_together_ && std::ranges::find(outer, rows_together_->atom) != outer.end()) {
            const Var& rows = lowering_.var(rows_together_->atom);
            start.bound_extent(rows, rows_together_->turns).unroll(rows);
            update.unroll(rows);
        }
        for (int i = 0; i < domain.dimensions(); ++i) {
            update.unroll(domain[i]);
        }
    }
    funcs_.push_back(total);
    defined_[static_cast<std::size_t>(stage)] = true;
    lowering_.stages().define(stage, [total, outer, accumulators](const Coordinates& coordinates) {
        return accumulators.result(
            0, accumulators.at(total(Lowering::arguments_for(outer, coordinates))));
    });
}

void RowReductions::compute_at(const Func& consumer, const VarOrRVar& loop) {
    for (const Func& func : funcs_) {
        logged(func, lowering_.log()).compute_at(consumer, loop);
    }
}

void RowReductions::compute_at(const Func& consumer, const VarOrRVar& loop, const Func& around,
                               const Var& task) {
    compute_at(consumer, loop);
    for (const Func& func : kept_) {
        logged(func, lowering_.log()).hoist_storage(around, task);
    }
}

void RowReductions::compute_root() {
    for (const Func& func : funcs_) {
        LoggedSchedule schedule = logged(func, lowering_.log());
        schedule.compute_root();
        for (int atom = 0; atom < lowering_.inputs().atom_count(); ++atom) {
            const Var& var = lowering_.var(atom);
            const bool is_argument = std::ranges::any_of(
                func.args(), [&](const Var& argument) { return argument.name() == var.name(); });
            if (is_argument) {
                schedule.bound(var, 0, readable_extent(atom));
            }
        }
    }
}

}  // namespace latent::codegen
