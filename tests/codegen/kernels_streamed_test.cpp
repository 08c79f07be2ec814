#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "ir/parse.h"
#include "ir/region.h"
#include "tests/support/kernels.h"
#include "tests/support/plans.h"
#include "tests/support/schedules.h"
#include "tests/support/statements.h"

using namespace latent;
using namespace latent::test;

namespace {

struct Product {
    const char* what;
    const char* text;
};

constexpr Product products[] = {
    {"one row",
     R"(%a = parameter {index=0, dtype=f32, shape=[70]}
        %b = parameter {index=1, dtype=f32, shape=[70,83]}
        %r = contraction %a, %b {lhs=[1], rhs=[1,2], out=[2]}
        return %r
     )"},
    {"two rows of f64",
     R"(%a = parameter {index=0, dtype=f64, shape=[2,37]}
        %b = parameter {index=1, dtype=f64, shape=[37,300]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
        return %r
     )"},
    {"several tiles of rows, with a bias and a tanh",
     R"(%a = parameter {index=0, dtype=f32, shape=[19,129]}
        %b = parameter {index=1, dtype=f32, shape=[129,261]}
        %c = parameter {index=2, dtype=f32, shape=[261]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
        %d = broadcast %c {shape=[19,261], axes=[1]}
        %s = add %r, %d
        %t = tanh %s
        return %t
     )"},
    {"batches",
     R"(%a = parameter {index=0, dtype=f32, shape=[3,7,40]}
        %b = parameter {index=1, dtype=f32, shape=[3,40,133]}
        %r = contraction %a, %b {lhs=[3,0,1], rhs=[3,1,2], out=[3,0,2]}
        return %r
     )"},
    {"a transposed result of bf16, two dimensions of depth",
     R"(%a = parameter {index=0, dtype=bf16, shape=[9,6,11]}
        %b = parameter {index=1, dtype=bf16, shape=[6,11,70]}
        %r = contraction %a, %b {lhs=[0,1,3], rhs=[1,3,2], out=[2,0]}
        return %r
     )"},
    {"columns along the depth",
     R"(%a = parameter {index=0, dtype=f32, shape=[19,129]}
        %b = parameter {index=1, dtype=f32, shape=[261,129]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[2,1], out=[0,2]}
        return %r
     )"},
    {"columns along the depth of f64, in batches",
     R"(%a = parameter {index=0, dtype=f64, shape=[3,9,40]}
        %b = parameter {index=1, dtype=f64, shape=[3,33,40]}
        %r = contraction %a, %b {lhs=[3,0,1], rhs=[3,2,1], out=[3,0,2]}
        return %r
     )"},
};

/// Small blocks of the depth, few columns in a task.
ir::Schedule streamed(const passes::KernelStep& step, const ir::Machine& machine) {
    return tiled_schedule(step, machine, {ir::Packing::streamed, 4, 2, 32, 2});
}

ir::Schedule packed(const passes::KernelStep& step, const ir::Machine& machine) {
    ir::Schedule schedule = streamed(step, machine);
    schedule.packing = schedule.row_atom < 0 ? ir::Packing::none : ir::Packing::both;
    schedule.tile_rows = schedule.row_atom < 0 ? 0 : schedule.tile_rows;
    return schedule;
}

}  // namespace

TEST_CASE("columns that are streamed have the bits of those that are packed", "[kernels]") {
    for (const Product& product : products) {
        INFO(product.what);
        const ir::Graph graph = ir::parse(product.text);
        const std::vector<Array> inputs = fill_parameters(graph);
        const std::vector<Array> expected = run_kernels(plan_kernels(graph, true, packed), inputs);
        const detail::Planned planned = plan_kernels(graph, true, streamed);
        CHECK(same_bits(run_kernels(planned, inputs)[0], expected[0]));
        CHECK(same_bits(run_kernels(planned, inputs, 2)[0], expected[0]));
    }
}

TEST_CASE("each cache line of columns that are streamed is fetched once ahead of its use",
          "[kernels]") {
    const ir::Graph graph = ir::parse(products[2].text);
    const detail::Planned planned = plan_kernels(graph, true, streamed);
    REQUIRE(planned.plan.requests.size() == 1);
    const std::string code = statement_of(planned.plan.requests[0]);
    constexpr int line_bytes = 64;
    const ir::Schedule schedule = ir::parse_kernel_request(planned.plan.requests[0]).schedule;
    const int tile_bytes = schedule.tile_vectors * schedule.lanes * 4;
    CAPTURE(code);
    CHECK(count(code, "llvm.prefetch") == std::max(tile_bytes / line_bytes, 1));
    // The sums of a tile are added to in a copy, which stays in registers.
    CHECK(code.find("_held") != std::string::npos);
}

TEST_CASE("past the last columns of a task, the first ones of the next block are asked for",
          "[kernels]") {
    const detail::Planned planned = plan_kernels(ir::parse(products[0].text), true, streamed);
    REQUIRE(planned.plan.requests.size() == 1);
    CHECK(count(statement_of(planned.plan.requests[0]), "select(") > 0);
}

TEST_CASE("rows that are asked for ahead have the bits of those that are not", "[kernels]") {
    for (const char* text : {
             R"(%x = parameter {index=0, dtype=f32, shape=[37,1021]}
                %r = reduce_sum %x {axes=[1]}
                return %r
             )",
             R"(%x = parameter {index=0, dtype=f32, shape=[70001]}
                %r = reduce_sum %x {axes=[0]}
                return %r
             )",
         }) {
        const ir::Graph graph = ir::parse(text);
        const std::vector<Array> inputs = fill_parameters(graph);
        const auto planned = [&](int ahead) {
            return plan_kernels(
                graph, true, [=](const passes::KernelStep& step, const ir::Machine& machine) {
                    ir::Schedule schedule = detail::default_schedule_of(step, machine);
                    schedule.read_ahead = ahead;
                    return schedule;
                });
        };
        const detail::Planned other = planned(512);
        const ir::Schedule schedule = ir::parse_kernel_request(other.plan.requests[0]).schedule;
        const std::string code = statement_of(other.plan.requests[0]);
        CAPTURE(code);
        // Each line of the vectors in flight once, for each of the rows that are taken together.
        constexpr int line_bytes = 64;
        const int rows = schedule.row_atom < 0 ? 1 : schedule.tile_rows;
        CHECK(count(code, "llvm.prefetch") ==
              rows * schedule.lanes * schedule.unroll * 4 / line_bytes);
        const std::vector<Array> expected = run_kernels(planned(0), inputs);
        CHECK(same_bits(run_kernels(other, inputs)[0], expected[0]));
        CHECK(same_bits(run_kernels(other, inputs, 2)[0], expected[0]));
    }
}
