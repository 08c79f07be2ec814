#include "passes/schedule/schedule_space.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string_view>

#include "ir/parse.h"
#include "passes/partition/partition.h"
#include "passes/schedule/schedule.h"
#include "tests/support/machines.h"

using namespace latent;
using namespace latent::passes;
using test::avx2;

namespace {

/// Of the one kernel that a graph becomes.
ScheduleSpace space_of(std::string_view text) {
    const ir::Graph graph = ir::parse(text);
    const Partition cut = partition(graph);
    REQUIRE(cut.steps.size() == 1);
    return {cut.steps[0].region, cut.steps[0].classification, avx2, cut.steps[0].extents};
}

template <typename Change>
bool contains_changed(const ScheduleSpace& space, Change&& change) {
    ir::Schedule schedule = space.default_schedule();
    change(schedule);
    return space.contains(schedule);
}

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
constexpr std::string_view sums_of_rows = R"(%x = parameter {index=0, dtype=f32, shape=[64,128]}
%r = reduce_sum %x {axes=[1]}
return %r
)";
constexpr std::string_view sums_of_long_rows =
    R"(%x = parameter {index=0, dtype=f32, shape=[64,1024]}
%r = reduce_sum %x {axes=[1]}
return %r
)";
constexpr std::string_view maxima_of_rows = R"(%x = parameter {index=0, dtype=f32, shape=[64,128]}
%r = reduce_max %x {axes=[1]}
return %r
)";
constexpr std::string_view sums_across_rows = R"(%x = parameter {index=0, dtype=f32, shape=[64,128]}
%r = reduce_sum %x {axes=[0]}
return %r
)";
constexpr std::string_view counts_across_rows =
    R"(%x = parameter {index=0, dtype=i32, shape=[64,128]}
%r = reduce_sum %x {axes=[0]}
return %r
)";
constexpr std::string_view exponential = R"(%x = parameter {index=0, dtype=f32, shape=[64,128]}
%r = exp %x
return %r
)";
constexpr std::string_view differences_of_rows =
    R"(%x = parameter {index=0, dtype=f32, shape=[64,40]}
%m = parameter {index=1, dtype=f32, shape=[40]}
%b = broadcast %m {shape=[64,40], axes=[1]}
%r = sub %x, %b
return %r
)";
constexpr std::string_view number = R"(%x = parameter {index=0, dtype=f32, shape=[]}
%r = exp %x
return %r
)";

}  // namespace

TEST_CASE("a schedule space holds the default schedule, its neighbours and theirs") {
    for (const std::string_view text :
         {product, few_rows, sums_of_rows, sums_of_long_rows, maxima_of_rows, sums_across_rows,
          counts_across_rows, exponential, differences_of_rows, number}) {
        const ScheduleSpace space = space_of(text);
        CHECK(space.contains(space.default_schedule()));
        for (const ir::Schedule& near : space.neighbours(space.default_schedule())) {
            CHECK(near != space.default_schedule());
            CHECK(space.contains(near));
            const std::vector<ir::Schedule> next = space.neighbours(near);
            CHECK(std::ranges::all_of(next, [&](const auto& s) { return space.contains(s); }));
        }
    }
}

TEST_CASE("the ends of rows overlap in a schedule space where they can, and nowhere else") {
    const ScheduleSpace space = space_of(differences_of_rows);
    ir::Schedule schedule = space.default_schedule();
    REQUIRE(schedule.ends_overlap);
    bool some_do_not = false;
    for (const ir::Schedule& near : space.neighbours(schedule)) {
        const int extent = near.vector_atom == 1 ? 40 : 64;
        CHECK(near.ends_overlap == (near.lanes * near.unroll <= extent && near.result_strip == 0));
        some_do_not = some_do_not || !near.ends_overlap;
    }
    CHECK(some_do_not);
    schedule.ends_overlap = false;
    CHECK_FALSE(space.contains(schedule));
}

TEST_CASE("a schedule space holds nothing that changes an order of arithmetic") {
    const auto more_lanes = [](ir::Schedule& schedule) { schedule.lanes *= 2; };
    const auto fewer_in_flight = [](ir::Schedule& schedule) { schedule.unroll = 1; };
    const auto larger_tasks = [](ir::Schedule& schedule) { schedule.block *= 2; };
    const auto other_atom = [](ir::Schedule& schedule) { schedule.vector_atom ^= 1; };

    const ScheduleSpace rows = space_of(sums_of_rows);
    CHECK_FALSE(contains_changed(rows, more_lanes));
    CHECK_FALSE(contains_changed(rows, fewer_in_flight));
    CHECK_FALSE(contains_changed(rows, other_atom));
    CHECK(contains_changed(rows, larger_tasks));

    // Several rows are reduced together where they are long.
    const auto one_row = [](ir::Schedule& schedule) { schedule.tile_rows = 1; };
    CHECK(contains_changed(space_of(sums_of_long_rows), one_row));
    CHECK_FALSE(contains_changed(rows, one_row));

    const ScheduleSpace across = space_of(sums_across_rows);
    CHECK_FALSE(contains_changed(across, larger_tasks));
    CHECK_FALSE(contains_changed(across, other_atom));
    CHECK(contains_changed(across, fewer_in_flight));

    // Extremes and integers are the same in any order.
    CHECK(contains_changed(space_of(maxima_of_rows), fewer_in_flight));
    CHECK(contains_changed(space_of(maxima_of_rows), other_atom));
    CHECK(contains_changed(space_of(counts_across_rows), larger_tasks));

    const auto packing = [](ir::Packing form) {
        return [=](ir::Schedule& schedule) { schedule.packing = form; };
    };
    CHECK(contains_changed(space_of(product), packing(ir::Packing::none)));
    CHECK(contains_changed(space_of(product), packing(ir::Packing::both)));
    CHECK(contains_changed(space_of(product), packing(ir::Packing::streamed)));
    CHECK(contains_changed(space_of(product), packing(ir::Packing::deep)));
    const ScheduleSpace repeated = space_of(R"(%p = parameter {index=0, dtype=f32, shape=[64]}
%q = parameter {index=1, dtype=f32, shape=[64]}
%a = broadcast %p {shape=[64,40], axes=[0]}
%b = broadcast %q {shape=[40,64], axes=[1]}
%r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
return %r
)");
    CHECK_FALSE(contains_changed(repeated, [](ir::Schedule& s) {
        s.packing = s.packing == ir::Packing::none ? ir::Packing::columns : ir::Packing::none;
    }));
    const ScheduleSpace dots = space_of(few_rows);
    REQUIRE(dots.default_schedule().packing == ir::Packing::none);
    CHECK_FALSE(contains_changed(dots, packing(ir::Packing::columns)));
    CHECK_FALSE(contains_changed(dots, [](ir::Schedule& s) { s.lanes /= 2; }));
    CHECK_FALSE(contains_changed(dots, packing(ir::Packing::dots)));
    const ScheduleSpace tiles = space_of(R"(%a = parameter {index=0, dtype=f32, shape=[4,300]}
%b = parameter {index=1, dtype=f32, shape=[50,300]}
%r = contraction %a, %b {lhs=[0,1], rhs=[2,1], out=[0,2]}
return %r
)");
    REQUIRE(tiles.default_schedule().packing == ir::Packing::dots);
    for (const ir::Packing form : {ir::Packing::none, ir::Packing::columns, ir::Packing::both,
                                   ir::Packing::streamed, ir::Packing::deep}) {
        CHECK_FALSE(contains_changed(tiles, packing(form)));
    }
    CHECK_FALSE(contains_changed(tiles, [](ir::Schedule& s) { s.lanes /= 2; }));
    CHECK(contains_changed(tiles, [](ir::Schedule& s) { s.tile_rows = 2; }));
    CHECK(contains_changed(tiles, [](ir::Schedule& s) { s.block_depth /= 2; }));
}

TEST_CASE("a schedule space holds nothing that lowering was not made for") {
    const ScheduleSpace space = space_of(product);
    const auto with_tile = [](int rows, int vectors) {
        return [=](ir::Schedule& schedule) {
            schedule.tile_rows = rows;
            schedule.tile_vectors = vectors;
        };
    };
    CHECK(contains_changed(space, with_tile(4, 3)));
    CHECK(contains_changed(space, with_tile(14, 1)));
    CHECK_FALSE(contains_changed(space, with_tile(7, 2)));  // one register too many
    CHECK_FALSE(contains_changed(space, with_tile(0, 2)));
    CHECK_FALSE(contains_changed(space, [](ir::Schedule& s) { s.packing = ir::Packing::dots; }));
    CHECK_FALSE(contains_changed(space, [](ir::Schedule& s) { s.block_depth = 0; }));
    CHECK_FALSE(contains_changed(space, [](ir::Schedule& s) { s.block_rows += 1; }));
    CHECK_FALSE(contains_changed(space, [](ir::Schedule& s) { s.row_atom = s.vector_atom; }));
    CHECK_FALSE(contains_changed(space, [](ir::Schedule& s) { s.vector_atom = 7; }));
    CHECK_FALSE(contains_changed(
        space, [](ir::Schedule& s) { s.instruction_set = ir::InstructionSet::avx512; }));
    CHECK_FALSE(contains_changed(space, [](ir::Schedule& s) { s.kind = ir::Template::pointwise; }));
    CHECK_FALSE(contains_changed(space, [](ir::Schedule& s) { s.kept = {0}; }));
}

TEST_CASE("a swept depth keeps its rows and columns, and tiles that all rows fill") {
    const ScheduleSpace space = space_of(R"(%x = parameter {index=0, dtype=f32, shape=[8,3,115,115]}
%g = parameter {index=1, dtype=f32, shape=[8,64,56,56]}
%v = window %x {axes=[2,3], size=[5,5], stride=[2,2], dilation=[1,1]}
%r = contraction %g, %v {lhs=[0,6,2,3], rhs=[0,1,2,3,4,5], out=[6,1,4,5]}
return %r
)");
    REQUIRE(space.default_schedule().packing == ir::Packing::swept);
    CHECK(space.contains(space.default_schedule()));
    CHECK(contains_changed(space, [](ir::Schedule& s) { s.packing = ir::Packing::both; }));
    CHECK(contains_changed(space, [](ir::Schedule& s) { s.tile_rows = 4; }));
    CHECK_FALSE(contains_changed(space, [](ir::Schedule& s) {
        s.tile_rows = 6;
        s.tile_vectors = 1;
    }));
    CHECK_FALSE(contains_changed(space, [](ir::Schedule& s) { s.row_atom = 1; }));
    CHECK_FALSE(contains_changed(space_of(product),
                                 [](ir::Schedule& s) { s.packing = ir::Packing::swept; }));
}

TEST_CASE("the tiles that are tried divide few rows evenly") {
    const ScheduleSpace space = space_of(R"(%a = parameter {index=0, dtype=f32, shape=[8,256]}
%b = parameter {index=1, dtype=f32, shape=[256,512]}
%r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
return %r
)");
    ir::Schedule packed = space.default_schedule();
    packed.packing = ir::Packing::columns;
    packed.tile_rows = 6;
    REQUIRE(space.contains(packed));
    const std::vector<ir::Schedule> neighbours = space.neighbours(packed);
    const auto tries = [&](int rows, int vectors) {
        return std::ranges::any_of(neighbours, [&](const ir::Schedule& schedule) {
            return schedule.tile_rows == rows && schedule.tile_vectors == vectors;
        });
    };
    CHECK(tries(4, 2));
    CHECK(tries(4, 3));
    CHECK(tries(8, 1));
}
