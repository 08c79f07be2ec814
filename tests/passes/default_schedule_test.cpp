#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "schedule_testing.h"

using namespace latent;
using namespace latent::passes;
using namespace latent::passes::testing;
using test::avx2;
using test::avx512;

TEST_CASE(
    "positions along long rows are found by groups of vectors, where nothing else is reduced") {
    const auto position = [](int columns, const std::string& rest) {
        const std::string n = std::to_string(columns);
        return scheduled("%x = parameter {index=0, dtype=f32, shape=[64," + n +
                             "]}\n%i = iota {dtype=i32, extent=" + n +
                             "}\n%p = broadcast %i {shape=[64," + n +
                             "], axes=[1]}\n%r = reduce_argmax %x, %p {axes=[1]}\n" + rest,
                         avx512)
            .schedule;
    };
    CHECK(position(512, "return %r\n").tile_vectors == 8);
    CHECK(position(512, "return %r\n").unroll == 1);
    CHECK(position(511, "return %r\n").tile_vectors == 0);
    CHECK(position(511, "return %r\n").unroll == 4);
    CHECK(position(512, "%s = reduce_sum %x {axes=[1]}\nreturn %r, %s\n").tile_vectors == 0);
}

TEST_CASE(
    "long rows that are only reduced are read one by one, on older processors four at a time") {
    constexpr std::string_view sums = R"(%x = parameter {index=0, dtype=f32, shape=[64,1024]}
%r = reduce_sum %x {axes=[1]}
return %r
)";
    CHECK(scheduled(sums, avx2).schedule.tile_rows == 4);
    CHECK(scheduled(sums, avx512).schedule.tile_rows == 1);
    // Of positions there would be twice as many partial results as registers hold.
    CHECK(scheduled(R"(%x = parameter {index=0, dtype=f32, shape=[64,1024]}
%i = iota {dtype=i32, extent=1024}
%p = broadcast %i {shape=[64,1024], axes=[1]}
%r = reduce_argmax %x, %p {axes=[1]}
return %r
)",
                    avx2)
              .schedule.row_atom == -1);
}

TEST_CASE(
    "rows that are stored beside their sums are asked for 4 KiB ahead, unless a cache holds them") {
    const auto ahead = [](const std::string& rows) {
        return scheduled("%x = parameter {index=0, dtype=f32, shape=[" + rows +
                             ",1000]}\n%y = mul %x, %x\n%s = reduce_sum %y {axes=[0]}\n"
                             "return %y, %s\n",
                         avx512)
            .schedule.read_ahead;
    };
    CHECK(ahead("4000") == 1024);
    CHECK(ahead("256") == (avx512.l2_bytes < 2 * 256 * 1000 * 4 ? 1024 : 0));
}

TEST_CASE("values that are stored one by one are computed a vector at a time") {
    // Of rows of 3 with what is gathered, vectors run across them.
    const auto vectors = [](const char* columns) {
        const std::string shape = "[2048," + std::string(columns) + "]";
        return scheduled("%x = parameter {index=0, dtype=f32, shape=" + shape +
                             "}\n%t = parameter {index=1, dtype=f32, shape=[50]}\n" +
                             "%i = parameter {index=2, dtype=i32, shape=[2048]}\n" +
                             "%m = gather %t, %i {axis=0}\n%b = broadcast %m {shape=" + shape +
                             ", axes=[0]}\n" + "%s = sub %x, %b\n%r = exp %s\nreturn %r\n",
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
          Expected{16, 16, 1, true}, Expected{9, 8, 1, true}, Expected{8, 8, 1, true}}) {
        CAPTURE(expected.columns);
        const ir::Schedule schedule = of_rows(expected.columns);
        CHECK(schedule.lanes == expected.lanes);
        CHECK(schedule.unroll == expected.unroll);
        CHECK(schedule.ends_overlap == expected.ends_overlap);
    }
    // Vectors run across rows of a few elements, and are stored as these lie in memory.
    for (const int columns : {2, 3, 5, 7}) {
        CAPTURE(columns);
        const ir::Schedule schedule = of_rows(columns);
        CHECK(schedule.vector_atom == 0);
        CHECK(schedule.lanes == 16);
        CHECK(schedule.unroll == (columns > 4 ? 1 : 2));
        CHECK(schedule.ends_overlap);
    }
    // Lines of pairs that are spread in memory, as those of two phases of a stride.
    const auto of_pairs = [](int pairs) {
        const std::string n = std::to_string(pairs);
        return scheduled("%x = parameter {index=0, dtype=f32, shape=[300,2," + n +
                             "]}\n%r = permute %x {permutation=[0,2,1]}\nreturn %r\n",
                         avx512);
    };
    CHECK(of_pairs(17).vector_extent == 17);
    CHECK(of_pairs(17).schedule.lanes == 8);
    CHECK(of_pairs(40).schedule.lanes == 16);
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
    // has one vector in flight, and two rows together where there are registers for what both read.
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
        const bool together = machine.registers > 16;
        CHECK(sums.schedule.row_atom == (together ? 2 : -1));
        CHECK(sums.schedule.tile_rows == (together ? 2 : 0));
        CHECK(sums.schedule.read_ahead == (together ? 1024 : 0));
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
    // Vectors across short rows; arithmetic that takes longer than memory.
    CHECK(ahead(2 * cached, "%r = reduce_sum %x {axes=[0]}\nreturn %r\n", avx512) == 0);
    CHECK(ahead(2 * cached, "%e = exp %x\n%r = reduce_sum %e {axes=[1]}\nreturn %r\n", avx512) ==
          0);
}

TEST_CASE("several rows are taken in before sums across them are stored") {
    const auto sums = [](std::int64_t rows, int columns, const std::string& results) {
        const std::string shape =
            "[3," + std::to_string(rows) + "," + std::to_string(columns) + "]";
        return scheduled("%x = parameter {index=0, dtype=f32, shape=" + shape + "}\n" + results,
                         avx512)
            .schedule;
    };
    const std::string across = "%r = reduce_sum %x {axes=[1]}\nreturn %r\n";
    const ir::Schedule cached = sums(500, 100, across);
    CHECK(cached.row_atom == 1);
    CHECK(cached.tile_rows == 4);
    CHECK(cached.read_ahead == 0);
    // More of long rows that come from memory, and the next ones are asked for.
    const std::int64_t many = avx512.l3_bytes / 4 / 2048;
    const ir::Schedule from_memory = sums(many, 2048, across);
    CHECK(from_memory.tile_rows == 8);
    CHECK(from_memory.read_ahead == 512);
    // Short ones are one stream. Beside arithmetic the sums are no matter.
    CHECK(sums(32 * many, 64, across).row_atom == -1);
    CHECK(sums(500, 100, "%e = exp %x\n%r = reduce_sum %e {axes=[1]}\nreturn %r\n").row_atom == -1);
    // Along the rows; across two dimensions that lie apart.
    CHECK(sums(500, 100, "%r = reduce_max %x {axes=[0,1,2]}\nreturn %r\n").row_atom == -1);
}

TEST_CASE("short rows and columns side by side are sorted several at a time") {
    const auto sorted = [](int rows, int columns, int axis) {
        return scheduled("%x = parameter {index=0, dtype=f32, shape=[" + std::to_string(rows) +
                             "," + std::to_string(columns) + "]}\n%r = argsort %x {axis=" +
                             std::to_string(axis) + ", reverse=false}\nreturn %r\n",
                         avx512)
            .schedule;
    };
    const ir::Schedule rows = sorted(1000, 10, 1);
    CHECK(rows.row_atom == 0);
    CHECK(rows.tile_rows == 64);
    CHECK(rows.vector_atom == 1);
    CHECK(rows.lanes == 8);
    CHECK(sorted(20, 10, 1).tile_rows == 16);
    CHECK(sorted(1000, 33, 1).row_atom == -1);
    // As many columns as the results' vectors have, or fewer where their keys and positions do not
    // fit L2, or the columns are few.
    const ir::Schedule columns = sorted(500, 1000, 0);
    CHECK(columns.vector_atom == 1);
    CHECK(columns.row_atom == 1);
    CHECK(columns.tile_rows == ir::stored_at_a_time(columns));
    const int many = static_cast<int>(avx512.l2_bytes / 16 / columns.tile_rows);
    CHECK(sorted(many, 1000, 0).tile_rows == columns.tile_rows);
    CHECK(sorted(many + 1, 1000, 0).tile_rows == columns.tile_rows / 2);
    CHECK(sorted(4 * many + 1, 1000, 0).row_atom == -1);
    CHECK(sorted(500, 2 * columns.tile_rows, 0).tile_rows == columns.tile_rows / 2);
    CHECK(sorted(500, 31, 0).row_atom == -1);
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
    // Nor do they along a longer dimension outside of the rows.
    const auto outside = [](int columns) {
        return scheduled("%a = parameter {index=0, dtype=f32, shape=[900,40," +
                             std::to_string(columns) +
                             "]}\n%r = reduce_sum %a {axes=[1]}\nreturn %r\n",
                         avx512);
    };
    CHECK(outside(33).vector_extent == 33);
    CHECK(outside(33).schedule.unroll == 2);
    CHECK(outside(17).vector_extent == 17);
    CHECK(outside(17).schedule.unroll == 1);
    CHECK(outside(15).vector_extent == 900);
}

TEST_CASE("vectors run along reversed elements where they are shuffled, in elementwise kernels") {
    const std::string operands =
        "%a = parameter {index=0, dtype=f32, shape=[400,500]}\n"
        "%f = flip %a {axes=[1]}\n"
        "%b = parameter {index=1, dtype=f32, shape=[500,400]}\n"
        "%t = permute %b {permutation=[1,0]}\n"
        "%s = add %f, %t\n";
    CHECK(scheduled(operands + "return %s\n", avx512).vector_extent == 500);
    const std::string sums = operands + "%r = reduce_sum %s {axes=[0]}\nreturn %r\n";
    CHECK(scheduled(sums, avx512).vector_extent == 400);
}

TEST_CASE("results of reversed elements are not streamed, which would gather them") {
    const auto strip = [](const std::string& operation) {
        return scheduled("%a = parameter {index=0, dtype=f32, shape=[100000000]}\n%r = " +
                             operation + "\nreturn %r\n",
                         avx512)
            .schedule.result_strip;
    };
    CHECK(strip("abs %a") > 0);
    CHECK(strip("flip %a {axes=[0]}") == 0);
}

TEST_CASE("tasks have fewer points where each takes long") {
    const auto block = [](const std::string& operation) {
        return scheduled("%a = parameter {index=0, dtype=f32, shape=[1000,64]}\n%r = " + operation +
                             "\nreturn %r\n",
                         avx512)
            .schedule.block;
    };
    CHECK(block("tanh %a") == 1 << 14);
    CHECK(block("erfinv %a") == 1 << 13);
    CHECK(block("lgamma %a") == 1 << 11);
    CHECK(block("argsort %a {axis=1, reverse=false}") == 1 << 11);
    // Sums over blocks have these at the same places whatever is summed.
    CHECK(scheduled("%a = parameter {index=0, dtype=f32, shape=[1000,64]}\n%l = lgamma %a\n"
                    "%r = reduce_sum %l {axes=[0]}\nreturn %r\n",
                    avx512)
              .schedule.block == 1 << 14);
}

TEST_CASE("rows of less than four vectors have fewer partial sums, and none across them") {
    const auto rows_of = [](int columns, const std::string& of_sums, const ir::Machine& machine) {
        const std::string shape = "shape=[500," + std::to_string(columns) + "]";
        return scheduled("%a = parameter {index=0, dtype=f32, " + shape +
                             "}\n%s = reduce_sum %a {axes=[1]}\n%f = " + of_sums +
                             " %s\n%b = broadcast %f {" + shape +
                             ", axes=[0]}\n%r = sub %a, %b\nreturn %r\n",
                         machine);
    };
    for (const auto& [columns, vectors] : {std::pair{24, 1}, {32, 2}, {50, 2}, {64, 4}, {900, 4}}) {
        CHECK(rows_of(columns, "abs", avx512).vector_extent == columns);
        CHECK(rows_of(columns, "abs", avx512).schedule.unroll == vectors);
    }
    // Rows whose number of elements is part of the code are transposed, but longer ones that are
    // read and stored as well as they lie.
    CHECK(rows_of(16, "abs", avx512).vector_extent == 500);
    CHECK(rows_of(17, "abs", avx512).vector_extent == 500);
    CHECK(rows_of(24, "abs", avx2).vector_extent == 500);
    CHECK(rows_of(32, "abs", avx2).vector_extent == 32);
    // Functions, and several sums, are computed for vectors of rows.
    for (const ir::Machine& machine : {avx512, avx2}) {
        CHECK(rows_of(20, "log", machine).vector_extent == 500);
        CHECK(rows_of(32, "log", machine).vector_extent == 500);
        CHECK(rows_of(32, "log", machine).schedule.unroll == 1);
        CHECK(rows_of(33, "log", machine).vector_extent == 33);
    }
    // Rows that would be gathered stay as they lie: halves, and those with others between.
    const auto exponentials_of = [](const std::string& rows) {
        return scheduled(rows +
                             "%e = exp %x\n%s = reduce_sum %e {axes=[1]}\n"
                             "%b = broadcast %s {shape=[500,20], axes=[0]}\n"
                             "%r = div %e, %b\nreturn %r\n",
                         avx512)
            .vector_extent;
    };
    CHECK(exponentials_of("%x = parameter {index=0, dtype=f32, shape=[500,20]}\n") == 500);
    CHECK(exponentials_of("%x = parameter {index=0, dtype=f16, shape=[500,20]}\n") == 20);
    CHECK(exponentials_of("%a = parameter {index=0, dtype=f32, shape=[500,64]}\n"
                          "%x = slice %a {start=[0,7], stop=[500,27], step=[1,1]}\n") == 20);
    const auto sums_of = [](int columns, const ir::Machine& machine) {
        return scheduled("%a = parameter {index=0, dtype=f32, shape=[500," +
                             std::to_string(columns) +
                             "]}\n%r = reduce_sum %a {axes=[1]}\nreturn %r\n",
                         machine)
            .vector_extent;
    };
    CHECK(sums_of(32, avx512) == 500);
    CHECK(sums_of(32, avx2) == 32);
}

TEST_CASE("tiles that are transposed store whole cache lines") {
    const auto of = [](const char* shape, const ir::Machine& machine) {
        return scheduled("%x = parameter {index=0, dtype=f32, shape=" + std::string(shape) +
                             "}\n%y = sqrt %x\n%r = permute %y {permutation=[1,0]}\nreturn %r\n",
                         machine)
            .schedule;
    };
    for (const ir::Machine& machine : {avx2, avx512}) {
        const ir::Schedule whole = of("[100,200]", machine);
        CHECK(whole.tile_rows == 16);
        CHECK(whole.lanes * whole.unroll == 16);
        CHECK(whole.ends_overlap);
        CHECK(!of("[100,10]", machine).ends_overlap);
    }
}

TEST_CASE("sums over every second element have vectors along the rows") {
    const auto vector_atom = [](const char* step) {
        return scheduled(
                   "%x = parameter {index=0, dtype=f32, shape=[400,2000]}\n"
                   "%e = slice %x {start=[0,0], stop=[400,2000], step=[1," +
                       std::string(step) + "]}\n" + "%r = reduce_sum %e {axes=[1]}\nreturn %r\n",
                   avx512)
            .schedule.vector_atom;
    };
    CHECK(vector_atom("2") == 1);
    CHECK(vector_atom("4") == 1);
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
