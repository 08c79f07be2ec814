#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codegen/lower/packed_contraction.h"

namespace latent::codegen {

// What those who build contractions have in common.

template <typename Element>
std::vector<Element> concatenate(std::vector<Element> head, const std::vector<Element>& tail) {
    head.insert(head.end(), tail.begin(), tail.end());
    return head;
}

std::vector<Halide::Expr> as_exprs(const std::vector<Halide::Var>& vars);
std::vector<Halide::Var> numbered_vars(const std::string& prefix, std::size_t count);

/// What terms are added to: zero; where there is but one, the zero that keeps its sign.
Halide::Expr empty_sum(const ContractionSpec& spec);

/// The loops over all terms, one for each dimension of k, and where they stand.
Halide::RDom whole_k_domain(const ContractionSpec& spec);
std::vector<Halide::Expr> positions(const Halide::RDom& domain);

/// The elements of a run of these extents, innermost first.
Halide::Expr product(const std::vector<Halide::Expr>& extents);
/// The place in it of an element, and where each dimension is at a place.
Halide::Expr place_in_run(const std::vector<Halide::Expr>& extents,
                          const std::vector<Halide::Expr>& positions);
std::vector<Halide::Expr> positions_at(const std::vector<Halide::Expr>& extents,
                                       Halide::Expr place);

/// How register tiles are stored along their rows: in square blocks that are transposed, of as many
/// rows as make whole blocks and whole tiles: of two tiles at most, else there is no such store.
struct TurnedStore {
    int block, rows;
};
std::optional<TurnedStore> turned_store(Halide::Type element, const ContractionTiles& tiles);

/// Fuses the loops, innermost first, into one.
Halide::Var fuse_loops(LoggedSchedule<Halide::Func>& schedule,
                       const std::vector<Halide::Var>& loops);

/// Vectors along the columns of a register tile; all else of it is unrolled.
template <typename Target>
void vectorize_tile(LoggedSchedule<Target>& schedule, const Halide::Var& column,
                    const Halide::Var& row, int lanes) {
    schedule.vectorize(column, lanes).unroll(column).unroll(row).never_partition_all();
}

/// The loops over register tiles of a Func, and those inside of one.
struct TileLoops {
    Halide::Var column_tile, row_tile, tile_column, tile_row;
};

/// Computes scratch in whole register tiles, rows of them in columns, in the loops `outer`.
void schedule_whole_tiles(LoggedSchedule<Halide::Func>& schedule, const Halide::Var& column,
                          const Halide::Var& row, const TileLoops& loops,
                          const ContractionTiles& tiles, const std::vector<Halide::Var>& outer);

}  // namespace latent::codegen
