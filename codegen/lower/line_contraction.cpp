#include "codegen/lower/line_contraction.h"

#include "codegen/lower/contraction_parts.h"
#include "codegen/lower/whole_vectors.h"

namespace latent::codegen {
namespace {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;
using Halide::VarOrRVar;

/// Lines that are summed at a time, in blocks of even size: of as many columns as `tiles` says, so
/// that little of the last tile is wasted and the sums stay in L2. One line where more would be
/// wasted between the lines than at their ends.
Expr lines_of_block(const ContractionSpec& spec, const Expr& line_stride) {
    const auto rounded_up = [](const Expr& a, const Expr& b) { return (a + b - 1) / b; };
    const Expr lines = spec.outer_extents[static_cast<std::size_t>(spec.line)];
    const Expr dense = line_stride >= spec.columns && line_stride <= 2 * spec.columns;
    const Expr columns = spec.tiles.block_column_tiles * spec.tiles.columns;
    const Expr most =
        Halide::select(dense, Halide::max(columns / Halide::max(line_stride, 1), 1), 1);
    return rounded_up(lines, rounded_up(lines, most));
}

}  // namespace

Func build_line_contraction(const ContractionSpec& spec, const Expr& line_stride,
                            ScheduleLog& log) {
    const ContractionTiles& tiles = spec.tiles;
    const auto line = static_cast<std::size_t>(spec.line);
    const Var column("column"), row("row"), position("position");
    const std::vector<Var> outer = numbered_vars("outer", spec.outer_extents.size());

    // Sums at positions, which are columns that go on from line to line.
    std::vector<Var> sum_dimensions{position, row};
    std::vector<Expr> first_line;
    for (std::size_t i = 0; i < outer.size(); ++i) {
        first_line.push_back(i == line ? Expr(0) : Expr(outer[i]));
        if (i != line) {
            sum_dimensions.push_back(outer[i]);
        }
    }
    const RDom domain = whole_k_domain(spec);
    const std::vector<Expr> k = positions(domain);
    // Rows past the end repeat the last: their sums are never stored.
    const Expr row_within = Halide::min(row, spec.rows - 1);
    Func tile(spec.name + "_tile"), sums(spec.name + "_sums");
    tile(sum_dimensions) = empty_sum(spec);
    tile(sum_dimensions) +=
        spec.a.at(first_line, row_within, k) * spec.b.at(first_line, position, k);
    sums(sum_dimensions) = tile(sum_dimensions);

    std::vector<Expr> sum_at = as_exprs(sum_dimensions);
    // The last block may have fewer lines.
    sum_at[0] = Halide::min(outer[line], spec.outer_extents[line] - 1) * line_stride + column;
    const std::vector<Expr> results = spec.epilogue({sums(sum_at)}, as_exprs(outer), row, column);
    std::vector<Var> dimensions;
    for (const int dimension : spec.output_order) {
        dimensions.push_back(dimension == 0   ? column
                             : dimension == 1 ? row
                                              : outer[static_cast<std::size_t>(dimension - 2)]);
    }
    const WholeVectors values(spec.name, dimensions, Halide::Tuple(results));
    Func out(spec.name);
    out(dimensions) = values.at(dimensions);

    const Var vector("vector"), row_block("row_block"), line_block("line_block");
    LoggedSchedule schedule = logged(out, log);
    schedule.split(column, vector, column, tiles.lanes)
        .split(row, row_block, row, spec.row_block * tiles.rows)
        .split(outer[line], line_block, outer[line], lines_of_block(spec, line_stride));
    std::vector<VarOrRVar> order{column, vector, outer[line], row, row_block, line_block};
    std::vector<Var> tasks{row_block, line_block};
    for (std::size_t i = 0; i < outer.size(); ++i) {
        if (i != line) {
            order.emplace_back(outer[i]);
            tasks.push_back(outer[i]);
        }
    }
    schedule.reorder(order);
    const Var task = fuse_loops(schedule, tasks);
    schedule.parallel(task).vectorize(column).never_partition_all();
    values.compute_at(out, vector, column, tiles.lanes, log);

    const Var position_tile("position_tile"), row_tile("row_tile");
    LoggedSchedule whole = logged(sums, log);
    whole.compute_at(out, task);
    schedule_whole_tiles(whole, position, row, {position_tile, row_tile, position, row}, tiles, {});
    LoggedSchedule zero = logged(tile, log);
    zero.compute_at(sums, row_tile)
        .store_in(Halide::MemoryType::Stack)
        .bound_extent(position, tiles.columns)
        .bound_extent(row, tiles.rows);
    vectorize_tile(zero, position, row, tiles.lanes);
    order = {position, row};
    for (int i = 0; i < domain.dimensions(); ++i) {
        order.emplace_back(domain[i]);
    }
    LoggedSchedule update = logged_update(tile, log);
    update.reorder(order);
    vectorize_tile(update, position, row, tiles.lanes);
    if (Halide::Internal::is_const(spec.k_extents[0])) {
        update.unroll(domain[0]);
    }
    return out;
}

}  // namespace latent::codegen
