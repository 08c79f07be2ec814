#include <fmt/format.h>
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

TEST_CASE("columns of a group are packed once for all elements of a window that read them") {
    const std::string request = request_of(
        "%x = parameter {index=0, dtype=f32, shape=[64,4,32,30,30]}\n"
        "%g = parameter {index=1, dtype=f32, shape=[64,4,64,28,28]}\n"
        "%v = window %x {axes=[3,4], size=[3,3], stride=[1,1], dilation=[1,1]}\n"
        "%r = contraction %v, %g {lhs=[0,1,2,3,4,5,6], rhs=[0,1,7,3,4], "
        "out=[1,7,2,5,6]}\nreturn %r");
    CHECK(count(request, "packing deep") == 1);
    // None is over the two dimensions of the window, which would be two more, twice.
    CHECK(count(statement_of(made_for("avx512", request)), "for (k_packed_b") <= 8);
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
    CHECK(transposed(8, "f32", 16) > 0);
    CHECK(transposed(7, "f32", 16) == 0);
    CHECK(transposed(17, "f32", 16) > 0);
    CHECK(transposed(33, "f32", 16) == 0);
}

namespace {

/// Rows of so many f32, divided by their sums.
std::string divided_rows(int columns, std::string_view function) {
    return fmt::format(R"(%x = parameter {{index=0, dtype=f32, shape=[700,{0}]}}
        %e = {1} %x
        %sum = reduce_sum %e {{axes=[1]}}
        %sumb = broadcast %sum {{shape=[700,{0}], axes=[0]}}
        %r = div %e, %sumb
        return %r)",
                       columns, function);
}

}  // namespace

TEST_CASE("rows that fill half of a vector are transposed as they are stored, too") {
    const auto transposed = [](int columns, std::string_view set, int lanes) {
        const std::string request = request_of(divided_rows(columns, "abs"));
        const std::string code = statement_of(with_number("lanes", lanes, made_for(set, request)));
        return count(code, "] = block_row") + count(code, "] = slice_vectors(block_row");
    };
    // As many vectors as they are read to, and one of each row; another where more is left of it.
    CHECK(transposed(8, "avx512", 16) == 16 + 16);
    CHECK(transposed(10, "avx512", 16) == 16 + 16);
    CHECK(transposed(16, "avx512", 16) == 16 + 16);
    CHECK(transposed(7, "avx2", 8) == 8 + 8);
    CHECK(transposed(10, "avx2", 8) == 16 + 2 * 8);
    CHECK(transposed(16, "avx2", 8) == 16 + 2 * 8);
    CHECK(transposed(7, "avx512", 16) == 0);
}

TEST_CASE("of rows across which vectors run, elements are kept as such vectors") {
    const auto code = [](int columns) {
        const std::string request = request_of(divided_rows(columns, "exp"));
        return statement_of(with_number("lanes", 16, made_for("avx512", request)));
    };
    for (const int columns : {7, 10, 12}) {
        CHECK(count(code(columns), "interleave_vectors") == 0);
    }
    // Several elements at a time, where their number divides.
    CHECK(count(code(12), "[ramp((int64)64, (int64)1, 64)] = ") == 1);
    CHECK(count(code(10), "[ramp((int64)32, (int64)1, 32)] = ") == 1);
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

TEST_CASE("arrays that only constant places are read of are single vectors, without masks") {
    const std::string one_row = statement(R"(%a = parameter {index=0, dtype=f32, shape=[45]}
        %r = abs %a
        return %r)");
    CHECK(count(one_row, "allocate k_values") > 0);
    CHECK(count(one_row, "[float32 * ") == 0);
    const std::string product = statement(R"(%a = parameter {index=0, dtype=f32, shape=[700,900]}
        %b = parameter {index=1, dtype=f32, shape=[900,800]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
        return %r)");
    CHECK(count(product, "[float32x") > 0);
    CHECK(count(product, "[float32 * ") > 0);  // a copy of the sums, whose vectors a loop reads
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
