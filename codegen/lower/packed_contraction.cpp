#include "codegen/lower/packed_contraction.h"

#include <optional>

#include "codegen/lower/whole_vectors.h"

namespace latent::codegen {
namespace {

using Halide::Expr;
using Halide::Func;
using Halide::Partition;
using Halide::RDom;
using Halide::RVar;
using Halide::Var;
using Halide::VarOrRVar;

template <typename Element>
std::vector<Element> concatenate(std::vector<Element> head, const std::vector<Element>& tail) {
    head.insert(head.end(), tail.begin(), tail.end());
    return head;
}

std::vector<Expr> as_exprs(const std::vector<Var>& vars) {
    return {vars.begin(), vars.end()};
}

std::vector<Var> numbered_vars(const std::string& prefix, size_t count) {
    std::vector<Var> vars;
    for (size_t index = 0; index < count; ++index) {
        vars.emplace_back(prefix + std::to_string(index));
    }
    return vars;
}

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
        for (const int dimension : spec.output_order) {
            has_column_ = has_column_ || dimension == 0;
            has_row_ = has_row_ || dimension == 1;
        }
    }

    BuiltContraction build() {
        if (spec_.variant != ContractionVariant::skinny) {
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
    /// Values of `k` at which the reduction stands, from a domain with one dimension per k atom.
    std::vector<Expr> whole_k(const RDom& domain) const {
        std::vector<Expr> k;
        for (size_t atom = 0; atom < k_.size(); ++atom) {
            k.emplace_back(domain[static_cast<int>(atom)]);
        }
        return k;
    }

    RDom whole_k_domain() const {
        Halide::Region region;
        for (const Expr& extent : spec_.k_extents) {
            region.emplace_back(0, extent);
        }
        return RDom(region, spec_.name + "_k");
    }

    /// `k` of a packed block: the last block is packed whole, with repeated elements that no sum
    /// takes in.
    std::vector<Expr> k_within_bounds() const {
        std::vector<Expr> k;
        for (size_t atom = 0; atom < k_.size(); ++atom) {
            k.push_back(blocks_k() ? Halide::min(k_[atom], spec_.k_extents[atom] - 1)
                                   : Expr(k_[atom]));
        }
        return k;
    }

    /// Lines past the end repeat the last: their sums are never stored.
    std::vector<Expr> outer_of(const ContractionOperand& operand) const {
        if (!operand.varies_along_outer) {
            return {};
        }
        std::vector<Expr> outer = as_exprs(outer_);
        if (has_lines()) {
            const auto line = static_cast<std::size_t>(spec_.line);
            outer[line] = Halide::min(outer[line], spec_.outer_extents[line] - 1);
        }
        return outer;
    }

    void define_output(const Expr& sum) {
        std::vector<Expr> results = spec_.epilogue(sum, as_exprs(outer_), row(), column());
        const std::vector<Var> all = concatenate({column_, row_}, outer_);
        std::vector<Var> dimensions;
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
    Expr row() const { return has_row_ ? Expr(row_) : Expr(0); }
    Expr column() const { return has_column_ ? Expr(column_) : Expr(0); }

    /// Fuses the loops, innermost first, into `task_` and runs it in parallel. Where `items` is
    /// greater than 1, a task is as many turns of the fused loop.
    void schedule_tasks(LoggedSchedule<Func>& schedule, const std::vector<Var>& loops,
                        int items = 1) {
        task_ = loops[0];
        for (size_t loop = 1; loop < loops.size(); ++loop) {
            const Var fused("task" + std::to_string(loop));
            schedule.fuse(task_, loops[loop], fused);
            task_ = fused;
        }
        task_item_ = task_;
        if (items > 1) {
            task_item_ = Var("task_item");
            schedule.split(task_, task_, task_item_, items);
        }
        if (spec_.parallel) {
            schedule.parallel(task_);
        }
    }

    /// The loops of an unpacked product's result: blocks of columns, and the outer dimensions, are
    /// tasks; in a task rows over vectors of columns.
    void schedule_unpacked_output(int block_columns);
    void compute_in_task(LoggedSchedule<Func>& schedule) {
        if (has_column_ || !outer_.empty()) {
            schedule.compute_at(out_, task_item_);
        } else {
            schedule.compute_root();
        }
    }

    void build_tiled();
    void define_packed_a();
    void define_packed_b();
    void define_tiled_sum();
    void schedule_scratch_output();
    void schedule_tiled_output();
    void schedule_tiled_sum();
    void schedule_packing();
    void build_row_updates();
    void build_row_dots();

    bool packs_a() const { return spec_.variant == ContractionVariant::large || streams_b(); }
    /// A register tile is summed and stored at a time.
    bool sums_single_tiles() const {
        return spec_.variant == ContractionVariant::direct ||
               spec_.variant == ContractionVariant::small;
    }
    /// Elements of the result that are computed at a time: two vectors, so that what follows the
    /// sum need not wait for each of its steps.
    int epilogue_width() const {
        const int two = 2 * tiles_.lanes;
        return spec_.stores_sum || tiles_.columns % two != 0 ? tiles_.lanes : two;
    }
    bool takes_rows_together() const { return spec_.row_tiles_together > 0; }
    bool blocks_k() const { return packs_a() || spec_.variant == ContractionVariant::deep; }
    bool streams_b() const { return spec_.variant == ContractionVariant::streamed; }
    bool packs_b() const { return spec_.variant != ContractionVariant::direct; }
    bool has_lines() const { return spec_.line >= 0; }
    const Var& line() const { return outer_[static_cast<std::size_t>(spec_.line)]; }
    Expr k_block(size_t atom) const { return spec_.k_blocks[atom]; }

    const ContractionSpec& spec_;
    ScheduleLog& log_;
    ContractionTiles tiles_;

    std::vector<Var> outer_, k_;
    Var row_{"row"}, column_{"column"};
    // Coordinates of a register tile and inside it.
    Var row_tile_{"row_tile"}, column_tile_{"column_tile"};
    Var tile_row_{"tile_row"}, tile_column_{"tile_column"};
    // Loops of the output.
    Var column_block_{"column_block"}, row_block_{"row_block"}, row_subblock_{"row_subblock"};
    Var tile_vector_{"tile_vector"};
    Var tile_line_{"tile_line"};
    Var panel_{"panel"}, task_{"task"}, task_item_;
    bool has_row_ = false, has_column_ = false;

    Func sum_, out_, packed_a_, packed_b_;
    std::vector<Func> packed_;            ///< that the caller computes somewhere
    std::optional<WholeVectors> values_;  ///< where single tiles are summed
    std::vector<RVar> k_inner_, k_outer_;
};

void ContractionBuilder::define_packed_a() {
    // Rows past the end repeat the last: their sums are never stored.
    Expr row = min(likely(row_tile_ * tiles_.rows + tile_row_), spec_.rows - 1);
    packed_a_ = Func(spec_.name + "_packed_a");
    std::vector<Var> outer = spec_.a.varies_along_outer ? outer_ : std::vector<Var>{};
    packed_a_(concatenate(concatenate(concatenate({tile_row_}, k_), {row_tile_}), outer)) =
        spec_.a.at(as_exprs(outer), row, k_within_bounds());
}

void ContractionBuilder::define_packed_b() {
    Expr column = min(likely(column_tile_ * tiles_.columns + tile_column_), spec_.columns - 1);
    packed_b_ = Func(spec_.name + "_packed_b");
    std::vector<Var> outer = spec_.b.varies_along_outer ? outer_ : std::vector<Var>{};
    packed_b_(concatenate(concatenate(concatenate({tile_column_}, k_), {column_tile_}), outer)) =
        spec_.b.at(as_exprs(outer), column, k_within_bounds());
}

void ContractionBuilder::define_tiled_sum() {
    std::vector<Var> dimensions =
        concatenate({tile_column_, tile_row_, row_tile_, column_tile_}, outer_);
    sum_(dimensions) = Halide::cast(spec_.accumulator, 0);

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
        RDom domain = whole_k_domain();
        for (size_t atom = 0; atom < k_.size(); ++atom) {
            k_inner_.push_back(domain[static_cast<int>(atom)]);
        }
        k = whole_k(domain);
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
    const Expr row = min(row_tile_ * tiles_.rows + tile_row_, spec_.rows - 1);
    const Expr a =
        packs_a()
            ? packed_a_(concatenate(concatenate(concatenate({Expr(tile_row_)}, k), {row_tile_}),
                                    outer_of(spec_.a)))
            : spec_.a.at(outer_of(spec_.a), row, k);
    const Expr b =
        packs_b() ? packed_b_(concatenate(
                        concatenate(concatenate({Expr(tile_column_)}, k), {column_tile_}),
                        outer_of(spec_.b)))
                  : spec_.b.at(outer_of(spec_.b), column_tile_ * tiles_.columns + tile_column_, k);
    sum_(dimensions) += a * b;
}

void ContractionBuilder::build_tiled() {
    if (packs_a()) {
        define_packed_a();
    }
    if (packs_b()) {
        define_packed_b();
    }
    define_tiled_sum();
    // The quotients and remainders vanish when the output is split by the same factors.
    define_output(sum_(concatenate({column_ % tiles_.columns, row_ % tiles_.rows,
                                    row_ / tiles_.rows, column_ / tiles_.columns},
                                   as_exprs(outer_))));
    if (spec_.is_scratch) {
        schedule_scratch_output();
    } else {
        schedule_tiled_output();
    }
    schedule_tiled_sum();
    schedule_packing();
}

void ContractionBuilder::schedule_scratch_output() {
    constexpr auto whole = Halide::TailStrategy::RoundUp;
    logged(out_, log_)
        .align_bounds(column_, tiles_.columns)
        .align_bounds(row_, tiles_.rows)
        .split(column_, column_tile_, tile_column_, tiles_.columns, whole)
        .split(row_, row_tile_, tile_row_, tiles_.rows, whole)
        .reorder(concatenate<VarOrRVar>({tile_column_, tile_row_, row_tile_, column_tile_},
                                        {outer_.begin(), outer_.end()}))
        .vectorize(tile_column_, tiles_.lanes)
        .unroll(tile_column_)
        .unroll(tile_row_)
        .never_partition_all();
}

void ContractionBuilder::schedule_tiled_output() {
    LoggedSchedule schedule = logged(out_, log_);
    schedule.split(column_, column_tile_, tile_column_, tiles_.columns)
        .split(row_, row_tile_, tile_row_, tiles_.rows);
    std::vector<Var> tasks = concatenate<Var>({row_block_}, outer_);
    std::vector<VarOrRVar> order;
    if (takes_rows_together()) {
        schedule.split(row_tile_, row_subblock_, row_tile_, spec_.row_tiles_together)
            .split(row_subblock_, row_block_, row_subblock_, spec_.row_block);
        order = {tile_column_, tile_row_, row_tile_, column_tile_, row_subblock_, row_block_};
        order.insert(order.end(), outer_.begin(), outer_.end());
    } else {
        schedule.split(column_tile_, column_block_, panel_, tiles_.block_column_tiles)
            .split(row_tile_, row_block_, row_tile_, spec_.row_block);
        order = {tile_column_, tile_row_, row_tile_, panel_, row_block_};
        if (blocks_k()) {
            // The whole block is summed first, then swept row by row.
            order = {tile_column_, panel_, tile_row_, row_tile_, row_block_};
        } else if (has_lines()) {
            schedule.split(line(), line(), tile_line_, tiles_.lines);
            order.insert(order.begin() + 2, tile_line_);
        }
        order.insert(order.end(), outer_.begin(), outer_.end());
        order.emplace_back(column_block_);
    }
    schedule.reorder(order);
    if (streams_b()) {
        tasks.push_back(column_block_);
    }
    schedule_tasks(schedule, tasks);
    schedule.vectorize(tile_column_, epilogue_width());
    if (sums_single_tiles()) {
        // One loop, not two: LLVM takes what is nested deeper for what runs oftener, and would keep
        // the epilogue's constants in registers through the loop over k, and its sums in memory.
        schedule.fuse(tile_column_, tile_row_, tile_vector_);
        if (has_lines()) {
            schedule.fuse(tile_vector_, tile_line_, tile_vector_);
        }
        values_->compute_at(out_, tile_vector_, column_, epilogue_width(), log_);
        if (spec_.stores_sum) {
            schedule.unroll(tile_vector_);
        }
    }
    schedule.never_partition_all();
}

void ContractionBuilder::schedule_tiled_sum() {
    LoggedSchedule zero = logged(sum_, log_);
    zero.compute_at(out_, blocks_k() ? task_ : row_tile_)
        .bound_extent(tile_column_, tiles_.columns)
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
    order.insert(order.end(), k_outer_.begin(), k_outer_.end());
    LoggedSchedule update = logged_update(sum_, log_);
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
    const Var group("group");
    if (packs_a()) {
        LoggedSchedule schedule = logged(packed_a_, log_);
        schedule.compute_at(sum_, k_outer_.front())
            .bound_extent(tile_row_, tiles_.rows)
            .never_partition_all();
        if (spec_.a.unit_stride == UnitStride::free) {
            schedule.split(row_tile_, group, row_tile_, panel_group)
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
    const bool in_task = spec_.b.varies_along_outer || takes_rows_together();
    if (spec_.is_scratch) {
        packed_.push_back(packed_b_);
    } else if (streams_b()) {
        schedule.compute_at(sum_, k_outer_.front());
    } else {
        schedule.compute_at(out_, in_task ? task_ : column_block_);
    }
    schedule.bound_extent(tile_column_, tiles_.columns);
    Var task = column_tile_;
    if (spec_.b.unit_stride == UnitStride::free) {
        schedule.split(column_tile_, group, column_tile_, panel_group)
            .reorder(concatenate<VarOrRVar>({tile_column_, column_tile_}, {k_.begin(), k_.end()}));
        task = group;
    }
    schedule.vectorize(tile_column_, tiles_.lanes)
        .unroll(tile_column_)
        .never_partition_all()
        .partition(column_tile_, Partition::Auto);
    if (spec_.parallel && !in_task && !streams_b() && !spec_.is_scratch) {
        schedule.parallel(task);
    }
}

void ContractionBuilder::schedule_unpacked_output(int block_columns) {
    LoggedSchedule schedule = logged(out_, log_);
    const Var lane("lane");
    std::vector<VarOrRVar> order;
    std::vector<Var> tasks = outer_;
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
    RDom domain = whole_k_domain();
    std::vector<Expr> k = whole_k(domain);
    sum_(dimensions) = Halide::cast(spec_.accumulator, 0);
    sum_(dimensions) +=
        spec_.a.at(outer_of(spec_.a), row_, k) * spec_.b.at(outer_of(spec_.b), column_, k);
    define_output(sum_(concatenate({column(), row()}, as_exprs(outer_))));

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
    std::vector<Expr> k = whole_k(domain);
    k[0] = k[0] * lanes + lane;
    domain.where(likely(k[0] < spec_.k_extents[0]));
    // Columns are summed two at a time, the last one perhaps twice.
    const Expr within = has_column_ ? Halide::min(column_, spec_.columns - 1) : Expr(column_);
    partial(partial_dimensions) = Halide::cast(spec_.accumulator, 0);
    partial(partial_dimensions) +=
        spec_.a.at(outer_of(spec_.a), row_, k) * spec_.b.at(outer_of(spec_.b), within, k);

    std::vector<Expr> terms;
    for (int index = 0; index < lanes; ++index) {
        terms.push_back(partial(concatenate({Expr(index)}, as_exprs(dimensions))));
    }
    while (terms.size() > 1) {
        const size_t half = terms.size() / 2;
        for (size_t index = 0; index < half; ++index) {
            terms[index] = Halide::strict_float(terms[index] + terms[index + half]);
        }
        terms.resize(half);
    }
    sum_(dimensions) = terms.front();
    define_output(sum_(concatenate({column(), row()}, as_exprs(outer_))));

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

}  // namespace

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
