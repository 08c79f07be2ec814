#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "ir/parse.h"
#include "tests/support/plans.h"
#include "tests/support/statements.h"

using namespace latent;
using namespace latent::test;

namespace {

std::string statement(std::string_view text) {
    return statement_of(request_of(text));
}

/// The request, for another instruction set.
std::string made_for(std::string_view instruction_set, std::string request) {
    const std::string before = "schedule ";
    const std::size_t begin = request.find(' ', request.find(before) + before.size()) + 1;
    return request.replace(begin, request.find(' ', begin) - begin, instruction_set);
}

/// The request with another number in its schedule.
std::string with_number(const std::string& name, int number, std::string request) {
    const std::string before = " " + name + " ";
    const std::size_t begin = request.find(before) + before.size();
    return request.replace(begin, request.find(' ', begin) - begin, std::to_string(number));
}

/// The request of a product, for register tiles of that many rows.
std::string with_tile_rows(int rows, std::string request) {
    return with_number("tile_rows", rows, std::move(request));
}

}  // namespace

TEST_CASE("only the store of a pointwise kernel has a guard, and that of rows has none") {
    const auto code = [](const std::string& columns) {
        return statement("%a = parameter {index=0, dtype=f32, shape=[70," + columns +
                         "]}\n%b = parameter {index=1, dtype=f32, shape=[70]}\n"
                         "%c = broadcast %b {shape=[70," +
                         columns + "], axes=[0]}\n%r = add %a, %c\nreturn %r");
    };
    CHECK(count(code("3"), "if (") == 0);
    const std::string of_one_row = statement(R"(%a = parameter {index=0, dtype=f32, shape=[45]}
        %r = abs %a
        return %r)");
    CHECK(count(of_one_row, "if (") == 1 + count(of_one_row, "] if ("));  // the last is a mask
    CHECK(count(of_one_row, "for (") >= 2);
    const std::string of_rows = code("45");
    CHECK(count(of_rows, "if (") == 0);
    CHECK(count(of_rows, "for (") >= 2);
}

TEST_CASE("what an elementwise kernel reads across its layout is transposed in registers") {
    const std::string request = request_of(R"(%a = parameter {index=0, dtype=f32, shape=[90,70]}
        %r = permute %a {permutation=[1,0]}
        return %r)");
    const auto shuffles = [&](std::string_view instruction_set, int lanes) {
        const std::string made =
            with_number("unroll", 16 / lanes, with_number("lanes", lanes, request));
        return count(statement_of(made_for(instruction_set, made)), "shuffle(");
    };
    CHECK(shuffles("avx512", 16) == 16 * 4);
    CHECK(shuffles("avx2", 8) == 8 * 3);
}

TEST_CASE("kernels do not compute which parts of their buffers they need") {
    const std::string code = statement(R"(%a = parameter {index=0, dtype=f32, shape=[70,45]}
        %b = parameter {index=1, dtype=f32, shape=[45,60]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
        return %r)");
    CHECK(count(code, ".required") == 0);
    CHECK(count(code, ".constrained") == 0);
    CHECK(count(code, "assert") == 0);
}

TEST_CASE("functions multiply and add in one step, where the instruction set has it") {
    const std::string exponential = request_of(R"(%x = parameter {index=0, dtype=f32, shape=[70]}
        %r = exp %x
        return %r)");
    constexpr std::string_view fused = "llvm.fma";
    CHECK(count(statement_of(made_for("avx2", exponential)), fused) > 0);
    CHECK(count(statement_of(made_for("avx512", exponential)), fused) > 0);
    CHECK(count(statement_of(made_for("sse41", exponential)), fused) == 0);
}

TEST_CASE("the stores of a product's whole tiles have no guards, and those of others one copy") {
    const std::string code = statement(R"(%a = parameter {index=0, dtype=f32, shape=[700,900]}
        %b = parameter {index=1, dtype=f32, shape=[900,800]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
        return %r)");
    CHECK(count(code, "predicate (") == 1);
    CHECK(count(code, "_copy") > 1);
}

TEST_CASE("what is computed for one turn of fused loops has room for one") {
    const std::string code = statement(R"(%x = parameter {index=0, dtype=f32, shape=[2,3,40,50]}
        %z = constant {value=f32:0}
        %r = pad %x, %z {low=[0,0,1,1], high=[0,0,1,1], interior=[0,0,0,0]}
        return %r)");
    CHECK(count(code, "allocate k_values") == 1);
    CHECK(count(code, "extent_realized") == 0);
}

TEST_CASE("loops count on extents that are not negative") {
    const std::string code = statement(R"(%q = parameter {index=0, dtype=f32, shape=[200,32]}
        %k = parameter {index=1, dtype=f32, shape=[300,32]}
        %v = parameter {index=2, dtype=f32, shape=[300,32]}
        %s = contraction %q, %k {lhs=[0,2], rhs=[1,2], out=[0,1]}
        %m = reduce_max %s {axes=[1]}
        %b = broadcast %m {shape=[200,300], axes=[0]}
        %w = sub %s, %b
        %r = contraction %w, %v {lhs=[0,1], rhs=[1,2], out=[0,2]}
        return %r)");
    CHECK(count(code, "for (") > 0);
    CHECK(count(code, "s0.column_tile.rebased") == 0);  // it begins at zero
}

TEST_CASE("the sums of a register tile read what they have in common once") {
    const std::string code = statement(R"(%a = parameter {index=0, dtype=f32, shape=[700,900]}
        %b = parameter {index=1, dtype=f32, shape=[900,800]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
        return %r)");
    constexpr int most_vectors = 4;  // of a tile's columns
    CHECK(count(code, " = k_packed_b") > 0);
    CHECK(count(code, " = k_packed_b") <= most_vectors);
    CHECK(count(code, " + (k_packed_b") == 0);
}

TEST_CASE("so do those of turned windows, whose places are computed from line to line") {
    const std::string code = statement(R"(%x = parameter {index=0, dtype=f32, shape=[2,32,58,58]}
        %w = parameter {index=1, dtype=f32, shape=[64,32,3,3]}
        %v = window %x {axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}
        %r = contraction %v, %w {lhs=[0,1,2,3,4,5], rhs=[6,1,4,5], out=[0,6,2,3]}
        return %r)");
    // A tile of 8 rows takes an element of each for each of three places.
    CHECK(count(code, "= input0[") + count(code, "(input0[") <= 8 * 3);
}

namespace {

/// A convolution whose filters are packed, as vectors, whatever the instruction set.
std::string turned_windows() {
    return request_of(R"(%x = parameter {index=0, dtype=f32, shape=[2,32,59,59]}
        %w = parameter {index=1, dtype=f32, shape=[64,32,3,3]}
        %v = window %x {axes=[2,3], size=[3,3], stride=[2,2], dilation=[1,1]}
        %r = contraction %v, %w {lhs=[0,1,2,3,4,5], rhs=[6,1,4,5], out=[0,6,2,3]}
        return %r)");
}

}  // namespace

TEST_CASE("tiles of turned windows are stored through blocks that are transposed in registers") {
    const auto transposes = [](int rows) {
        return count(statement_of(with_tile_rows(rows, turned_windows())), "block_row");
    };
    // Of six rows, three blocks of four rows of two tiles. Five rows are none.
    for (const int rows : {4, 6, 8}) {
        CAPTURE(rows);
        CHECK(transposes(rows) > transposes(5));
    }
}

TEST_CASE("windows that are rows are found in tables, and their runs are one loop") {
    const std::string code = statement_of(turned_windows());
    // A quotient for each row of a task, not for each of each tile.
    CHECK(count(code, "for (k_row_places") == 1);
    CHECK(count(code, "for (k_run_places") == 1);
    // Of the three dimensions of a window one is unrolled, and the others are one loop.
    CHECK(count(code, "for (k_sum") == 1);
}

TEST_CASE("the blocks of whole tiles that are stored along their rows have no guards") {
    const std::string code = statement_of(with_tile_rows(6, turned_windows()));
    constexpr std::string_view loop = "whole_blocks, 0, ";
    const std::size_t guarded = code.rfind(loop);
    REQUIRE(guarded != std::string::npos);
    const std::size_t whole = code.rfind(loop, guarded - 1);
    REQUIRE(whole != std::string::npos);
    CHECK(count(code.substr(whole, guarded - whole), "if (") == 0);
    CHECK(count(code.substr(guarded), "if (") > 0);
}

TEST_CASE("tiles that are stored together have sums of their own, which begin in registers") {
    const std::string code = statement_of(with_tile_rows(6, turned_windows()));
    CHECK(count(code, "for (k_joined") == 1);
    CHECK(code.find("for (k_joined") < code.find("_held"));
}

TEST_CASE("the next line of an image is asked for once for all rows of a tile") {
    const auto code = [](int lines) {
        return statement_of(with_number("read_ahead", lines, with_tile_rows(6, turned_windows())));
    };
    const std::string without = code(0);
    const std::string with = code(2);
    constexpr std::string_view for_reading = ", 0, 2, 1)";
    CHECK(count(with, for_reading) == count(without, for_reading) + 1);
    // Beside it too, the sums stay in registers over all loops of the depth.
    const auto place_of_copy = [](const std::string& text) {
        const std::size_t copy = text.find("_held");
        REQUIRE(copy != std::string::npos);
        return count(text.substr(0, copy), "for (");
    };
    CHECK(place_of_copy(with) == place_of_copy(without));
}

TEST_CASE("columns that are neighbours are packed by one loop, past their end") {
    const std::string code = statement(R"(%a = parameter {index=0, dtype=f32, shape=[700,900]}
        %b = parameter {index=1, dtype=f32, shape=[900,801]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
        return %r)");
    CHECK(count(code, "for (k_packed_b") == 2);  // over the depth and tiles
    CHECK(count(code, "min(ramp(") == 0);
}

TEST_CASE("last columns that fit half a register tile are summed by a second, shorter loop") {
    const std::string product = request_of(R"(%a = parameter {index=0, dtype=f32, shape=[700,90]}
        %b = parameter {index=1, dtype=f32, shape=[90,33]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
        return %r)");
    const std::string code = statement_of(with_tile_rows(8, product));
    CHECK(count(code, "for (k_sum") == 2);
    CHECK(count(code, "produce k_sum") == 1);
    // Sums of fewer rows would wait for each other.
    CHECK(count(statement_of(with_tile_rows(6, product)), "for (k_sum") == 1);
}

TEST_CASE("functions of a row's elements that are summed have one copy, for its last vector too") {
    constexpr std::string_view fused = "llvm.fma";
    const std::string function = statement(R"(%x = parameter {index=0, dtype=f32, shape=[70,900]}
        %r = exp %x
        return %r)");
    const std::string sum = statement(R"(%x = parameter {index=0, dtype=f32, shape=[70,900]}
        %e = exp %x
        %r = reduce_sum %e {axes=[1]}
        return %r)");
    CHECK(count(sum, fused) == count(function, fused));
}

TEST_CASE("multiply-adds of vectors are single instructions") {
    const std::string exponential = request_of(R"(%x = parameter {index=0, dtype=f32, shape=[70]}
        %r = exp %x
        return %r)");
    for (const char* set : {"avx2", "avx512"}) {
        const std::string assembly = kernel_context()
                                         .kernels()
                                         .describe(made_for(set, exponential), latent_note_assembly)
                                         .at("assembly");
        CHECK(count(assembly, "vfmadd") > 0);
        for (const char* scalar : {"vfmadd132ss", "vfmadd213ss", "vfmadd231ss"}) {
            CHECK(count(assembly, scalar) == 0);
        }
    }
}

TEST_CASE("columns that are transposed as they are packed have one copy of the transpose") {
    const std::string code = statement(R"(%a = parameter {index=0, dtype=f32, shape=[700,900]}
        %b = parameter {index=1, dtype=f32, shape=[800,900]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[2,1], out=[0,2]}
        return %r)");
    CHECK(count(code, "produce k_lines_b") == 1);
    // Of a square block, though a panel has several.
    CHECK(count(code, "] = block_row") > 0);
    CHECK(count(code, "] = block_row") <= 16);
}

TEST_CASE("rows that are scanned side by side are transposed in registers, before and after") {
    const std::string code = statement(R"(%a = parameter {index=0, dtype=f32, shape=[700,900]}
        %r = cumulative_sum %a {axis=1, reverse=false}
        return %r)");
    const std::size_t stores = count(code, "] = block_row");
    CHECK(stores >= 2 * 4);
    CHECK(stores <= 2 * 16);
}

TEST_CASE("rows that fill most of a vector are transposed in registers and reduced across it") {
    const auto transposed = [](int columns, const std::string& dtype, int lanes) {
        const std::string request = request_of(
            "%a = parameter {index=0, dtype=" + dtype + ", shape=[700," + std::to_string(columns) +
            "]}\n%s = reduce_sum %a {axes=[1]}\n%r = exp %s\nreturn %r");
        const std::string code =
            statement_of(with_number("lanes", lanes, made_for("avx512", request)));
        return count(code, "] = block_row");
    };
    for (const int columns : {9, 10, 16}) {
        CHECK(transposed(columns, "f32", 16) > 0);
        CHECK(transposed(columns, "f64", 8) > 0);
        CHECK(transposed(columns, "f16", 16) == 0);
    }
    CHECK(transposed(8, "f32", 8) > 0);
    CHECK(transposed(8, "f16", 8) == 0);  // what is converted is no copy
    CHECK(transposed(8, "f32", 16) == 0);
    CHECK(transposed(17, "f32", 16) == 0);
}

TEST_CASE("rows that a kernel keeps have one block of scratch for each of its tasks") {
    const std::string code = statement(R"(%x = parameter {index=0, dtype=f32, shape=[70,90]}
        %e = exp %x
        %sum = reduce_sum %e {axes=[1]}
        %sumb = broadcast %sum {shape=[70,90], axes=[0]}
        %r = div %e, %sumb
        return %r)");
    REQUIRE(count(code, "allocate k_kept") == 1);
    CHECK(code.find("parallel (") < code.find("allocate k_kept"));
    CHECK(code.find("allocate k_kept") < code.find("for (k.s0.a0.row"));
}

TEST_CASE("register tiles are held apart while they are summed, and then read in memory") {
    const std::string product = request_of(R"(%a = parameter {index=0, dtype=f32, shape=[70,45]}
        %b = parameter {index=1, dtype=f32, shape=[45,60]}
        %c = parameter {index=2, dtype=f32, shape=[60]}
        %m = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
        %d = broadcast %c {shape=[70,60], axes=[1]}
        %r = add %m, %d
        return %r)");
    const std::string code = statement_of(with_tile_rows(8, product));
    CHECK(count(code, "allocate k_sum") == 3);  // the tile, and a copy in each loop that sums it
    CHECK(count(code, "_held") > 0);
}

TEST_CASE("sums that begin with constants have these in their copies, and nowhere else before") {
    const std::string product = request_of(R"(%a = parameter {index=0, dtype=f32, shape=[70,45]}
        %b = parameter {index=1, dtype=f32, shape=[45,60]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
        return %r)");
    const std::string code =
        statement_of(made_for("avx512", with_number("lanes", 16, with_tile_rows(8, product))));
    const std::string summed = code.substr(0, code.find("for (k_sum"));
    REQUIRE(count(summed, "= x16(0.000000f)") > 0);
    constexpr int allocations = 1;
    CHECK(count(summed, "_held") == allocations + count(summed, "= x16(0.000000f)"));
    CHECK(count(summed, "= k_sum[") == 0);
}

TEST_CASE("reductions of a row that read the same and do not need each other share a walk") {
    const std::string kernel = request_of(R"(%x = parameter {index=0, dtype=f32, shape=[70,450]}
        %g = parameter {index=1, dtype=f32, shape=[70,450]}
        %sum = reduce_sum %x {axes=[1]}
        %sumb = broadcast %sum {shape=[70,450], axes=[0]}
        %d = sub %x, %sumb
        %dd = mul %d, %d
        %gd = mul %g, %d
        %dsum = reduce_sum %dd {axes=[1]}
        %gsum = reduce_sum %gd {axes=[1]}
        %both = add %dsum, %gsum
        %bothb = broadcast %both {shape=[70,450], axes=[0]}
        %r = mul %d, %bothb
        return %r)");
    const auto walks = [&](std::string_view instruction_set) {
        return count(statement_of(made_for(instruction_set, kernel)), "_whole$x, ");
    };
    CHECK(walks("avx512") == 2);
    CHECK(walks("avx2") == 3);
}

TEST_CASE("lines of large results are asked for before a register tile is summed") {
    const std::string product = request_of(R"(%a = parameter {index=0, dtype=f32, shape=[300,64]}
        %b = parameter {index=1, dtype=f32, shape=[64,400]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
        return %r)");
    const std::string code = statement_of(made_for("avx512", product));
    constexpr std::string_view for_writing = ", 1, 3, 1)";
    CHECK(count(code, for_writing) > 0);
    // The extents are not part of the code: whether there is need is asked there, once.
    CHECK(count(code, ".is_large = ") == 1);
    // Vectors of half a line leave no room for it, but where a tile is stored along its rows.
    CHECK(count(statement_of(made_for("avx2", product)), for_writing) == 0);
    CHECK(count(statement_of(made_for("avx2", with_tile_rows(6, turned_windows()))), for_writing) >
          0);
    CHECK(count(statement(R"(%a = parameter {index=0, dtype=f32, shape=[70,45]}
        %r = exp %a
        return %r)"),
                for_writing) == 0);
}

TEST_CASE("rows that are read beside a register tile's sums are asked for before them") {
    const std::string product =
        with_number("lanes", 16, request_of(R"(%a = parameter {index=0, dtype=f32, shape=[300,64]}
        %b = parameter {index=1, dtype=f32, shape=[64,400]}
        %m = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
        %c = parameter {index=2, dtype=f32, shape=[300,400]}
        %d = parameter {index=3, dtype=f32, shape=[400]}
        %all = broadcast %d {shape=[300,400], axes=[1]}
        %s = add %c, %all
        %square = mul %s, %s
        %r = add %m, %square
        return %r)"));
    const auto prefetches = [&](std::string_view instruction_set, const std::string& buffer) {
        return count(statement_of(made_for(instruction_set, product)),
                     "llvm.prefetch.p0(reinterpret<(void *)>(reinterpret<uint64>(" + buffer + ")");
    };
    const int lines_of_tile_row = 2;
    CHECK(prefetches("avx512", "input2") == lines_of_tile_row);
    CHECK(prefetches("avx512", "input3") == 0);  // the same for each row
    constexpr std::string_view for_writing = ", 1, 3, 1)";
    CHECK(count(statement_of(made_for("avx512", product)), for_writing) == lines_of_tile_row);
    CHECK(prefetches("avx2", "input2") == 0);
}

TEST_CASE("the lines of whole register tiles are asked for by a loop") {
    const std::string product = request_of(R"(%a = parameter {index=0, dtype=f32, shape=[700,900]}
        %b = parameter {index=1, dtype=f32, shape=[900,800]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
        return %r)");
    CHECK(count(statement_of(made_for("avx512", product)), "llvm.prefetch") == 1);
}

TEST_CASE("rows that are packed across their memory are asked for some terms ahead") {
    const auto prefetches = [](const std::string& shape, const std::string& labels) {
        const std::string product =
            request_of("%a = parameter {index=0, dtype=f32, shape=" + shape +
                       "}\n%b = parameter {index=1, dtype=f32, shape=[1500,1600]}\n"
                       "%r = contraction %a, %b {lhs=" +
                       labels + ", rhs=[1,2], out=[0,2]}\nreturn %r");
        return count(statement_of(product),
                     "llvm.prefetch.p0(reinterpret<(void *)>(reinterpret<uint64>(input0)");
    };
    CHECK(prefetches("[1500,1400]", "[1,0]") > 0);
    CHECK(prefetches("[1400,1500]", "[0,1]") == 0);
}

TEST_CASE("a row's results are not asked for before its reductions") {
    const std::string code = statement(R"(%x = parameter {index=0, dtype=f32, shape=[70,450]}
        %sum = reduce_sum %x {axes=[1]}
        %all = broadcast %sum {shape=[70,450], axes=[0]}
        %r = sub %x, %all
        return %r)");
    CHECK(count(code, "llvm.prefetch") == 0);
}

TEST_CASE("the next columns of a product that reads them in place are fetched ahead of their use") {
    const ir::Graph graph = ir::parse(R"(%a = parameter {index=0, dtype=f32, shape=[200,64]}
        %b = parameter {index=1, dtype=f32, shape=[64,400]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
        return %r)");
    const auto code = [&](int lanes, int ahead) {
        const detail::Planned planned = plan_kernels(
            graph, true, [&](const passes::KernelStep& step, const ir::Machine& machine) {
                ir::Schedule schedule = detail::default_schedule_of(step, machine);
                schedule.lanes = lanes;
                schedule.read_ahead = ahead;
                return schedule;
            });
        return statement_of(planned.plan.requests[0]);
    };
    constexpr std::string_view for_reading = ", 0, 2, 1)";
    CHECK(count(code(16, 1), for_reading) > 0);
    CHECK(code(16, 1).find("_held") != std::string::npos);
    CHECK(count(code(16, 0), for_reading) == 0);
    CHECK(count(code(8, 1), for_reading) == 0);  // no vector is a cache line
}

TEST_CASE("lines that are asked for are those that vectors end in, wherever they begin") {
    const std::string product =
        with_number("lanes", 16, request_of(R"(%a = parameter {index=0, dtype=f32, shape=[700,64]}
        %b = parameter {index=1, dtype=f32, shape=[64,900]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
        return %r)"));
    std::string code = statement_of(made_for("avx512", with_number("read_ahead", 1, product)));
    std::erase_if(code, [](char c) { return c == ' ' || c == '\n'; });
    CAPTURE(code);
    constexpr std::string_view written = ",1,3,1)";
    CHECK(count(code, written) > 0);
    CHECK(count(code, "+(int64)15)*(int64)4))" + std::string(written)) == count(code, written));
    constexpr std::string_view read = ",0,2,1)";  // a tile ahead
    constexpr int bytes = (2 * 16 + 15) * 4;
    CHECK(count(code, read) > 0);
    CHECK(count(code, "+(int64)" + std::to_string(bytes) + "))" + std::string(read)) ==
          count(code, read));
}

TEST_CASE("columns shorter than what is asked for ahead are those of the next tile") {
    const ir::Graph graph = ir::parse(R"(%a = parameter {index=0, dtype=f32, shape=[200,700]}
        %b = parameter {index=1, dtype=f32, shape=[400,700]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[2,1], out=[0,2]}
        return %r)");
    const detail::Planned planned =
        plan_kernels(graph, true, [&](const passes::KernelStep& step, const ir::Machine& machine) {
            ir::Schedule schedule = detail::default_schedule_of(step, machine);
            schedule.lanes = 16;
            return schedule;
        });
    const std::string code = statement_of(planned.plan.requests[0]);
    // Extents are not part of the code: it is asked there, before the columns.
    CHECK(count(code, " <= 128\n") == 1);
    CHECK(count(code, ", 0, 128)") == 1);
}

TEST_CASE("columns whose loads are not vectors of a row ask for no prefetch that stays behind") {
    const std::string product = request_of(R"(%a = parameter {index=0, dtype=f16, shape=[33,65]}
        %b = parameter {index=1, dtype=f16, shape=[65,33]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
        return %r)");
    CHECK(count(statement_of(product), "latent_with_prefetch") == 0);
}

TEST_CASE("windows whose vectors run along channels read and keep these as vectors") {
    const std::string text = statement_of(request_of(
        R"(%x = parameter {index=0, dtype=f32, shape=[2,9,10,70]}
        %w = parameter {index=1, dtype=f32, shape=[3,3,70]}
        %z = constant {value=f32:0}
        %p = pad %x, %z {low=[0,1,1,0], high=[0,1,1,0], interior=[0,0,0,0]}
        %v = window %p {axes=[1,2], size=[3,3], stride=[1,1], dilation=[1,1]}
        %t = permute %w {permutation=[2,0,1]}
        %b = broadcast %t {shape=[2,9,10,70,3,3], axes=[3,4,5]}
        %m = mul %v, %b
        %r = reduce_sum %m {axes=[4,5]}
        return %r)"));
    CAPTURE(text);
    CHECK(count(text, "min(ramp(") == 0);  // elements that are gathered
    CHECK(count(text, ", 4, 16)") + count(text, ", 4, 8)") + count(text, ", 4, 4)") == 0);
}

TEST_CASE("a row's lines are asked for while its exponentials are computed, not beside few sums") {
    const std::string softmax = request_of(R"(%x = parameter {index=0, dtype=f32, shape=[70,900]}
        %e = exp %x
        %s = reduce_sum %e {axes=[1]}
        %b = broadcast %s {shape=[70,900], axes=[0]}
        %r = div %e, %b
        return %r)");
    // Of a turn of the loop that keeps them, two vectors.
    CHECK(count(statement_of(made_for("avx512", with_number("lanes", 16, softmax))),
                "llvm.prefetch") == 2);
    CHECK(count(statement_of(made_for("avx2", with_number("lanes", 8, softmax))),
                "llvm.prefetch") == 1);
    const std::string shifted = request_of(R"(%x = parameter {index=0, dtype=f32, shape=[70,900]}
        %s = reduce_sum %x {axes=[1]}
        %b = broadcast %s {shape=[70,900], axes=[0]}
        %r = sub %x, %b
        return %r)");
    CHECK(count(statement_of(made_for("avx512", shifted)), "llvm.prefetch") == 0);
}
