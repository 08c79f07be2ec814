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
