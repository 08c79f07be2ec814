#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ir/parse.h"
#include "passes/partition/partition.h"
#include "passes/schedule/schedule.h"
#include "tests/support/machines.h"

using namespace latent;
using namespace latent::passes;
using test::avx2;
using test::avx512;
using test::sse41;

namespace {

struct Scheduled {
    ir::Schedule schedule;
    /// Of the atom that vectors run along.
    std::int64_t vector_extent = 0;
};

/// The one kernel of a graph.
Scheduled scheduled(std::string_view text, const ir::Machine& machine) {
    const ir::Graph graph = ir::parse(std::string(text));
    const Partition cut = partition(graph);
    REQUIRE(cut.steps.size() == 1);
    const auto& step = cut.steps[0];
    const ir::Schedule schedule =
        default_schedule(step.region, step.classification, machine, step.extents);
    return {schedule, step.extents[static_cast<std::size_t>(schedule.vector_atom)]};
}

std::string product(int rows, int depth, int columns) {
    const std::string m = std::to_string(rows);
    const std::string k = std::to_string(depth);
    const std::string n = std::to_string(columns);
    return "%a = parameter {index=0, dtype=f32, shape=[" + m + "," + k +
           "]}\n%b = parameter {index=1, dtype=f32, shape=[" + k + "," + n +
           "]}\n%r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}\nreturn %r\n";
}

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

namespace {

/// 3 x 3 windows of an image of `size` by `size` with 64 channels.
Scheduled convolution(int filters, int size, const ir::Machine& machine) {
    const std::string o = std::to_string(filters);
    const std::string padded = std::to_string(size + 2);
    return scheduled("%x = parameter {index=0, dtype=f32, shape=[8,64," + padded + "," + padded +
                         "]}\n%w = parameter {index=1, dtype=f32, shape=[" + o +
                         ",64,3,3]}\n"
                         "%v = window %x {axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}\n"
                         "%r = contraction %v, %w {lhs=[0,1,2,3,4,5], rhs=[6,1,4,5], "
                         "out=[0,6,2,3]}\nreturn %r\n",
                     machine);
}

}  // namespace

TEST_CASE("windows of many registers take three vectors of eight rows, from line to line") {
    const ir::Schedule many = convolution(40, 56, avx512).schedule;
    CHECK(many.packing == ir::Packing::none);
    CHECK(many.tile_vectors == 3);
    CHECK(many.tile_rows == 8);
    CHECK(many.tile_lines == 0);
    CHECK(convolution(3, 56, avx512).schedule.tile_vectors == 4);
    CHECK(convolution(64, 56, avx2).schedule.tile_vectors == 2);
}

TEST_CASE("windows of filters that fill whole tiles have these as packed vectors, at any size") {
    const Scheduled turned = convolution(64, 56, avx512);
    CHECK(turned.vector_extent == 64);
    CHECK(turned.schedule.packing == ir::Packing::columns);
    CHECK(turned.schedule.tile_rows == 8);
    CHECK(turned.schedule.line_atom == 2);
    CHECK(turned.schedule.tile_lines == 0);
    for (const int size : {7, 14, 28, 57, 226}) {
        CAPTURE(size);
        CHECK(convolution(64, size, avx512).schedule == turned.schedule);
    }
    CHECK(convolution(61, 56, avx512).schedule == turned.schedule);
    CHECK(convolution(40, 56, avx512).vector_extent == 56);

    const Scheduled shorter = convolution(64, 56, avx2);
    CHECK(shorter.vector_extent == 64);
    CHECK(shorter.schedule.packing == ir::Packing::columns);
    CHECK(shorter.schedule.tile_rows == 6);
    CHECK(shorter.schedule.tile_vectors == 2);
    CHECK(shorter.schedule.tile_lines == 0);
    for (const int size : {7, 14, 28, 57, 226}) {
        CAPTURE(size);
        CHECK(convolution(64, size, avx2).schedule == shorter.schedule);
    }
    CHECK(convolution(64, 56, sse41).vector_extent == 56);
}

TEST_CASE("the next lines of an image are asked for where vectors of filters are short") {
    CHECK(convolution(64, 56, avx2).schedule.read_ahead == 2);
    CHECK(convolution(64, 56, avx512).schedule.read_ahead == 0);
    CHECK(convolution(40, 56, avx512).schedule.read_ahead == 1);  // columns that are read in place
    ir::Machine slow = avx2;
    slow.slow_across_lines = true;
    CHECK(convolution(64, 56, slow).schedule.read_ahead == 0);
}

namespace {

/// A convolution of a padded image, of channels that lie `first` or last, with square filters.
ir::Schedule layer(int batch, int channels, int filters, int size, int window, bool first,
                   const ir::Machine& machine = avx512) {
    const std::string n = std::to_string(batch);
    const std::string c = std::to_string(channels);
    const std::string f = std::to_string(filters);
    const std::string h = std::to_string(size + window - 1);
    const std::string k = std::to_string(window);
    std::string text = "%x = parameter {index=0, dtype=f32, shape=[" + n + ",";
    text += (first ? c + "," + h + "," + h : h + "," + h + "," + c) + "]}\n";
    text += "%w = parameter {index=1, dtype=f32, shape=[" + f + ",";
    text += (first ? c + "," + k + "," + k : k + "," + k + "," + c) + "]}\n";
    text += first ? "%i = reshape %x {shape=[" + n + "," + c + "," + h + "," + h + "]}\n"
                  : "%i = permute %x {permutation=[0,3,1,2]}\n";
    text +=
        "%v = window %i {axes=[2,3], size=[" + k + "," + k + "], stride=[1,1], dilation=[1,1]}\n";
    text += "%r = contraction %v, %w {lhs=[0,1,2,3,4,5], rhs=";
    text += first ? "[6,1,4,5], out=[0,6,2,3]}\n" : "[6,4,5,1], out=[0,2,3,6]}\n";
    return scheduled(text + "return %r\n", machine).schedule;
}

}  // namespace

TEST_CASE("a convolution has one schedule for all sizes of a batch") {
    struct Layer {
        int channels, filters, size, window;
    };
    for (const auto& [channels, filters, size, window] :
         {Layer{512, 512, 7, 3}, Layer{256, 256, 14, 3}, Layer{64, 64, 56, 3},
          Layer{512, 512, 14, 3}, Layer{1024, 512, 14, 3}, Layer{64, 60, 9, 5}}) {
        for (const bool first : {true, false}) {
            CAPTURE(channels, filters, size, window, first);
            const ir::Schedule one = layer(1, channels, filters, size, window, first);
            for (const int batch : {2, 8, 64}) {
                CHECK(layer(batch, channels, filters, size, window, first) == one);
            }
        }
    }
}

TEST_CASE("images of few places are summed in vectors along filters that leave L2") {
    for (const bool first : {true, false}) {
        const ir::Schedule schedule = layer(1, 512, 512, 7, 3, first);
        CHECK(schedule.packing == ir::Packing::dots);
        CHECK(schedule.tile_rows == 7);
        CHECK(schedule.tile_vectors == 4);
        CHECK(schedule.tile_lines == 0);  // its rows go on
        CHECK(layer(1, 128, 128, 7, 3, first).packing == ir::Packing::columns);
    }
    // Vectors are read along the lines of an image, but not where channels lie last.
    CHECK(layer(1, 512, 512, 14, 3, true).packing == ir::Packing::none);
    CHECK(layer(1, 512, 512, 14, 3, false).packing == ir::Packing::dots);
    CHECK(layer(1, 512, 512, 7, 3, true, avx2).packing == ir::Packing::none);
    CHECK(layer(1, 512, 512, 7, 3, false, avx2).packing == ir::Packing::dots);
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

TEST_CASE("turned windows are summed in tiles that transposed blocks make up") {
    const auto strided = [](int filters, const ir::Machine& machine) {
        return scheduled(
                   "%x = parameter {index=0, dtype=f32, shape=[8,3,229,229]}\n"
                   "%w = parameter {index=1, dtype=f32, shape=[" +
                       std::to_string(filters) +
                       ",3,7,7]}\n"
                       "%v = window %x {axes=[2,3], size=[7,7], stride=[2,2], "
                       "dilation=[1,1]}\n"
                       "%r = contraction %v, %w {lhs=[0,1,2,3,4,5], rhs=[6,1,4,5], "
                       "out=[0,6,2,3]}\nreturn %r\n",
                   machine)
            .schedule;
    };
    CHECK(strided(64, avx512).tile_rows == 8);
    CHECK(strided(64, avx512).tile_vectors == 2);
    CHECK(strided(64, avx2).tile_rows == 6);
    CHECK(strided(64, avx2).tile_vectors == 2);
    CHECK(strided(96, avx2).tile_rows == 4);
    CHECK(strided(96, avx2).tile_vectors == 3);
    CHECK(strided(96, sse41).tile_rows == 6);
    CHECK(strided(96, sse41).tile_vectors == 2);
    CHECK(scheduled("%x = parameter {index=0, dtype=f32, shape=[8,256,784]}\n"
                    "%g = parameter {index=1, dtype=f32, shape=[8,256,784]}\n"
                    "%r = contraction %x, %g {lhs=[0,1,2], rhs=[0,3,2], out=[3,1]}\nreturn %r\n",
                    avx2)
              .schedule.tile_rows == 6);
}

TEST_CASE("the gradient of filters sums all elements of a window for each block of pixels") {
    const auto gradient = [](const std::string& images, int size, int stride) {
        const std::string window = std::to_string(size);
        const std::string step = std::to_string(stride);
        return scheduled("%x = parameter {index=0, dtype=f32, shape=[" + images +
                             "]}\n"
                             "%g = parameter {index=1, dtype=f32, shape=[8,64,56,56]}\n"
                             "%v = window %x {axes=[2,3], size=[" +
                             window + "," + window + "], stride=[" + step + "," + step +
                             "], dilation=[1,1]}\n"
                             "%r = contraction %g, %v {lhs=[0,6,2,3], rhs=[0,1,2,3,4,5], "
                             "out=[6,1,4,5]}\nreturn %r\n",
                         avx512)
            .schedule.together;
    };
    CHECK(gradient("8,64,58,58", 3, 1) == std::vector<int>{3, 2});
    // There are three tasks left, one for each channel.
    CHECK(gradient("8,3,117,117", 7, 2) == std::vector<int>{2});
}

TEST_CASE(
    "long rows that are only reduced are read one by one, on older processors four at a time") {
    constexpr std::string_view sums = R"(%x = parameter {index=0, dtype=f32, shape=[64,1024]}
%r = reduce_sum %x {axes=[1]}
return %r
)";
    CHECK(scheduled(sums, avx2).schedule.tile_rows == 4);
    CHECK(scheduled(sums, avx512).schedule.tile_rows == 1);
}

TEST_CASE("values that are stored one by one are computed a vector at a time") {
    // Of rows of 3, vectors run across them.
    const auto vectors = [](const char* columns) {
        const std::string shape = "[2048," + std::string(columns) + "]";
        return scheduled("%x = parameter {index=0, dtype=f32, shape=" + shape +
                             "}\n%m = parameter {index=1, dtype=f32, shape=[2048]}\n" +
                             "%b = broadcast %m {shape=" + shape + ", axes=[0]}\n" +
                             "%s = sub %x, %b\n%r = exp %s\nreturn %r\n",
                         avx512)
            .schedule.unroll;
    };
    CHECK(vectors("3") == 1);
    CHECK(vectors("100") == 2);
}

TEST_CASE("vectors of several rows are no longer than these, and the last ones overlap") {
    const auto of_rows = [](int columns) {
        const std::string n = std::to_string(columns);
        return scheduled("%x = parameter {index=0, dtype=f32, shape=[64," + n +
                             "]}\n%m = parameter {index=1, dtype=f32, shape=[" + n +
                             "]}\n%b = broadcast %m {shape=[64," + n +
                             "], axes=[1]}\n%r = sub %x, %b\nreturn %r\n",
                         avx512)
            .schedule;
    };
    struct Expected {
        int columns;
        int lanes;
        int unroll;
        bool ends_overlap;
    };
    for (const Expected& expected :
         {Expected{1000, 16, 2, true}, Expected{33, 16, 2, true}, Expected{31, 16, 1, true},
          Expected{16, 16, 1, true}, Expected{9, 8, 1, true}, Expected{5, 4, 1, true}}) {
        CAPTURE(expected.columns);
        const ir::Schedule schedule = of_rows(expected.columns);
        CHECK(schedule.lanes == expected.lanes);
        CHECK(schedule.unroll == expected.unroll);
        CHECK(schedule.ends_overlap == expected.ends_overlap);
    }
    // Of one row the end does not count, and lengths of all kinds share a kernel.
    for (const int length : {3, 1000}) {
        const ir::Schedule schedule =
            scheduled("%x = parameter {index=0, dtype=f32, shape=[" + std::to_string(length) +
                          "]}\n%r = abs %x\nreturn %r\n",
                      avx512)
                .schedule;
        CHECK(schedule.lanes == 16);
        CHECK_FALSE(schedule.ends_overlap);
    }
}

TEST_CASE("windows of padding that overlap along rows are reduced several rows at a time") {
    const auto rows = [](int image, int size, int stride, const ir::Machine& machine) {
        const std::string extent = std::to_string(image);
        const std::string window = std::to_string(size);
        const std::string step = std::to_string(stride);
        const Scheduled windows =
            scheduled("%i = parameter {index=0, dtype=f32, shape=[8,64," + extent + ",56]}\n" +
                          "%z = constant {value=f32:0}\n" +
                          "%x = pad %i, %z {low=[0,0,1,1], high=[0,0,1,1], interior=[0,0,0,0]}\n" +
                          "%w = window %x {axes=[2,3], size=[" + window + "," + window +
                          "], stride=[" + step + "," + step + "], dilation=[1,1]}\n" +
                          "%r = reduce_max %w {axes=[4,5]}\nreturn %r\n",
                      machine);
        CHECK(windows.schedule.row_atom == (windows.schedule.tile_rows > 1 ? 2 : -1));
        return windows.schedule.tile_rows;
    };
    // What they read stays in registers until the last of them has used it.
    CHECK(rows(56, 3, 1, avx512) == 4);
    CHECK(rows(56, 3, 1, avx2) == 2);
    CHECK(rows(56, 5, 1, avx512) == 4);
    CHECK(rows(56, 7, 1, avx512) == 2);
    CHECK(rows(56, 7, 1, avx2) == 2);
    CHECK(rows(56, 2, 3, avx512) == 0);  // no overlap
    // Little is computed past the end of few rows.
    CHECK(rows(7, 3, 1, avx512) == 2);
    CHECK(rows(3, 3, 1, avx512) == 0);
}

TEST_CASE("sums for all elements of a window take vectors of a short contiguous dimension") {
    // The gradient of the filters of a depthwise convolution: nine sums in one walk, of which each
    // has one vector in flight.
    constexpr std::string_view filters =
        R"(%i = parameter {index=0, dtype=f32, shape=[8,128,56,56]}
%z = constant {value=f32:0}
%x = pad %i, %z {low=[0,0,1,1], high=[0,0,1,1], interior=[0,0,0,0]}
%w = window %x {axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}
%g = parameter {index=1, dtype=f32, shape=[8,128,56,56]}
%b = broadcast %g {shape=[8,128,56,56,3,3], axes=[0,1,2,3]}
%p = mul %w, %b
%r = reduce_sum %p {axes=[0,2,3]}
return %r
)";
    for (const ir::Machine& machine : {avx2, avx512}) {
        const Scheduled sums = scheduled(filters, machine);
        CHECK(sums.schedule.kind == ir::Template::reduction);
        CHECK(sums.vector_extent == 56);
    }
}

TEST_CASE(
    "results are streamed where a launch moves much more than caches hold, and computes little") {
    const auto streamed = [](int elements, const std::string& arithmetic) {
        const std::string shape = "shape=[" + std::to_string(elements) + "]}\n";
        return scheduled("%x = parameter {index=0, dtype=f32, " + shape +
                             "%y = parameter {index=1, dtype=f32, " + shape + arithmetic,
                         avx512)
                   .schedule.result_strip > 0;
    };
    const int cached = static_cast<int>(avx512.l3_bytes / 6);
    const std::string sum = "%r = add %x, %y\nreturn %r\n";
    CHECK_FALSE(streamed(cached, sum));
    CHECK(streamed(cached + 1, sum));
    CHECK_FALSE(streamed(4 * cached, "%e = exp %x\n%f = exp %y\n%r = add %e, %f\nreturn %r\n"));
}

TEST_CASE("rows of a kibibyte or more are streamed from eight times what the caches hold on") {
    const auto streamed = [](std::int64_t bytes, int columns, const std::string& numbers) {
        const std::int64_t rows = bytes / 8 / columns + 1;  // read and written once
        const std::string shape =
            "shape=[" + std::to_string(rows) + "," + std::to_string(columns) + "]";
        return scheduled("%x = parameter {index=0, dtype=f32, " + shape + "}\n" + numbers +
                             "%b = broadcast %y {" + shape +
                             ", axes=[0]}\n%r = mul %x, %b\nreturn %r\n",
                         avx512)
                   .schedule.result_strip > 0;
    };
    const std::int64_t cached = 8 * avx512.l3_bytes;
    const std::string sums = "%y = reduce_sum %x {axes=[1]}\n";
    CHECK(streamed(cached, 1021, sums));
    CHECK(streamed(cached, 256, sums));
    CHECK_FALSE(streamed(cached / 2, 1021, sums));
    CHECK_FALSE(streamed(cached, 255, sums));
    // Arithmetic for each element, not for each row, hides what the stores read.
    CHECK_FALSE(streamed(cached, 1021, "%e = exp %x\n%y = reduce_sum %e {axes=[1]}\n"));
    CHECK(streamed(cached, 1021, "%s = reduce_sum %x {axes=[1]}\n%y = exp %s\n"));
}

TEST_CASE("sums of more than the last cache holds have it asked for ahead") {
    const auto ahead = [](std::int64_t rows, const std::string& results,
                          const ir::Machine& machine) {
        const std::string shape = "[" + std::to_string(rows) + ",1021]";
        return scheduled("%x = parameter {index=0, dtype=f32, shape=" + shape + "}\n" + results,
                         machine)
            .schedule.read_ahead;
    };
    const std::int64_t cached = avx512.l3_bytes / 4 / 1021;
    const std::string sums = "%r = reduce_sum %x {axes=[1]}\nreturn %r\n";
    const std::string sum = "%r = reduce_sum %x {axes=[0,1]}\nreturn %r\n";
    CHECK(ahead(cached / 2, sums, avx512) == 0);
    CHECK(ahead(cached + 1, sums, avx512) == 512);
    CHECK(ahead(cached + 1, sum, avx512) == 512);
    CHECK(ahead(2 * cached, sum, avx512) == 512);
    // Vectors across the rows; arithmetic that takes longer than memory.
    CHECK(ahead(2 * cached, "%r = reduce_sum %x {axes=[0]}\nreturn %r\n", avx512) == 0);
    CHECK(ahead(2 * cached, "%e = exp %x\n%r = reduce_sum %e {axes=[1]}\nreturn %r\n", avx512) ==
          0);
}

TEST_CASE("the gradient of few filters with a short window packs nothing") {
    const auto gradient = [](int filters) {
        return scheduled(
            "%x = parameter {index=0, dtype=f32, shape=[64,1,32,32]}\n"
            "%g = parameter {index=1, dtype=f32, shape=[64," +
                std::to_string(filters) +
                ",28,28]}\n"
                "%v = window %x {axes=[2,3], size=[5,5], stride=[1,1], "
                "dilation=[1,1]}\n"
                "%r = contraction %g, %v {lhs=[0,6,2,3], rhs=[0,1,2,3,4,5], "
                "out=[6,1,4,5]}\nreturn %r\n",
            avx512);
    };
    const Scheduled few = gradient(6);
    CHECK(few.vector_extent == 5);
    CHECK(few.schedule.packing == ir::Packing::none);
    CHECK(few.schedule.tile_vectors == 1);
    const Scheduled many = gradient(16);
    CHECK(many.vector_extent == 16);
    CHECK(many.schedule.packing != ir::Packing::none);
    CHECK(many.schedule.tile_vectors == 1);  // one holds them all
}

TEST_CASE("windows of any size take vectors along short lines of an image") {
    const auto reduced = [](int size, int image, const std::string& axes) {
        const std::string window = std::to_string(size);
        const std::string extent = std::to_string(image);
        const std::string shape = "8,128," + extent + "," + extent;
        const std::string pad = std::to_string(size / 2);
        return scheduled("%i = parameter {index=0, dtype=f32, shape=[" + shape + "]}\n" +
                             "%z = constant {value=f32:0}\n%x = pad %i, %z {low=[0,0," + pad + "," +
                             pad + "], high=[0,0," + pad + "," + pad + "], interior=[0,0,0,0]}\n" +
                             "%w = window %x {axes=[2,3], size=[" + window + "," + window +
                             "], stride=[1,1], dilation=[1,1]}\n" +
                             "%g = parameter {index=1, dtype=f32, shape=[" + shape + "]}\n" +
                             "%b = broadcast %g {shape=[" + shape + "," + window + "," + window +
                             "], axes=[0,1,2,3]}\n%p = mul %w, %b\n" +
                             "%r = reduce_sum %p {axes=" + axes + "}\nreturn %r\n",
                         avx512)
            .vector_extent;
    };
    for (const int size : {3, 5, 7}) {
        for (const int image : {7, 14, 56}) {
            CHECK(reduced(size, image, "[4,5]") == image);
            CHECK(reduced(size, image, "[0,2,3]") == image);
        }
    }
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

TEST_CASE("sums of many rows that are longer than a vector gather no elements") {
    const auto sums = [](int rows, int columns) {
        return scheduled("%a = parameter {index=0, dtype=f32, shape=[" + std::to_string(rows) +
                             "," + std::to_string(columns) +
                             "]}\n%r = reduce_sum %a {axes=[0]}\nreturn %r\n",
                         avx512);
    };
    CHECK(sums(5000, 900).vector_extent == 900);
    CHECK(sums(5000, 40).vector_extent == 40);
    // Shorter ones do, a vector at a time.
    CHECK(sums(5000, 10).vector_extent == 5000);
    CHECK(sums(5000, 10).schedule.unroll == 1);
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

TEST_CASE("neighbouring rows are scanned in vectors where L2 holds a block of them") {
    const auto rows_of = [](const std::string& rows, const std::string& columns,
                            const std::string& dtype, const ir::Machine& machine) {
        const std::string shape = "shape=[" + rows + "," + columns + "]";
        return scheduled("%a = parameter {index=0, dtype=" + dtype + ", " + shape +
                             "}\n%r = cumulative_sum %a {axis=1, reverse=false}\nreturn %r\n",
                         machine)
            .schedule.tile_rows;
    };
    CHECK(rows_of("100", "1000", "f32", avx512) == 16);
    CHECK(rows_of("100", "1000", "f32", avx2) == 8);
    CHECK(rows_of("100", "1000", "f64", avx2) == 4);
    CHECK(rows_of("10", "1000", "f32", avx512) == 0);
    CHECK(rows_of("100", "10", "f32", avx512) == 0);
    CHECK(rows_of("100", "1000000", "f32", avx512) == 0);
    CHECK(rows_of("100", "1000", "f16", avx512) == 0);
}
