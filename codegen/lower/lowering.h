#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "codegen/lower/schedule_log.h"
#include "codegen/lower/stages.h"

namespace latent::codegen {

/// The first term of a row and the one after its last, undefined where these are all rows' own.
struct RowTerms {
    Halide::Expr begin;
    Halide::Expr end;
};

/// What the templates share while one region is lowered: its inputs, its stages and the loops over
/// its atoms.
class Lowering {
  public:
    Lowering(const ir::KernelRequest& request, const std::string& name);

    const ir::Region& region() const { return request_.region; }
    const ir::Schedule& schedule() const { return request_.schedule; }
    const ir::Classification& classification() const { return classification_; }
    const std::string& name() const { return name_; }
    const KernelInputs& inputs() const { return inputs_; }
    /// See KernelInputs::compute_past_end.
    void compute_past_end(int atom, int elements) { inputs_.compute_past_end(atom, elements); }
    StageExpressions& stages() { return stages_; }
    /// From now on `stage` is what `func`, over `atoms` innermost first, holds.
    void define_as(int stage, const Halide::Func& func, const std::vector<int>& atoms);
    /// The same of what it holds as it is stored.
    void define_as_stored(int stage, const Halide::Func& func, const std::vector<int>& atoms);
    /// From now on other terms of a row than those that `terms` gives for its place are known to
    /// add nothing to any reduction along it, and are not computed.
    void limit_rows(std::function<RowTerms(const Coordinates&)> terms) {
        row_terms_ = std::move(terms);
    }
    RowTerms row_terms(const Coordinates& place) const {
        return row_terms_ ? row_terms_(place) : RowTerms();
    }
    bool limits_rows() const { return row_terms_ != nullptr; }
    ScheduleLog& log() { return log_; }

    /// The loop over an atom, and the loops over those of a set, innermost first.
    const Halide::Var& var(int atom) const { return vars_[static_cast<std::size_t>(atom)]; }
    std::vector<Halide::Var> vars(std::uint64_t atoms) const;
    /// Those of a set, innermost first.
    std::vector<int> atoms_of(std::uint64_t set) const;
    std::uint64_t all_atoms() const;
    std::uint64_t span(int stage) const { return spans_[static_cast<std::size_t>(stage)]; }
    bool is_vector_atom(std::uint64_t set) const;
    /// All atoms at their loops.
    Coordinates loop_coordinates() const;
    /// `coordinates` as arguments of a Func over `atoms`, innermost first.
    static std::vector<Halide::Expr> arguments_for(const std::vector<int>& atoms,
                                                   const Coordinates& coordinates);

    /// The values stored at `coordinates`, in the order of the results.
    Halide::Tuple results_at(const Coordinates& coordinates);
    /// Of those that are rows, stored beside sums over them (ir::Classification::stored_rows).
    Halide::Tuple stored_rows_at(const Coordinates& coordinates);

    /// `value`, tied to all loops of `domain`, if it has any: Halide would drop those along which
    /// what is reduced does not vary.
    static Halide::Expr tied(const Halide::Expr& value, const Halide::RDom& domain);
    /// The same to the loops whose positions are given, on which it does not depend.
    static Halide::Expr tied(const Halide::Expr& value, const std::vector<Halide::Expr>& positions);

    /// Gives each stage that varies along no atom, but feeds one that does, a Func computed once.
    void hoist_numbers();

    /// Tells Halide the extents of the output and what is known of its strides, and makes it the
    /// kernel's.
    void finish(Halide::Func output, const std::vector<int>& atoms);
    /// The same for an output whose loops have other extents than the atoms.
    void finish(Halide::Func output, const std::vector<int>& atoms,
                const std::vector<Halide::Expr>& extents);
    /// Makes a Func that is computed inside of the output's loops, over all atoms, the storage of
    /// the last results (see KernelDefinition::inner_output).
    void finish_stored_rows(Halide::Func rows);
    /// As `finish` for a result that is addressed along its own dimensions.
    void finish_scattered(Halide::Func output);

    /// Elements of a vector times the vectors in flight.
    int vector_width() const { return ir::stored_at_a_time(schedule()); }
    /// The same for loops without partial sums, which need fewer in flight.
    int store_width() const { return schedule().lanes * std::clamp(schedule().unroll, 1, 2); }

    Halide::Func output() const { return output_; }
    Halide::Func inner_output() const { return inner_output_; }
    const std::vector<Halide::Argument>& arguments() const { return inputs_.arguments(); }
    const std::vector<Halide::Expr>& facts() const { return inputs_.facts(); }

  private:
    Halide::Tuple stored_at(std::size_t first, std::size_t last, const Coordinates& coordinates);
    void describe(Halide::Func output, std::size_t first, const std::vector<int>& atoms,
                  const std::vector<Halide::Expr>& extents);
    std::size_t first_stored_row() const {
        return region().results.size() - static_cast<std::size_t>(classification_.stored_rows);
    }

    const ir::KernelRequest& request_;
    std::string name_;
    ir::Classification classification_;
    KernelInputs inputs_;
    StageExpressions stages_;
    ScheduleLog log_;
    std::vector<Halide::Var> vars_;
    std::vector<std::uint64_t> spans_;
    std::function<RowTerms(const Coordinates&)> row_terms_;
    Halide::Func output_, inner_output_;
};

void lower_pointwise(Lowering& lowering);
void lower_row(Lowering& lowering);
void lower_reduction(Lowering& lowering);
void lower_contraction(Lowering& lowering);
void lower_row_chain(Lowering& lowering);
void lower_scan(Lowering& lowering);
void lower_scatter(Lowering& lowering);

/// The parallel loop of `parallel_tasks`.
inline Halide::Var task_loop() {
    return Halide::Var("task");
}

/// Fuses `loops` (innermost first) of a Func or update stage into one, cuts it into tasks of about
/// schedule.block points where each of its iterations has `points`, and runs the tasks in parallel.
/// Gives the loop inside a task. The split depends on extents alone, so the order of arithmetic and
/// the work of a task are the same for any number of threads.
template <typename Target>
Halide::Var parallel_tasks(LoggedSchedule<Target>& schedule, const std::vector<Halide::Var>& loops,
                           const Halide::Expr& points, std::int64_t block) {
    Halide::Var row = loops.front();
    for (std::size_t i = 1; i < loops.size(); ++i) {
        const Halide::Var fused("rows" + std::to_string(i));
        schedule.fuse(row, loops[i], fused);
        row = fused;
    }
    const Halide::Var task = task_loop();
    const Halide::Var inner("row");
    const Halide::Expr rows =
        Halide::max(static_cast<std::int32_t>(block) / Halide::max(points, 1), 1);
    schedule.split(row, task, inner, rows).parallel(task);
    return inner;
}

/// A loop over rows, and its extent.
struct RowLoop {
    Halide::Var var;
    Halide::Expr extent;
};

/// Loops that others are computed at.
struct RowLoops {
    Halide::Var row;    ///< inside it all loops stand still
    Halide::Var plane;  ///< inside it the outermost two do
    Halide::Var slide;  ///< the loop next to it, or itself
    Halide::Var task;   ///< around them all
};

/// As `parallel_tasks`, for a Func that others are computed at, for one row each, or for all that
/// has the same place in the outermost two loops. Only these loops are fused. Of remainders of
/// quotients, which more would make, Halide's bounds do not see that they are one number.
template <typename Target>
RowLoops parallel_rows(LoggedSchedule<Target>& schedule, const std::vector<RowLoop>& loops,
                       Halide::Expr points, std::int64_t block) {
    const std::size_t inside = loops.size() - std::min<std::size_t>(loops.size(), 2);
    std::vector<Halide::Var> outside;
    for (std::size_t i = 0; i < loops.size(); ++i) {
        if (i < inside) {
            points *= loops[i].extent;
        } else {
            outside.push_back(loops[i].var);
        }
    }
    const Halide::Var plane = parallel_tasks(schedule, outside, points, block);
    return {inside > 0 ? loops.front().var : plane, plane,
            inside > 0 ? loops[inside - 1].var : plane, task_loop()};
}

}  // namespace latent::codegen
