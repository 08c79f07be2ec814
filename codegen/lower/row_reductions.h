#pragma once

#include <optional>
#include <vector>

#include "codegen/lower/lane_reduction.h"
#include "codegen/lower/lowering.h"

namespace latent::codegen {

/// The reductions over the row, and the stages kept in scratch for it, as Funcs of the dimensions
/// outside the row.
///
/// Reductions along the row that read the same, and of which none needs the other, are taken in one
/// walk.
///
/// Order of arithmetic of a reduction: that of LaneReduction where the vectors run along the row;
/// otherwise elements are combined one after the other in row-major order.
class RowReductions {
  public:
    /// Defines the Funcs and enters them as the values of their stages.
    RowReductions(Lowering& lowering, std::uint64_t row_atoms);

    /// Computes all of them in the given loop of the consumer.
    void compute_at(const Halide::Func& consumer, const Halide::VarOrRVar& loop);
    /// The same, in scratch that the tasks of `around`, a loop outside of that one, allocate once:
    /// for each of many short rows that would take longer than the row.
    void compute_at(const Halide::Func& consumer, const Halide::VarOrRVar& loop,
                    const Halide::Func& around, const Halide::Var& task);
    void compute_root();

    bool empty() const { return funcs_.empty(); }
    /// Neighbouring rows whose reductions are made in one walk, if any are. Rows that are unrolled
    /// are computed past the end of that loop, as whole vectors are.
    const std::optional<LoopTogether>& rows_together() const { return rows_together_; }
    /// Whether vectors run across rows of few elements, all of which are computed at once.
    bool unrolls_row() const { return unrolls_row_; }

  private:
    void read_rows_in_whole_vectors();
    void copy_filters();
    std::vector<int> strided_loads(ir::StrideClass across) const;
    Halide::Func define_across(int load, const std::string& name);
    void define_reduction(int stage);
    std::uint64_t span_outside(int reduction) const;
    std::optional<std::vector<int>> read_by(int reduction) const;
    std::vector<int> taken_in_one_walk(int stage) const;
    void define_along_row(const std::vector<int>& stages, const std::vector<int>& outer);
    void define_across_row(int stage, const std::vector<int>& outer);
    void define_kept(int stage);
    void compute_elements_together(LoggedSchedule<Halide::Func>& schedule, int atom) const;
    Halide::Expr readable_extent(int atom) const;
    template <typename Target>
    void vectorize_across(LoggedSchedule<Target>& schedule) const;

    Lowering& lowering_;
    std::uint64_t row_;
    bool whole_vectors_;  ///< vectors run across the rows, and each computation is of one
    bool unrolls_row_;
    std::optional<LoopTogether> rows_together_;
    std::vector<bool> defined_;  ///< of each stage, whether it is a Func by now
    std::vector<Halide::Func> funcs_;
    std::vector<Halide::Func> kept_;  ///< those of them that are whole rows in scratch
};

/// The loop over the elements of a vector of those below.
inline Halide::Var vector_lane() {
    return Halide::Var("lane");
}

/// Vectorises a loop in whole vectors, past the end of what is asked for.
template <typename Target>
void vectorize_whole(LoggedSchedule<Target>& schedule, const Halide::Var& loop, int width) {
    const Halide::Var lane = vector_lane();
    schedule.split(loop, loop, lane, width, Halide::TailStrategy::RoundUp).vectorize(lane);
}

/// Vectorises the loop of `atom` in a Func that is computed whole, one vector at a time.
/// Unpartitioned, the loop branches to a masked copy of its body for the last vector: two copies in
/// all.
template <typename Target>
void vectorize_guarded(LoggedSchedule<Target>& schedule, const Halide::Var& loop, int width) {
    const Halide::Var lane = vector_lane();
    schedule.split(loop, loop, lane, width).vectorize(lane);
}

}  // namespace latent::codegen
