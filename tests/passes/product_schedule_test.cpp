#include <catch2/catch.hpp>
#include <cstdint>
#include <string>

#include "schedule_testing.h"

using namespace latent;
using namespace latent::passes;
using namespace latent::passes::testing;
using test::avx2;
using test::avx512;
using test::sse41;

namespace {

/// Rows of weights from one product, summed by another.
std::string chain(int rows) {
    const std::string m = std::to_string(rows);
    return "%q = parameter {index=0, dtype=f32, shape=[" + m +
           ",8]}\n%k = parameter {index=1, dtype=f32, shape=[300,8]}\n"
           "%v = parameter {index=2, dtype=f32, shape=[300,8]}\n"
           "%s = contraction %q, %k {lhs=[0,2], rhs=[1,2], out=[0,1]}\n"
           "%w = abs %s\n"
           "%r = contraction %w, %v {lhs=[0,1], rhs=[1,2], out=[0,2]}\nreturn %r\n";
}

}  // namespace

TEST_CASE("no more rows of a product are read in place at a time than lie in one set of L1") {
    for (const int size : {64, 515, 1000, 1024}) {
        CAPTURE(size);
        const ir::Schedule schedule = scheduled(product(size, size, size), avx512).schedule;
        CHECK(
            schedule.packing ==
            (size == 64 ? ir::Packing::none : ir::Packing::columns));  // either reads rows in place
        CHECK(schedule.tile_rows <= 8);
        CHECK(schedule.tile_rows * schedule.tile_vectors >= 16);
    }
}

TEST_CASE("four vectors of columns are taken of many registers where the columns are many") {
    const auto vectors = [](int columns, const ir::Machine& machine) {
        return scheduled(product(300, 256, columns), machine).schedule.tile_vectors;
    };
    CHECK(vectors(1024, avx512) == 4);
    CHECK(vectors(1000, avx512) == 4);
    CHECK(vectors(64, avx512) == 2);
    CHECK(vectors(515, avx512) == 2);
    CHECK(vectors(32, avx512) == 2);
    CHECK(vectors(1024, avx2) == 2);
}

TEST_CASE("columns that stay in L2 are read in place, larger ones are packed") {
    const auto packing = [](int depth, int columns) {
        return scheduled(product(256, depth, columns), avx512).schedule.packing;
    };
    CHECK(packing(256, 256) == ir::Packing::none);
    CHECK(packing(255, 509) == ir::Packing::none);
    CHECK(packing(512, 512) != ir::Packing::none);
}

TEST_CASE("rows that lie across the depth are read in place where they stay near, too") {
    ir::Machine machine = avx512;
    machine.l2_bytes = 1 << 20;
    const auto packing = [&](int rows, int depth, int columns) {
        const std::string m = std::to_string(rows);
        const std::string k = std::to_string(depth);
        const std::string n = std::to_string(columns);
        return scheduled("%a = parameter {index=0, dtype=f32, shape=[" + k + "," + m +
                             "]}\n%b = parameter {index=1, dtype=f32, shape=[" + k + "," + n +
                             "]}\n%r = contraction %a, %b {lhs=[1,0], rhs=[1,2], out=[0,2]}\n"
                             "return %r\n",
                         machine)
            .schedule.packing;
    };
    CHECK(packing(256, 512, 128) == ir::Packing::none);
    CHECK(packing(512, 512, 128) == ir::Packing::both);
    CHECK(packing(2048, 128, 128) == ir::Packing::none);  // one block of the depth
    machine.l3_bytes = 32 << 20;
    CHECK(packing(512, 512, 128) == ir::Packing::none);
    CHECK(packing(256, 256, 784) == ir::Packing::none);
    CHECK(packing(2048, 512, 128) == ir::Packing::both);
}

TEST_CASE("many rows have columns packed where vectors across cache lines are slow") {
    ir::Machine slow = avx512;
    slow.l2_bytes = 2 << 20;
    slow.slow_across_lines = true;
    ir::Machine quick = slow;
    quick.slow_across_lines = false;
    const auto packing = [](const ir::Machine& machine, int rows, int depth, int columns) {
        return scheduled(product(rows, depth, columns), machine).schedule.packing;
    };
    for (const int size : {509, 512}) {
        CAPTURE(size);
        CHECK(packing(slow, size, size, size) == ir::Packing::columns);
    }
    CHECK(packing(slow, 1009, 515, 769) == ir::Packing::columns);
    CHECK(packing(slow, 256, 256, 256) == ir::Packing::none);  // few rows
    CHECK(packing(slow, 128, 784, 512) == ir::Packing::columns);
    CHECK(packing(quick, 128, 784, 512) == ir::Packing::none);
    CHECK(packing(slow, 4000, 64, 64) == ir::Packing::none);  // in L1
    CHECK(packing(quick, 509, 509, 509) == ir::Packing::none);
    // What is read in place is not asked for ahead there.
    CHECK(scheduled(product(256, 256, 256), slow).schedule.read_ahead == 0);
    CHECK(scheduled(product(256, 256, 256), quick).schedule.read_ahead == 1);
    CHECK(scheduled(product(256, 256, 256), avx2).schedule.read_ahead == 0);
}

TEST_CASE("the columns that are packed at a time stay in the last cache, by one kernel") {
    ir::Machine machine = avx512;
    machine.l3_bytes = 32 << 20;
    for (const int depth : {1024, 2048, 4096}) {
        CAPTURE(depth);
        const ir::Graph graph = ir::parse(product(1024, depth, 4096));
        const Partition cut = partition(graph);
        const auto& step = cut.steps[0];
        const ir::Schedule schedule =
            default_schedule(step.region, step.classification, machine, step.extents);
        const std::int64_t columns = column_block(schedule, step.region, step.extents) *
                                     schedule.tile_vectors * schedule.lanes;
        CHECK(columns * depth * 4 == machine.l3_bytes / 4);
        CHECK(schedule.block_columns == 64);
    }
}

TEST_CASE("few rows stream an operand that leaves L2 past them") {
    const auto packing = [](int rows, int depth, int columns, const ir::Machine& machine = avx512) {
        return scheduled(product(rows, depth, columns), machine).schedule.packing;
    };
    for (const int rows : {1, 2, 8, 32, 64, 128, 256}) {
        CAPTURE(rows);
        CHECK(packing(rows, 4096, 4096) == ir::Packing::streamed);
    }
    CHECK(packing(512, 4096, 4096) == ir::Packing::deep);
    CHECK(packing(128, 4096, 4096, avx2) == ir::Packing::streamed);
    CHECK(packing(256, 4096, 4096, avx2) != ir::Packing::streamed);
    CHECK(packing(1, 1024, 1024) == ir::Packing::none);  // in L3
    CHECK(packing(8, 1024, 1024) == ir::Packing::streamed);
    CHECK(packing(8, 256, 256) == ir::Packing::none);  // in L2
    // Another number of rows of the same class asks for no other kernel.
    const auto schedule = [](int rows) {
        return scheduled(product(rows, 4096, 4096), avx512).schedule;
    };
    CHECK(schedule(7) == schedule(8));
    CHECK(schedule(31) == schedule(32));
}

TEST_CASE("few rows of operands that lie along a long depth are summed in vectors along it") {
    const auto schedule = [](int rows, int columns, int depth) {
        const std::string k = std::to_string(depth);
        return scheduled("%a = parameter {index=0, dtype=f32, shape=[" + std::to_string(rows) +
                             "," + k + "]}\n%b = parameter {index=1, dtype=f32, shape=[" +
                             std::to_string(columns) + "," + k +
                             "]}\n%r = contraction %a, %b {lhs=[0,1], rhs=[2,1], out=[0,2]}\n"
                             "return %r\n",
                         avx512)
            .schedule;
    };
    for (const int rows : {3, 8, 9, 32, 128}) {
        CAPTURE(rows);
        CHECK(schedule(rows, 4000, 4096).packing == ir::Packing::dots);
    }
    CHECK(schedule(2, 4000, 4096).packing == ir::Packing::none);
    CHECK(schedule(256, 4000, 4096).packing == ir::Packing::deep);
    // Where the columns fit L2, packing them costs little.
    CHECK(schedule(8, 250, 512).packing == ir::Packing::dots);
    CHECK(schedule(16, 250, 512).packing == ir::Packing::columns);
    // A short depth is transposed on the way, or packed.
    CHECK(schedule(32, 40000, 64).packing == ir::Packing::streamed);
    CHECK(schedule(8, 500, 64).packing == ir::Packing::columns);
    // Tiles of rows are not cut to their number, but for the fewest.
    CHECK(schedule(5, 4000, 4096) == schedule(8, 4000, 4096));
    CHECK(schedule(31, 4000, 4096) == schedule(32, 4000, 4096));
    CHECK(schedule(3, 4000, 4096).tile_rows == 4);
}

TEST_CASE("columns that each of a batch has for itself are packed beside many rows, with AVX2") {
    const auto packing = [](const std::string& batch, int rows, const ir::Machine& machine) {
        return scheduled("%a = parameter {index=0, dtype=f32, shape=[" + batch + "," +
                             std::to_string(rows) +
                             ",128]}\n"
                             "%b = parameter {index=1, dtype=f32, shape=[" +
                             batch +
                             ",128,128]}\n"
                             "%r = contraction %a, %b {lhs=[0,1,2], rhs=[0,2,3], out=[0,1,3]}\n"
                             "return %r\n",
                         machine)
            .schedule.packing;
    };
    for (const char* batch : {"2", "64"}) {
        CHECK(packing(batch, 128, avx2) == ir::Packing::columns);
        CHECK(packing(batch, 64, avx2) == ir::Packing::none);
        CHECK(packing(batch, 128, avx512) == ir::Packing::none);
        CHECK(packing(batch, 128, sse41) == ir::Packing::none);
    }
    CHECK(scheduled(product(128, 128, 128), avx2).schedule.packing == ir::Packing::none);
}

TEST_CASE("rows of a chain are tiled so that few lie past the last one") {
    const auto tile_rows = [](int rows, const ir::Machine& machine) {
        const ir::Schedule schedule = scheduled(chain(rows), machine).schedule;
        CHECK(schedule.kind == ir::Template::row_chain);
        return schedule.tile_rows;
    };
    CHECK(tile_rows(256, avx512) == 13);
    CHECK(tile_rows(280, avx512) == 14);
    CHECK(tile_rows(120, avx512) == 12);
    CHECK(tile_rows(4096, avx512) == 14);  // too few of so many to ask for another kernel
    CHECK(tile_rows(256, avx2) == 6);
}

namespace {

/// Of a product whose columns are streamed.
std::int64_t columns_of_task(int rows, int depth, int columns, int processors) {
    const Partition cut = partition(ir::parse(product(rows, depth, columns)));
    const KernelStep& step = cut.steps[0];
    ir::Machine machine = avx512;
    machine.processors = processors;
    const ir::Schedule schedule =
        default_schedule(step.region, step.classification, machine, step.extents);
    REQUIRE(schedule.packing == ir::Packing::streamed);
    return row_block(schedule, step.region, machine, step.extents) * schedule.tile_vectors *
           schedule.lanes;
}

}  // namespace

TEST_CASE("few rows have no more tasks of streamed columns than there are processors") {
    CHECK(columns_of_task(1, 4096, 4096, 1) == 4096);
    CHECK(columns_of_task(1, 4096, 4096, 2) == 2048);
    CHECK(columns_of_task(1, 4096, 4096, 64) == 1024);
}

TEST_CASE("tasks of streamed columns that pack all rows are long where processors have work") {
    CHECK(columns_of_task(128, 784, 512, 1) == 256);
    CHECK(columns_of_task(128, 784, 512, 2) == 256);
    CHECK(columns_of_task(128, 784, 512, 16) == 128);
    CHECK(columns_of_task(128, 4096, 4096, 1) == 512);
}

TEST_CASE("products whose columns fit a vector, of few rows, take one vector of them") {
    const auto vectors = [](int rows, int columns, const ir::Machine& machine) {
        const std::string m = std::to_string(rows);
        const std::string n = std::to_string(columns);
        return scheduled("%a = parameter {index=0, dtype=f32, shape=[1000," + m +
                             ",5]}\n%b = parameter {index=1, dtype=f32, shape=[1000,5," + n +
                             "]}\n%r = contraction %a, %b {lhs=[0,1,2], rhs=[0,2,3], "
                             "out=[0,1,3]}\nreturn %r\n",
                         machine)
            .schedule.tile_vectors;
    };
    CHECK(vectors(4, 4, avx512) == 1);
    CHECK(vectors(4, 16, avx512) == 1);
    CHECK(vectors(4, 17, avx512) == 2);
    // Half of a tile of eight rows is summed by a loop of its own.
    CHECK(vectors(8, 4, avx512) == 2);
    CHECK(vectors(4, 4, avx2) == 1);
}
