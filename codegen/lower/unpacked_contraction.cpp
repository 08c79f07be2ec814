#include "codegen/lower/accumulation.h"
#include "codegen/lower/contraction_builder.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::Partition;
using Halide::RDom;
using Halide::RVar;
using Halide::Var;
using Halide::VarOrRVar;

void ContractionBuilder::schedule_unpacked_output(int block_columns) {
    LoggedSchedule schedule = logged(out_, log_);
    const Var lane("lane");
    std::vector<VarOrRVar> order;
    std::vector<Var> tasks = packs_for_all_tasks() ? std::vector<Var>{} : outer_;
    if (has_column_) {
        schedule.split(column_, column_block_, column_, block_columns)
            .split(column_, column_, lane, tiles_.lanes);
        order = {lane, column_};
        tasks.insert(tasks.begin(), column_block_);
    }
    if (has_row_) {
        order.emplace_back(row_);
    }
    order.insert(order.end(), tasks.begin(), tasks.end());
    if (packs_for_all_tasks()) {
        order.insert(order.end(), outer_.begin(), outer_.end());
    }
    if (order.size() > 1) {
        schedule.reorder(order);
    }
    if (!tasks.empty()) {
        schedule_tasks(schedule, tasks, has_column_ ? 1 : block_columns);
    }
    if (has_column_) {
        schedule.vectorize(lane);
    }
    schedule.never_partition_all();
}

void ContractionBuilder::build_row_updates() {
    std::vector<Var> dimensions = concatenate({column_, row_}, outer_);
    const RDom domain = whole_k_domain(spec_);
    const std::vector<Expr> k = positions(domain);
    sum_(dimensions) = empty_sum(spec_);
    sum_(dimensions) +=
        spec_.a.at(outer_of(spec_.a), row_, k) * spec_.b.at(outer_of(spec_.b), column_, k);
    define_output({sum_(concatenate({column(), row()}, as_exprs(outer_)))});

    // Rows of sums stay in L1 while rows of B stream past them, four at a time.
    constexpr int k_unroll = 4;
    schedule_unpacked_output(tiles_.block_column_tiles * tiles_.columns);
    Var lane("lane");
    LoggedSchedule zero = logged(sum_, log_);
    compute_in_task(zero);
    zero.split(column_, column_, lane, tiles_.lanes, Halide::TailStrategy::RoundUp)
        .vectorize(lane)
        .never_partition_all();
    RVar k_group("k_group"), k_step("k_step");
    std::vector<VarOrRVar> order{lane, k_step, column_, row_, k_group};
    for (size_t atom = 1; atom < k_.size(); ++atom) {
        order.emplace_back(domain[static_cast<int>(atom)]);
    }
    logged_update(sum_, log_)
        .split(column_, column_, lane, tiles_.lanes)
        .split(domain[0], k_group, k_step, k_unroll)
        .reorder(order)
        .vectorize(lane)
        .unroll(k_step)
        .never_partition_all()
        .partition(column_, Partition::Auto)
        .partition(k_group, Partition::Auto);
}

void ContractionBuilder::build_row_dots() {
    // Partial sums in four vectors along k, added as a fixed tree.
    const int lanes = 4 * tiles_.lanes;
    Var lane("lane");
    Func partial(spec_.name + "_partial");
    std::vector<Var> dimensions = concatenate({column_, row_}, outer_);
    std::vector<Var> partial_dimensions = concatenate({lane}, dimensions);
    Halide::Region region{{0, (spec_.k_extents[0] + lanes - 1) / lanes}};
    for (size_t atom = 1; atom < k_.size(); ++atom) {
        region.emplace_back(0, spec_.k_extents[atom]);
    }
    RDom domain(region, spec_.name + "_k");
    std::vector<Expr> k = positions(domain);
    k[0] = k[0] * lanes + lane;
    domain.where(likely(k[0] < spec_.k_extents[0]));
    // Columns are summed two at a time, the last one perhaps twice.
    const Expr within = has_column_ ? Halide::min(column_, spec_.columns - 1) : Expr(column_);
    partial(partial_dimensions) = empty_sum(spec_);
    partial(partial_dimensions) +=
        spec_.a.at(outer_of(spec_.a), row_, k) * spec_.b.at(outer_of(spec_.b), within, k);

    std::vector<Expr> terms;
    for (int index = 0; index < lanes; ++index) {
        terms.push_back(partial(concatenate({Expr(index)}, as_exprs(dimensions))));
    }
    sum_(dimensions) = accumulate_all(ir::Op::reduce_sum, std::move(terms));
    define_output({sum_(concatenate({column(), row()}, as_exprs(outer_)))});

    schedule_unpacked_output(64);
    LoggedSchedule total = logged(sum_, log_);
    compute_in_task(total);
    std::vector<VarOrRVar> order{lane};
    LoggedSchedule zero = logged(partial, log_);
    LoggedSchedule update = logged_update(partial, log_);
    if (has_column_) {
        constexpr int columns_together = 2;
        const Var together("together");
        total.split(column_, column_, together, columns_together, Halide::TailStrategy::RoundUp)
            .reorder({together, row_, column_});
        zero.bound_extent(column_, columns_together).unroll(column_);
        update.unroll(column_);
        order.emplace_back(column_);
    } else {
        total.reorder({row_, column_});
    }
    total.never_partition_all();
    zero.compute_at(sum_, row_)
        .store_in(Halide::MemoryType::Stack)
        .vectorize(lane, tiles_.lanes)
        .unroll(lane)
        .never_partition_all();
    for (size_t atom = 0; atom < k_.size(); ++atom) {
        order.emplace_back(domain[static_cast<int>(atom)]);
    }
    update.reorder(order)
        .vectorize(lane, tiles_.lanes)
        .unroll(lane)
        .never_partition_all()
        .partition(domain[0], Partition::Auto);
}

}  // namespace latent::codegen
