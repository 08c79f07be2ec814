#include "codegen/lower/packed_contraction.h"

#include "codegen/lower/contraction_builder.h"
#include "codegen/lower/narrow_tiles.h"
#include "codegen/lower/prefetches.h"
#include "codegen/lower/whole_tiles.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::Partition;
using Halide::RDom;
using Halide::Var;
using Halide::VarOrRVar;

void ContractionBuilder::define_packed_a() {
    // Rows past the end repeat the last: their sums are never stored.
    Expr row = min(likely(row_tile_ * tiles_.rows + tile_row_), spec_.rows - 1);
    packed_a_ = Func(spec_.name + "_packed_a");
    const std::vector<Expr> outer = outer_of(spec_.a);
    const std::vector<Expr> k = k_within_bounds();
    Expr element = spec_.a.at(outer, row, k);
    if (spec_.a.unit_stride == UnitStride::free) {
        // Processors follow no stream whose next line is on another page.
        constexpr int terms_ahead = 8;
        std::vector<Expr> later = k;
        later[0] += terms_ahead;
        element = with_prefetch(element, spec_.a.at(outer, row, later));
    }
    packed_a_(concatenate(concatenate(concatenate({tile_row_}, k_), {row_tile_}),
                          packed_outer(spec_.a))) = element;
}

void ContractionBuilder::define_packed_b() {
    Expr column = column_tile_ * tiles_.columns + tile_column_;
    if (!reads_columns_past_end()) {
        column = min(likely(column), spec_.columns - 1);
    }
    packed_b_ = Func(spec_.name + "_packed_b");
    const std::vector<Expr> outer = outer_of(spec_.b);
    const std::vector<Var> depth = packs_one_run() ? std::vector<Var>{k_.front()} : k_;
    const std::vector<Var> panel = concatenate(
        concatenate(concatenate({tile_column_}, depth), {column_tile_}), packed_outer(spec_.b));
    std::vector<Expr> k = k_within_bounds();
    if (!transposes_b()) {
        packed_b_(panel) = spec_.b.at(outer, column, k);
        return;
    }
    // Vectors begin at multiples of their length inside the extent, and may end past it.
    const Expr begin = k_[0] / tiles_.lanes * tiles_.lanes;
    if (packs_one_run()) {
        k.assign(k_.size(), 0);
    }
    const Expr extent = packs_one_run() ? product(spec_.k_extents) : spec_.k_extents[0];
    k[0] = min(begin, extent - 1) + k_[0] % tiles_.lanes;
    lines_b_ = Func(spec_.name + "_lines_b");
    std::vector<Var> lines = panel;
    std::swap(lines[0], lines[1]);
    if (streams_b() || !reads_whole_lines()) {
        lines_b_(lines) = read_b(outer, column, k);
    } else {
        // Processors follow fewer streams than a tile has columns.
        constexpr int lines_ahead = 8;
        const int terms_ahead = lines_ahead * tiles_.lanes;
        // Columns that are shorter than that are those of the next tile.
        const Expr is_short = sweeps_k() ? Halide::Internal::const_false() : extent <= terms_ahead;
        const Expr later_column = column + select(is_short, tiles_.columns, 0);
        std::vector<Expr> later = k;
        later[0] += select(is_short, 0, terms_ahead);
        lines_b_(lines) =
            with_prefetch(spec_.b.at(outer, column, k), spec_.b.at(outer, later_column, later));
    }
    packed_b_(panel) = lines_b_(lines);
}

Expr ContractionBuilder::read_b(const std::vector<Expr>& outer, const Expr& column,
                                const std::vector<Expr>& k) const {
    const Expr b = spec_.b.at(outer, column, k);
    // Prefetchers of processors follow fewer rows than a block of k has. From memory they must be
    // asked for earlier than from the caches.
    const int tiles_ahead = streams_b() ? streamed_tiles_ahead() : spec_.tiles_ahead;
    return streams_b() || fetches_columns_ahead()
               ? with_prefetch(b, spec_.b.at(outer, column + tiles_ahead * tiles_.columns, k))
               : b;
}

int ContractionBuilder::streamed_tiles_ahead() const {
    // As many lines as memory gives until it has answered.
    constexpr int lines_ahead = 256;
    constexpr int line_bytes = 64;
    const int tile_bytes = tiles_.columns * spec_.accumulator.bytes() * tiles_.k_block;
    return std::max(lines_ahead * line_bytes / tile_bytes, 2);
}

Expr ContractionBuilder::tiled_b(const std::vector<Expr>& k) const {
    if (packs_b()) {
        const std::vector<Expr> depth =
            packs_one_run() ? std::vector<Expr>{place_in_run(spec_.k_extents, k)} : k;
        return packed_b_(
            concatenate(concatenate(concatenate({Expr(tile_column_)}, depth), {Expr(column_tile_)}),
                        as_exprs(packed_outer(spec_.b))));
    }
    const std::vector<Expr> outer = outer_of(spec_.b);
    const Expr column = column_tile_ * tiles_.columns + tile_column_;
    if (!streams_b() || k_.size() != 1) {
        return read_b(outer, column, k);
    }
    // The columns of a task are read again for the next block of k, which begins with lines that
    // are asked for where this block ends.
    const int tiles_ahead = streamed_tiles_ahead();
    const Expr later = column + tiles_ahead * tiles_.columns;
    return with_prefetch(
        spec_.b.at(outer, column, k), spec_.b.at(outer, later, k),
        {column_tile_, tiles_ahead, tiles_.columns, spec_.b.at(outer, later, {k[0] + k_block(0)})});
}

Expr ContractionBuilder::term_of_tile(const Expr& term) const {
    if (!halves_last_tile()) {
        return term;
    }
    const int half = tiles_.columns / tiles_.lanes / 2 * tiles_.lanes;
    const Expr columns_left = spec_.columns - column_tile_ * tiles_.columns;
    return in_tile(term, columns_left <= half, tile_column_);
}

Expr ContractionBuilder::stored_row_block() const {
    const int tiles = stored_rows() / tiles_.rows;
    return tiles == 1 ? spec_.row_block : (spec_.row_block + tiles - 1) / tiles;
}

Expr ContractionBuilder::read_a(const Expr& row, const std::vector<Expr>& k) const {
    const std::vector<Expr> outer = outer_of(spec_.a);
    const auto at = [&](const Expr& place, const std::vector<Expr>& terms) {
        return windows_ ? spec_.a.at(outer, 0, {windows_->at(place, terms[1], terms[0]), 0})
                        : spec_.a.at(outer, min(place, spec_.rows - 1), terms);
    };
    const Expr a = at(row, k);
    if (spec_.lines_ahead == 0 || spec_.a.unit_stride == UnitStride::none) {
        return a;
    }
    // Of the first row of the tile, whose place the loop has at hand.
    constexpr int line_bytes = 64;
    std::vector<Expr> later = k;
    later[0] += spec_.lines_ahead * line_bytes / spec_.accumulator.bytes();
    const Expr first_row = row_tile_ * tiles_.rows;
    return with_prefetch(a, at(first_row, later));
}

void ContractionBuilder::define_tiled_sum() {
    std::vector<Var> dimensions =
        concatenate({tile_column_, tile_row_, row_tile_, column_tile_}, outer_);
    sum_(dimensions) = empty_sum(spec_);

    std::vector<Expr> k;
    if (blocks_k()) {
        Halide::Region region;
        for (size_t atom = 0; atom < k_.size(); ++atom) {
            region.emplace_back(0, k_block(atom));
        }
        for (size_t atom = 0; atom < k_.size(); ++atom) {
            region.emplace_back(0, (spec_.k_extents[atom] + k_block(atom) - 1) / k_block(atom));
        }
        RDom domain(region, spec_.name + "_k");
        for (size_t atom = 0; atom < k_.size(); ++atom) {
            k_inner_.push_back(domain[static_cast<int>(atom)]);
            k_outer_.push_back(domain[static_cast<int>(atom + k_.size())]);
            k.push_back(k_outer_[atom] * k_block(atom) + k_inner_[atom]);
            domain.where(k.back() < spec_.k_extents[atom]);
        }
    } else {
        RDom domain = whole_k_domain(spec_);
        for (size_t atom = 0; atom < k_.size(); ++atom) {
            k_inner_.push_back(domain[static_cast<int>(atom)]);
        }
        k = positions(domain);
        if (joins_tiles()) {
            domain.where(row_tile_ * tiles_.rows < spec_.rows);
        }
        if (spec_.k_limits) {
            const auto [begin, end] = spec_.k_limits(row_tile_ * tiles_.rows);
            if (begin.defined()) {
                domain.where(k[0] >= begin);
            }
            if (end.defined()) {
                domain.where(k[0] < end);
            }
        }
    }
    const Expr place = row_tile_ * tiles_.rows + tile_row_;
    const Expr row = min(place, spec_.rows - 1);
    const Expr a =
        packs_a()
            ? packed_a_(concatenate(concatenate(concatenate({Expr(tile_row_)}, k), {row_tile_}),
                                    as_exprs(packed_outer(spec_.a))))
            : read_a(place, k);
    sum_(dimensions) += term_of_tile(a * tiled_b(k));
    for (std::size_t i = 0; i < beside_.size(); ++i) {
        const auto& [rows, columns] = spec_.beside[i];
        beside_[i](dimensions) = empty_sum(spec_);
        beside_[i](dimensions) += term_of_tile(
            rows.at(outer_of(rows), row, k) *
            columns.at(outer_of(columns), column_tile_ * tiles_.columns + tile_column_, k));
    }
}

void ContractionBuilder::build_tiled() {
    if (packs_a()) {
        define_packed_a();
    }
    if (packs_b()) {
        define_packed_b();
    }
    if (spec_.windows) {
        windows_.emplace(spec_.name, *spec_.windows, spec_.rows);
    }
    define_tiled_sum();
    // The quotients and remainders vanish when the output is split by the same factors.
    std::vector<Expr> place = concatenate({column_ % tiles_.columns, row() % tiles_.rows,
                                           row() / tiles_.rows, column_ / tiles_.columns},
                                          as_exprs(outer_));
    if (stores_along_rows()) {
        define_turned_blocks();
        const int size = turned_size();
        place = concatenate({row() % size, column_ % size, row() / size, column_ / size},
                            as_exprs(outer_));
        define_output({turned_(place)});
    } else {
        std::vector<Expr> sums{sum_(place)};
        for (const Func& sum : beside_) {
            sums.push_back(sum(place));
        }
        define_output(sums);
    }
    if (spec_.is_scratch) {
        schedule_scratch_output();
    } else if (tasks_are_columns()) {
        schedule_output_by_columns();
    } else {
        schedule_tiled_output();
    }
    if (windows_) {
        windows_->compute_at(out_, task_, log_);
    }
    schedule_tiled_sum(sum_);
    for (Func& sum : beside_) {
        schedule_tiled_sum(sum);
    }
    schedule_packing();
}

void ContractionBuilder::schedule_scratch_output() {
    LoggedSchedule schedule = logged(out_, log_);
    schedule.align_bounds(column_, tiles_.columns).align_bounds(row_, tiles_.rows);
    schedule_whole_tiles(schedule, column_, row_,
                         {column_tile_, row_tile_, tile_column_, tile_row_}, tiles_, outer_);
}

/// Blocks of columns, and the outer dimensions that are not summed together, are tasks; a task's
/// sums are stored row by row.
void ContractionBuilder::schedule_output_by_columns() {
    LoggedSchedule schedule = logged(out_, log_);
    schedule.split(column_, column_tile_, tile_column_, tiles_.columns)
        .split(column_tile_, column_block_, panel_, spec_.row_block);
    std::vector<VarOrRVar> order{tile_column_, panel_};
    if (has_row_) {
        order.emplace_back(row_);
    }
    const std::vector<Var> together = outer_loops(true);
    order.insert(order.end(), together.begin(), together.end());
    const std::vector<Var> tasks = concatenate(outer_loops(false), {column_block_});
    order.insert(order.end(), tasks.begin(), tasks.end());
    schedule.reorder(order);
    schedule_tasks(schedule, tasks);
    schedule.vectorize(tile_column_, epilogue_width()).never_partition_all();
}

void ContractionBuilder::schedule_tiled_output() {
    LoggedSchedule schedule = logged(out_, log_);
    if (stores_along_rows()) {
        schedule.split(column_, column_tile_, tile_column_, turned_size())
            .split(column_tile_, column_tile_, turned_block_, tiles_.columns / turned_size())
            .split(row_, row_tile_, tile_row_, turned_size())
            .split(row_tile_, row_tile_, turned_row_, stored_rows() / turned_size());
    } else {
        schedule.split(column_, column_tile_, tile_column_, tiles_.columns)
            .split(row_, row_tile_, tile_row_, tiles_.rows);
    }
    std::vector<Var> tasks = concatenate<Var>({row_block_}, outer_loops(false));
    std::vector<VarOrRVar> order;
    if (takes_rows_together()) {
        schedule.split(row_tile_, row_subblock_, row_tile_, spec_.row_tiles_together)
            .split(row_subblock_, row_block_, row_subblock_, spec_.row_block);
        order = {tile_column_, tile_row_, row_tile_, column_tile_, row_subblock_, row_block_};
        order.insert(order.end(), outer_.begin(), outer_.end());
    } else {
        schedule.split(column_tile_, column_block_, panel_, spec_.column_block)
            .split(row_tile_, row_block_, row_tile_, stored_row_block());
        order = {tile_column_, tile_row_, row_tile_, panel_, row_block_};
        if (blocks_k()) {
            // The whole block is summed first, then swept row by row.
            order = {tile_column_, panel_, tile_row_, row_tile_};
            const std::vector<Var> together = outer_loops(true);
            order.insert(order.end(), together.begin(), together.end());
            order.emplace_back(row_block_);
        } else if (has_lines()) {
            schedule.split(line(), line(), tile_line_, tiles_.lines);
            order.insert(order.begin() + 2, tile_line_);
        } else if (stores_along_rows()) {
            order = {tile_row_, tile_column_, turned_row_, turned_block_,
                     row_tile_, panel_,       row_block_};
        }
        const std::vector<Var> outside = outer_loops(false);
        order.insert(order.end(), outside.begin(), outside.end());
        order.emplace_back(column_block_);
    }
    schedule.reorder(order);
    schedule_tasks(schedule, tasks);
    schedule.never_partition_all();
    if (stores_along_rows()) {
        schedule.vectorize(tile_row_);
        if (spec_.stores_sum) {
            schedule.unroll(tile_column_);
        }
        values_->compute_at(out_, tile_column_, row_, turned_size(), log_);
        schedule_turned_sum();
        if (joins_tiles()) {
            schedule_joined_tiles();
        }
        return;
    }
    schedule.vectorize(tile_column_, epilogue_width());
    if (sums_single_tiles()) {
        // One loop, not two: LLVM takes what is nested deeper for what runs oftener, and would keep
        // the epilogue's constants in registers through the loop over k, and its sums in memory.
        // Columns that are read in place may be short lines, and their tiles seldom whole. (Those
        // of row chains are heads, and take so long to sum that it does not matter.)
        const bool mostly_whole = packs_b() || takes_rows_together();
        const Var tile_vector(mostly_whole ? whole_tile_loop : "tile_vector");
        schedule.fuse(tile_column_, tile_row_, tile_vector);
        if (has_lines()) {
            schedule.fuse(tile_vector, tile_line_, tile_vector);
        }
        values_->compute_at(out_, tile_vector, column_, epilogue_width(), log_);
        if (spec_.stores_sum && spec_.stores_vectors) {
            schedule.unroll(tile_vector);
        }
    }
}

void ContractionBuilder::schedule_tiled_sum(Func& sum) {
    LoggedSchedule zero = logged(sum, log_);
    if (joins_tiles()) {
        zero.compute_at(joined_, joined_tile_);
    } else {
        zero.compute_at(out_, blocks_k() ? task_ : row_tile_);
    }
    zero.bound_extent(tile_column_, tiles_.columns)
        .bound_extent(tile_row_, tiles_.rows)
        .vectorize(tile_column_, tiles_.lanes)
        .never_partition_all();
    if (!blocks_k()) {
        zero.bound_extent(row_tile_, 1)
            .bound_extent(column_tile_, 1)
            .store_in(Halide::MemoryType::Stack)
            .unroll(tile_column_)
            .unroll(tile_row_);
    }
    std::vector<VarOrRVar> order{tile_column_};
    if (has_lines()) {
        order.emplace_back(line());
    }
    order.emplace_back(tile_row_);
    order.insert(order.end(), k_inner_.begin(), k_inner_.end());
    order.insert(order.end(), {row_tile_, column_tile_});
    const std::vector<Var> together = outer_loops(true);
    order.insert(order.end(), together.begin(), together.end());
    order.insert(order.end(), k_outer_.begin(), k_outer_.end());
    LoggedSchedule update = logged_update(sum, log_);
    update.reorder(order)
        .vectorize(tile_column_, tiles_.lanes)
        .unroll(tile_column_)
        .unroll(tile_row_)
        .never_partition_all();
    if (has_lines()) {
        zero.bound_extent(line(), tiles_.lines).unroll(line());
        update.unroll(line());
    }
    if (!packs_a() && Halide::Internal::is_const(spec_.k_extents[0])) {
        update.unroll(k_inner_[0]);
    }
}

void ContractionBuilder::schedule_packing() {
    // Along a contiguous free dimension, packing a few panels at a time reads whole cache lines.
    constexpr int panel_group = 4;
    constexpr int row_panel_group = 16;  // these are narrower
    const Var group("group");
    if (packs_a()) {
        LoggedSchedule schedule = logged(packed_a_, log_);
        schedule.compute_at(sum_, k_outer_.front())
            .bound_extent(tile_row_, tiles_.rows)
            .never_partition_all();
        if (spec_.a.unit_stride == UnitStride::free) {
            schedule.split(row_tile_, group, row_tile_, row_panel_group)
                .reorder(concatenate<VarOrRVar>({tile_row_, row_tile_}, {k_.begin(), k_.end()}))
                .vectorize(tile_row_)
                .partition(row_tile_, Partition::Auto);
        } else {
            schedule.unroll(tile_row_);
        }
    }
    if (!packs_b()) {
        return;
    }
    LoggedSchedule schedule = logged(packed_b_, log_);
    const bool in_task = spec_.b.varies_along_outer() || takes_rows_together();
    if (spec_.is_scratch) {
        packed_.push_back(packed_b_);
    } else if (sweeps_k()) {
        schedule.compute_at(sum_, k_outer_.front());
    } else if (streams_b()) {
        schedule.compute_at(sum_, column_tile_).bound_extent(column_tile_, 1);
    } else {
        schedule.compute_at(out_, in_task ? task_ : column_block_);
    }
    schedule.bound_extent(tile_column_, tiles_.columns);
    Var task = column_tile_;
    if (transposes_b()) {
        // One block is transposed in each turn: the code of one is long.
        const Var k_group("k_group"), block("block");
        schedule.align_bounds(k_[0], tiles_.lanes)
            .split(k_[0], k_group, k_[0], tiles_.lanes, Halide::TailStrategy::RoundUp)
            .split(tile_column_, block, tile_column_, tiles_.lanes, Halide::TailStrategy::RoundUp)
            .reorder({tile_column_, k_[0], block, k_group})
            .vectorize(tile_column_);
        logged(lines_b_, log_)
            .compute_at(packed_b_, k_group)
            .store_in(Halide::MemoryType::Stack)
            .bound_extent(k_[0], tiles_.lanes)
            .bound_extent(tile_column_, tiles_.columns)
            .vectorize(k_[0])
            .never_partition_all();
    }
    if (spec_.b.unit_stride == UnitStride::free) {
        schedule.split(column_tile_, group, column_tile_, panel_group)
            .reorder(concatenate<VarOrRVar>({tile_column_, column_tile_}, {k_.begin(), k_.end()}));
        task = group;
    }
    schedule.never_partition_all();
    if (!transposes_b()) {  // its lines are read one by one, the last one again past the end
        schedule.vectorize(tile_column_, tiles_.lanes).unroll(tile_column_);
        if (!reads_columns_past_end()) {
            schedule.partition(column_tile_, Partition::Auto);
        }
    }
    if (spec_.parallel && !in_task && !tasks_are_columns() && !spec_.is_scratch) {
        schedule.parallel(task);
    }
}

std::vector<Expr> contraction_k_blocks(const std::vector<Expr>& k_extents, int k_block) {
    std::vector<Expr> blocks;
    Expr left = k_block;
    for (const Expr& extent : k_extents) {
        const Expr block = Halide::max(Halide::min(extent, left), 1);
        blocks.push_back(block);
        left = Halide::select(block < extent, 1, left / block);
    }
    return blocks;
}

BuiltContraction build_contraction(const ContractionSpec& spec, ScheduleLog& log) {
    return ContractionBuilder(spec, log).build();
}

}  // namespace latent::codegen
