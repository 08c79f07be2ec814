#include "codegen/lower/contraction_builder.h"

// Register tiles that are stored along their rows, by blocks that are transposed.

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;

void ContractionBuilder::define_turned_blocks() {
    if (joins_tiles()) {
        define_joined_tiles();
    }
    const Func& stored = joins_tiles() ? joined_ : sum_;
    // Blocks count through all tiles: of a remainder by their number, Halide would not see that it
    // is one block.
    const int size = turned_size();
    const int columns = tiles_.columns / size;
    const int rows = stored_rows() / size;
    turned_ = Func(spec_.name + "_turned");
    turned_(concatenate({tile_row_, tile_column_, turned_row_, turned_block_}, outer_)) =
        stored(concatenate(
            {turned_block_ % columns * size + tile_column_, turned_row_ % rows * size + tile_row_,
             turned_row_ / rows, turned_block_ / columns},
            as_exprs(outer_)));
}

/// Tiles that are stored together are summed one after the other: a tile has sums of its own, which
/// stay in registers.
void ContractionBuilder::define_joined_tiles() {
    const int tiles = stored_rows() / tiles_.rows;
    joined_ = Func(spec_.name + "_joined");
    joined_(concatenate({tile_column_, tile_row_, row_tile_, column_tile_}, outer_)) =
        sum_(concatenate({Expr(tile_column_), tile_row_ % tiles_.rows,
                          row_tile_ * tiles + tile_row_ / tiles_.rows, Expr(column_tile_)},
                         as_exprs(outer_)));
}

void ContractionBuilder::schedule_joined_tiles() {
    LoggedSchedule schedule = logged(joined_, log_);
    schedule.compute_at(out_, row_tile_)
        .store_in(Halide::MemoryType::Stack)
        .bound_extent(tile_column_, tiles_.columns)
        .bound_extent(tile_row_, stored_rows())
        .bound_extent(row_tile_, 1)
        .bound_extent(column_tile_, 1)
        .split(tile_row_, joined_tile_, tile_row_, tiles_.rows);
    vectorize_tile(schedule, tile_column_, tile_row_, tiles_.lanes);
}

void ContractionBuilder::schedule_turned_sum() {
    logged(turned_, log_)
        .compute_at(out_, turned_row_)
        .store_in(Halide::MemoryType::Stack)
        .bound_extent(tile_row_, turned_size())
        .bound_extent(tile_column_, turned_size())
        .bound_extent(turned_block_, 1)
        .bound_extent(turned_row_, 1)
        .vectorize(tile_row_)
        .never_partition_all();
}

}  // namespace latent::codegen
