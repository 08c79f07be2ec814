#include "codegen/lower/contraction_parts.h"

#include <numeric>

#include "codegen/lower/block_transposes.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;
using Halide::VarOrRVar;

std::vector<Expr> as_exprs(const std::vector<Var>& vars) {
    return {vars.begin(), vars.end()};
}

std::vector<Var> numbered_vars(const std::string& prefix, std::size_t count) {
    std::vector<Var> vars;
    for (std::size_t index = 0; index < count; ++index) {
        vars.emplace_back(prefix + std::to_string(index));
    }
    return vars;
}

Expr empty_sum(const ContractionSpec& spec) {
    const bool keeps_sign = spec.sums_nothing && spec.accumulator.is_float();
    return keeps_sign ? Halide::Internal::make_const(spec.accumulator, -0.0)
                      : Halide::Internal::make_zero(spec.accumulator);
}

RDom whole_k_domain(const ContractionSpec& spec) {
    Halide::Region region;
    for (const Expr& extent : spec.k_extents) {
        region.emplace_back(0, extent);
    }
    return RDom(region, spec.name + "_k");
}

std::vector<Expr> positions(const RDom& domain) {
    std::vector<Expr> k;
    for (int i = 0; i < domain.dimensions(); ++i) {
        k.emplace_back(domain[i]);
    }
    return k;
}

Expr product(const std::vector<Expr>& extents) {
    Expr result = 1;
    for (const Expr& extent : extents) {
        result *= extent;
    }
    return result;
}

Expr place_in_run(const std::vector<Expr>& extents, const std::vector<Expr>& positions) {
    Expr place = 0;
    for (std::size_t i = extents.size(); i-- > 0;) {
        place = place * extents[i] + positions[i];
    }
    return place;
}

std::vector<Expr> positions_at(const std::vector<Expr>& extents, Expr place) {
    std::vector<Expr> positions;
    for (std::size_t i = 0; i + 1 < extents.size(); ++i) {
        positions.push_back(place % extents[i]);
        place = place / extents[i];
    }
    positions.push_back(place);
    return positions;
}

std::optional<TurnedStore> turned_store(Halide::Type element, const ContractionTiles& tiles) {
    constexpr int most_tiles = 2;
    for (const int block : {tiles.rows, 4, 2}) {
        const int rows = std::lcm(tiles.rows, block);
        if (transposes_blocks(element, block) && tiles.columns % block == 0 &&
            rows <= most_tiles * tiles.rows) {
            return TurnedStore{block, rows};
        }
    }
    return std::nullopt;
}

Var fuse_loops(LoggedSchedule<Func>& schedule, const std::vector<Var>& loops) {
    Var task = loops[0];
    for (std::size_t loop = 1; loop < loops.size(); ++loop) {
        const Var fused("task" + std::to_string(loop));
        schedule.fuse(task, loops[loop], fused);
        task = fused;
    }
    return task;
}

void schedule_whole_tiles(LoggedSchedule<Func>& schedule, const Var& column, const Var& row,
                          const TileLoops& loops, const ContractionTiles& tiles,
                          const std::vector<Var>& outer) {
    constexpr auto whole = Halide::TailStrategy::RoundUp;
    schedule.split(column, loops.column_tile, loops.tile_column, tiles.columns, whole)
        .split(row, loops.row_tile, loops.tile_row, tiles.rows, whole)
        .reorder(concatenate<VarOrRVar>(
            {loops.tile_column, loops.tile_row, loops.row_tile, loops.column_tile},
            {outer.begin(), outer.end()}));
    vectorize_tile(schedule, loops.tile_column, loops.tile_row, tiles.lanes);
}

}  // namespace latent::codegen
