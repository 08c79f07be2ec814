#include "codegen/lower/accumulation.h"
#include "codegen/lower/contraction_builder.h"
#include "codegen/lower/prefetches.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::Partition;
using Halide::RDom;
using Halide::Var;
using Halide::VarOrRVar;

/// Each element has one vector of partial sums along k, and a register tile of them is summed at a
/// time. A block of k of all rows stays close while the columns of a task are read past it, ahead
/// of their use; in the end the partial sums of a vector of columns are transposed, and added as
/// one tree.
void ContractionBuilder::build_tiled_dots() {
    const int lanes = tiles_.lanes;
    const Var lane("lane"), vector("vector");
    // Where all of the depth is one run of B, it is one dimension.
    const bool one_run = depth_is_one_run();
    const std::vector<Var> outer_k =
        one_run ? std::vector<Var>{} : std::vector<Var>(k_.begin() + 1, k_.end());
    const std::vector<Var> outer_a = packed_outer(spec_.a);

    // Vectors of a block, blocks, and the other dimensions. Whole blocks are packed: past the last
    // vector of a row it is read again, for nothing.
    const Expr depth = one_run ? product(spec_.k_extents) : spec_.k_extents[0];
    const Expr vectors = (depth + lanes - 1) / lanes;
    // Blocks of even size.
    const auto rounded_up = [](const Expr& a, const Expr& b) { return (a + b - 1) / b; };
    const Expr block = Halide::max(
        rounded_up(vectors,
                   Halide::max(rounded_up(vectors, std::max(tiles_.k_block / lanes, 1)), 1)),
        1);
    const Expr position = Halide::min(vector, vectors - 1) * lanes + lane;
    // A vector of each row of a tile after the other: processors follow few streams in L1.
    packed_a_ = Func(spec_.name + "_packed_a");
    packed_a_(concatenate(concatenate(concatenate({lane, tile_row_, vector}, outer_k), {row_tile_}),
                          outer_a)) =
        spec_.a.at(outer_of(spec_.a),
                   min(likely(row_tile_ * tiles_.rows + tile_row_), spec_.rows - 1),
                   one_run ? positions_at(spec_.k_extents, Halide::min(position, depth - 1))
                           : concatenate({position}, as_exprs(outer_k)));

    Halide::Region region{{0, block}, {0, (vectors + block - 1) / block}};
    for (std::size_t atom = 1; atom <= outer_k.size(); ++atom) {
        region.emplace_back(0, spec_.k_extents[atom]);
    }
    RDom domain(region, spec_.name + "_k");
    const Expr term = domain[1] * block + domain[0];
    std::vector<Expr> k{term * lanes + lane};
    std::vector<Expr> packed_at{lane, tile_row_, term};
    for (int i = 2; i < domain.dimensions(); ++i) {
        k.emplace_back(domain[i]);
        packed_at.emplace_back(domain[i]);
    }
    packed_at.emplace_back(row_tile_);
    k.resize(k_.size(), 0);
    domain.where(likely(k[0] < depth));
    // Columns past the end repeat the last.
    const auto b_at = [&](const Expr& column) {
        return spec_.b.at(outer_of(spec_.b), Halide::min(column, spec_.columns - 1), k);
    };
    // Prefetchers of processors follow fewer rows than a tile has columns.
    constexpr int tiles_ahead = 2;
    // The sums of a register tile have fixed distances, by which they are known to be apart.
    const std::vector<Var> place = concatenate({lane, tile_row_, column_, row_tile_}, outer_);
    Func partial(spec_.name + "_partial");
    partial(place) = empty_sum(spec_);
    partial(place) += packed_a_(concatenate(packed_at, as_exprs(outer_a))) *
                      with_prefetch(b_at(column_), b_at(column_ + tiles_ahead * tiles_.columns));

    const std::vector<Var> dimensions = concatenate({column_, row_}, outer_);
    turned_ = Func(spec_.name + "_turned");
    turned_(concatenate({column_, lane, row_}, outer_)) = partial(concatenate(
        {Expr(lane), row_ % tiles_.rows, Expr(column_), row_ / tiles_.rows}, as_exprs(outer_)));
    std::vector<Expr> terms;
    for (int i = 0; i < lanes; ++i) {
        terms.push_back(
            turned_(concatenate({Expr(column_), Expr(i), Expr(row_)}, as_exprs(outer_))));
    }
    sum_(dimensions) = accumulate_all(ir::Op::reduce_sum, std::move(terms));
    define_output({sum_(concatenate({column(), row()}, as_exprs(outer_)))});
    schedule_tiled_dots(partial, lane, domain);
}

void ContractionBuilder::schedule_tiled_dots(Func& partial, const Var& lane, const RDom& domain) {
    const int lanes = tiles_.lanes;
    schedule_unpacked_output(tiles_.block_column_tiles * tiles_.columns);
    LoggedSchedule pack = logged(packed_a_, log_);
    if (packs_for_all_tasks()) {
        pack.compute_at(out_, outer_.front());
        if (spec_.parallel) {
            pack.parallel(row_tile_);
        }
    } else if (spec_.a.varies_along_outer()) {
        compute_in_task(pack);
    } else {
        pack.compute_root();
        if (spec_.parallel) {
            pack.parallel(row_tile_);
        }
    }
    pack.bound_extent(lane, lanes)
        .bound_extent(tile_row_, tiles_.rows)
        .vectorize(lane)
        .unroll(tile_row_)
        .never_partition_all();

    const Var vector("vector"), tile_column("tile_column");
    LoggedSchedule sum = logged(sum_, log_);
    compute_in_task(sum);
    sum.split(column_, vector, column_, lanes, Halide::TailStrategy::RoundUp)
        .vectorize(column_)
        .never_partition_all();
    logged(turned_, log_)
        .compute_at(sum_, vector)
        .store_in(Halide::MemoryType::Stack)
        .bound_extent(column_, lanes)
        .bound_extent(lane, lanes)
        .vectorize(column_)
        .never_partition_all();

    LoggedSchedule zero = logged(partial, log_);
    compute_in_task(zero);
    zero.bound_extent(lane, lanes)
        .bound_extent(tile_row_, tiles_.rows)
        .vectorize(lane)
        .never_partition_all();
    std::vector<VarOrRVar> order{lane, tile_column, tile_row_, domain[0], row_tile_, column_};
    for (int i = 1; i < domain.dimensions(); ++i) {
        order.emplace_back(domain[i]);
    }
    logged_update(partial, log_)
        .split(column_, column_, tile_column, tiles_.columns, Halide::TailStrategy::RoundUp)
        .reorder(order)
        .vectorize(lane)
        .unroll(tile_column)
        .unroll(tile_row_)
        .never_partition_all()
        .partition(domain[0], Partition::Auto);
}

}  // namespace latent::codegen
