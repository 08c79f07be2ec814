#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "codegen/lower/block_transposes.h"
#include "codegen/lower/contraction_parts.h"
#include "codegen/lower/whole_tiles.h"
#include "codegen/lower/whole_vectors.h"

namespace latent::codegen {

/// The Funcs, Vars and tiles of one contraction while it is being built.
class ContractionBuilder {
  public:
    ContractionBuilder(const ContractionSpec& spec, ScheduleLog& log)
        : spec_(spec),
          log_(log),
          tiles_(spec.tiles),
          outer_(numbered_vars("outer", spec.outer_extents.size())),
          k_(numbered_vars("k", spec.k_extents.size())),
          sum_(spec.name + "_sum"),
          out_(spec.name) {
        for (std::size_t i = 0; i < spec.beside.size(); ++i) {
            beside_.emplace_back(spec.name + "_sum" + std::to_string(i + 1));
        }
        for (const int dimension : spec.output_order) {
            has_column_ = has_column_ || dimension == 0;
            has_row_ = has_row_ || dimension == 1;
        }
    }

    BuiltContraction build() {
        if (spec_.variant == ContractionVariant::dots) {
            build_tiled_dots();
        } else if (spec_.variant != ContractionVariant::skinny) {
            build_tiled();
        } else if (spec_.a.unit_stride == UnitStride::reduced &&
                   spec_.b.unit_stride == UnitStride::reduced) {
            build_row_dots();
        } else {
            build_row_updates();
        }
        return {out_, packed_, row_subblock_, task_};
    }

  private:
    /// `k` of a packed block: the last block is packed whole, with repeated elements that no sum
    /// takes in.
    std::vector<Halide::Expr> k_within_bounds() const {
        std::vector<Halide::Expr> k;
        for (size_t atom = 0; atom < k_.size(); ++atom) {
            k.push_back(blocks_k() ? Halide::min(k_[atom], spec_.k_extents[atom] - 1)
                                   : Halide::Expr(k_[atom]));
        }
        return k;
    }

    /// Where an operand is read: at zero of the outer dimensions that it does not vary along. Lines
    /// past the end repeat the last: their sums are never stored.
    std::vector<Halide::Expr> outer_of(const ContractionOperand& operand) const {
        std::vector<Halide::Expr> outer(outer_.size(), 0);
        for (const int position : operand.outer) {
            const auto i = static_cast<std::size_t>(position);
            outer[i] = position == spec_.line ? Halide::min(outer_[i], spec_.outer_extents[i] - 1)
                                              : Halide::Expr(outer_[i]);
        }
        return outer;
    }

    /// The outer dimensions of a packed copy of an operand: those that it varies along.
    std::vector<Halide::Var> packed_outer(const ContractionOperand& operand) const {
        std::vector<Halide::Var> outer;
        for (const int i : operand.outer) {
            outer.push_back(outer_[static_cast<std::size_t>(i)]);
        }
        return outer;
    }

    void define_output(const std::vector<Halide::Expr>& sums) {
        std::vector<Halide::Expr> results = spec_.epilogue(sums, as_exprs(outer_), row(), column());
        const std::vector<Halide::Var> all = concatenate({column_, row_}, outer_);
        std::vector<Halide::Var> dimensions;
        for (const int position : spec_.output_order) {
            dimensions.push_back(all[static_cast<std::size_t>(position)]);
        }
        if (!sums_single_tiles() || spec_.is_scratch) {
            // Whole vectors would have Halide sum whole blocks, past the end of the rows.
            out_(dimensions) = Halide::Tuple(results);
            return;
        }
        values_.emplace(spec_.name, dimensions, Halide::Tuple(results));
        out_(dimensions) = values_->at(dimensions);
    }

    /// Row and column of an element of the result: 0 where no dimension stands for it.
    Halide::Expr row() const { return has_row_ ? Halide::Expr(row_) : Halide::Expr(0); }
    Halide::Expr column() const { return has_column_ ? Halide::Expr(column_) : Halide::Expr(0); }

    /// Fuses the loops, innermost first, into `task_` and runs it in parallel. Where `items` is
    /// greater than 1, a task is as many turns of the fused loop.
    void schedule_tasks(LoggedSchedule<Halide::Func>& schedule,
                        const std::vector<Halide::Var>& loops, int items = 1) {
        task_ = fuse_loops(schedule, loops);
        task_item_ = task_;
        if (items > 1) {
            task_item_ = Halide::Var("task_item");
            schedule.split(task_, task_, task_item_, items);
        }
        if (spec_.parallel) {
            schedule.parallel(task_);
        }
    }

    /// The loops of an unpacked product's result: blocks of columns, and the outer dimensions, are
    /// tasks; in a task rows over vectors of columns.
    void schedule_unpacked_output(int block_columns);
    void compute_in_task(LoggedSchedule<Halide::Func>& schedule) {
        if (has_column_ || !outer_.empty()) {
            schedule.compute_at(out_, task_item_);
        } else {
            schedule.compute_root();
        }
    }

    void build_tiled();
    void define_packed_a();
    void define_packed_b();
    /// A where it lies; the last row again past the end.
    Halide::Expr read_a(const Halide::Expr& row, const std::vector<Halide::Expr>& k) const;
    void define_tiled_sum();
    /// `spec_.row_block`, counted in what is stored at a time.
    Halide::Expr stored_row_block() const;
    /// B from memory.
    Halide::Expr read_b(const std::vector<Halide::Expr>& outer, const Halide::Expr& column,
                        const std::vector<Halide::Expr>& k) const;
    /// How many tiles before their use columns that are streamed are asked for.
    int streamed_tiles_ahead() const;
    /// What is added at a place of a register tile.
    Halide::Expr term_of_tile(const Halide::Expr& term) const;
    /// B at a place of a register tile.
    Halide::Expr tiled_b(const std::vector<Halide::Expr>& k) const;
    void schedule_scratch_output();
    void schedule_output_by_columns();
    void schedule_tiled_output();
    void schedule_tiled_sum(Halide::Func& sum);
    void define_turned_blocks();
    void define_joined_tiles();
    void schedule_joined_tiles();
    void schedule_turned_sum();
    void schedule_packing();
    void build_row_updates();
    void build_row_dots();
    void build_tiled_dots();
    void schedule_tiled_dots(Halide::Func& partial, const Halide::Var& lane,
                             const Halide::RDom& domain);

    bool packs_a() const { return spec_.variant == ContractionVariant::large || streams_b(); }
    /// A register tile is summed and stored at a time.
    bool sums_single_tiles() const {
        return spec_.variant == ContractionVariant::direct ||
               spec_.variant == ContractionVariant::small;
    }
    /// Elements of the result that are computed at a time: two vectors, so that what follows the
    /// sum need not wait for each of its steps. One where nothing does: LLVM would join the sums of
    /// a tile to what is stored, and lose the multiply-adds. One where elements are stored one by
    /// one: a second vector would be code alone.
    int epilogue_width() const {
        const int two = 2 * tiles_.lanes;
        const bool one = spec_.stores_sum || !spec_.stores_vectors || tiles_.columns % two != 0;
        return one ? tiles_.lanes : two;
    }
    bool takes_rows_together() const { return spec_.row_tiles_together > 0; }
    bool blocks_k() const {
        return packs_a() || sweeps_k() || spec_.variant == ContractionVariant::deep;
    }
    bool streams_b() const { return spec_.variant == ContractionVariant::streamed; }
    bool sweeps_k() const { return spec_.variant == ContractionVariant::swept; }
    bool tasks_are_columns() const { return streams_b() || sweeps_k(); }
    /// The columns of a tile are parts of as many rows as there are terms: of windows they lie in
    /// few, which overlap. Where a vector is less than a line, there is no room for a prefetch
    /// beside the sums.
    bool fetches_columns_ahead() const {
        return spec_.tiles_ahead > 0 && spec_.variant == ContractionVariant::direct &&
               k_.size() == 1 && !spec_.is_scratch && reads_whole_lines();
    }
    bool reads_whole_lines() const {
        constexpr int line_bytes = 64;
        return tiles_.lanes * spec_.accumulator.bytes() >= line_bytes;
    }
    /// Of the last tile of columns, half is summed where that is enough, by a loop of its own. Not
    /// where so few sums would wait for each other; nor where tiles are so many that it matters
    /// little: scratch is as wide as a sequence is long, and what is streamed wider. Terms of
    /// windows are too much code for it.
    bool halves_last_tile() const {
        constexpr int least_sums = 8;  // two multiply-adds a cycle, each of four cycles
        const int sums = tiles_.rows * (tiles_.columns / tiles_.lanes / 2);
        return sums >= least_sums && !spec_.is_scratch && !streams_b() && k_.size() == 1;
    }
    bool packs_b() const {
        return spec_.variant != ContractionVariant::direct && (!streams_b() || transposes_b());
    }
    /// Columns that are contiguous along the depth are read along it, and transposed in L1. Windows
    /// are short runs, which would end in partial vectors.
    bool transposes_b() const {
        const bool has_long_runs =
            k_.size() == 1 || packs_one_run() ||
            ((!blocks_k() || sweeps_k()) && !Halide::Internal::is_const(spec_.k_extents[0]));
        return spec_.variant != ContractionVariant::direct &&
               spec_.b.unit_stride == UnitStride::reduced && has_long_runs;
    }
    /// Columns of which all of the depth is packed, as one dimension.
    bool packs_one_run() const {
        return depth_is_one_run() && spec_.variant == ContractionVariant::small &&
               spec_.b.unit_stride == UnitStride::reduced;
    }
    /// Where columns are neighbours, those of the last tile are packed past their end.
    bool reads_columns_past_end() const { return spec_.b.unit_stride == UnitStride::free; }
    /// The result lies along the rows, in memory that vectors of columns would be scattered over:
    /// blocks of the register tile are transposed before what follows the sum.
    bool stores_along_rows() const {
        return sums_single_tiles() && !spec_.is_scratch && !has_lines() && !takes_rows_together() &&
               spec_.output_order.front() == 1 && turned_store(spec_.accumulator, tiles_);
    }
    /// The size of those blocks.
    int turned_size() const { return turned_store(spec_.accumulator, tiles_)->block; }
    /// Rows that are summed, in as many register tiles as they take, before they are stored.
    int stored_rows() const {
        return stores_along_rows() ? turned_store(spec_.accumulator, tiles_)->rows : tiles_.rows;
    }
    bool joins_tiles() const { return stored_rows() > tiles_.rows; }
    bool depth_is_one_run() const { return spec_.b_lies_along_k && k_.size() > 1; }
    /// Rows that are packed for each turn of the outer loops (each image of a batch), for all tasks
    /// that take columns beside them.
    bool packs_for_all_tasks() const {
        return spec_.variant == ContractionVariant::dots && spec_.a.varies_along_outer() &&
               !spec_.b.varies_along_outer() && has_column_ && !outer_.empty();
    }
    bool has_lines() const { return spec_.line >= 0; }
    /// The outer loops that are in a task, or those that tasks are made of.
    std::vector<Halide::Var> outer_loops(bool in_task) const {
        std::vector<Halide::Var> loops;
        for (std::size_t i = 0; i < outer_.size(); ++i) {
            const bool together =
                std::ranges::find(spec_.together, static_cast<int>(i)) != spec_.together.end();
            if (together == in_task) {
                loops.push_back(outer_[i]);
            }
        }
        return loops;
    }
    const Halide::Var& line() const { return outer_[static_cast<std::size_t>(spec_.line)]; }
    Halide::Expr k_block(size_t atom) const { return spec_.k_blocks[atom]; }

    const ContractionSpec& spec_;
    ScheduleLog& log_;
    ContractionTiles tiles_;

    std::vector<Halide::Var> outer_, k_;
    Halide::Var row_{"row"}, column_{"column"};
    // Coordinates of a register tile and inside it.
    Halide::Var row_tile_{"row_tile"}, column_tile_{"column_tile"};
    Halide::Var tile_row_{"tile_row"}, tile_column_{"tile_column"};
    // Loops of the output.
    Halide::Var column_block_{"column_block"}, row_block_{"row_block"},
        row_subblock_{"row_subblock"};
    Halide::Var turned_block_{whole_blocks_loop}, turned_row_{"turned_row"};
    Halide::Var joined_tile_{"joined_tile"};
    Halide::Var tile_line_{"tile_line"};
    Halide::Var panel_{"panel"}, task_{"task"}, task_item_;
    bool has_row_ = false, has_column_ = false;

    Halide::Func sum_, out_, packed_a_, packed_b_;
    std::vector<Halide::Func> beside_;     ///< the sums beside that one
    Halide::Func lines_b_;                 ///< what is transposed into `packed_b_`
    std::optional<WindowPlaces> windows_;  ///< where A's rows lie, where these are windows
    Halide::Func joined_;  ///< the register tiles that are stored together, if they are several
    Halide::Func turned_;  ///< the sums of a block, along the rows, where they are stored so
    std::vector<Halide::Func> packed_;    ///< that the caller computes somewhere
    std::optional<WholeVectors> values_;  ///< where single tiles are summed
    std::vector<Halide::RVar> k_inner_, k_outer_;
};

}  // namespace latent::codegen
