#include "passes/schedule/summation_order.h"

#include <catch2/catch.hpp>
#include <string_view>

#include "ir/parse.h"
#include "passes/partition/partition.h"
#include "passes/schedule/schedule_space.h"
#include "tests/support/machines.h"

using namespace latent;
using namespace latent::passes;
using test::avx2;

namespace {

/// Of the stages that have one, in the one kernel that a graph becomes.
struct Sums {
    KernelStep step;
    ir::Schedule schedule;
    std::vector<SummationOrder> orders;
};

std::vector<SummationOrder> orders_of(const KernelStep& step, const ir::Schedule& schedule) {
    std::vector<SummationOrder> orders;
    for (const std::optional<SummationOrder>& order :
         summation_orders(step.region, step.classification, schedule, step.extents)) {
        if (order) {
            orders.push_back(*order);
        }
    }
    return orders;
}

Sums sums_of(std::string_view text) {
    const ir::Graph graph = ir::parse(text);
    const Partition cut = partition(graph);
    REQUIRE(cut.steps.size() == 1);
    Sums sums{cut.steps[0], {}, {}};
    const ScheduleSpace space(sums.step.region, sums.step.classification, avx2, sums.step.extents);
    sums.schedule = space.default_schedule();
    sums.orders = orders_of(sums.step, sums.schedule);
    return sums;
}

constexpr std::string_view rows = R"(%x = parameter {index=0, dtype=f32, shape=[64,128]}
%r = reduce_sum %x {axes=[1]}
return %r
)";
constexpr std::string_view columns = R"(%x = parameter {index=0, dtype=f32, shape=[640,128]}
%r = reduce_sum %x {axes=[0]}
return %r
)";
constexpr std::string_view all = R"(%x = parameter {index=0, dtype=f32, shape=[640,128]}
%r = reduce_sum %x {axes=[0,1]}
return %r
)";
constexpr std::string_view product = R"(%a = parameter {index=0, dtype=f32, shape=[512,256]}
%b = parameter {index=1, dtype=f32, shape=[256,512]}
%r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
return %r
)";
constexpr std::string_view few_rows = R"(%a = parameter {index=0, dtype=f32, shape=[2,300]}
%b = parameter {index=1, dtype=f32, shape=[50,300]}
%r = contraction %a, %b {lhs=[0,1], rhs=[2,1], out=[0,2]}
return %r
)";

}  // namespace

TEST_CASE("sums along vectors have partial results, others take in one term after the other") {
    const Sums along = sums_of(rows);
    REQUIRE(along.orders.size() == 1);
    CHECK(along.orders[0].vector_atom == along.schedule.vector_atom);
    CHECK(along.orders[0].lanes == along.schedule.lanes);
    CHECK(along.orders[0].vectors == along.schedule.unroll);
    CHECK_FALSE(along.orders[0].blocks);

    const Sums across = sums_of(columns);
    REQUIRE(across.orders.size() == 1);
    CHECK(across.orders[0].vector_atom == -1);
    CHECK_FALSE(across.orders[0].form);

    const Sums products = sums_of(product);
    REQUIRE(products.orders.size() == 1);
    CHECK(products.orders[0] == SummationOrder{});

    const Sums dots = sums_of(few_rows);
    REQUIRE(dots.orders.size() == 1);
    CHECK(dots.orders[0].lanes == dots.schedule.lanes);
    CHECK(dots.orders[0].vectors == 4);
}

TEST_CASE("lanes, vectors in flight and the blocks of a last sum are part of the order") {
    for (const std::string_view text : {rows, all}) {
        const Sums sums = sums_of(text);
        for (const auto change : {+[](ir::Schedule& schedule) { schedule.lanes /= 2; },
                                  +[](ir::Schedule& schedule) { schedule.unroll *= 2; },
                                  +[](ir::Schedule& schedule) { schedule.vector_atom = -1; }}) {
            ir::Schedule other = sums.schedule;
            change(other);
            CHECK(orders_of(sums.step, other) != sums.orders);
        }
        ir::Schedule other = sums.schedule;
        other.block *= 2;
        CHECK((orders_of(sums.step, other) == sums.orders) ==
              (sums.schedule.kind == ir::Template::row));
    }
}

TEST_CASE("rows that are taken in together are part of the order of a last sum") {
    const Sums sums = sums_of(all);
    ir::Schedule other = sums.schedule;
    other.row_atom = 0;
    other.tile_rows = 2;
    CHECK(orders_of(sums.step, other) != sums.orders);
}

TEST_CASE("extremes, and sums of integers, have no order") {
    CHECK(sums_of(R"(%x = parameter {index=0, dtype=f32, shape=[64,128]}
        %r = reduce_max %x {axes=[1]}
        return %r
    )")
              .orders.empty());
    CHECK(sums_of(R"(%x = parameter {index=0, dtype=i32, shape=[64,128]}
        %r = reduce_sum %x {axes=[1]}
        return %r
    )")
              .orders.empty());
}

TEST_CASE("no schedule of a space has another order of summation") {
    for (const std::string_view text : {rows, columns, all, product, few_rows}) {
        const Sums sums = sums_of(text);
        const ScheduleSpace space(sums.step.region, sums.step.classification, avx2,
                                  sums.step.extents);
        for (const ir::Schedule& neighbour : space.neighbours(sums.schedule)) {
            CHECK(orders_of(sums.step, neighbour) == sums.orders);
        }
    }
}
