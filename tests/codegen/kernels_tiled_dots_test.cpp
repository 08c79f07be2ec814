#include <limits>
#include <span>
#include <string>
#include <vector>

#include "codegen/reference/interpreter.h"
#include "ir/parse.h"
#include "passes/schedule/schedule.h"
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
    Tolerance tolerance = {1e-5, 1e-4};
};

const Product products[] = {
    {"several tiles of rows, with a bias and a tanh",
     R"(%a = parameter {index=0, dtype=f32, shape=[19,529]}
        %b = parameter {index=1, dtype=f32, shape=[161,529]}
        %c = parameter {index=2, dtype=f32, shape=[161]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[2,1], out=[0,2]}
        %d = broadcast %c {shape=[19,161], axes=[1]}
        %s = add %r, %d
        %t = tanh %s
        return %t
     )"},
    {"fewer rows and columns than a tile has, and less depth than a vector",
     R"(%a = parameter {index=0, dtype=f32, shape=[2,3]}
        %b = parameter {index=1, dtype=f32, shape=[2,3]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[2,1], out=[0,2]}
        return %r
     )"},
    {"batches of f64",
     R"(%a = parameter {index=0, dtype=f64, shape=[3,5,70]}
        %b = parameter {index=1, dtype=f64, shape=[3,37,70]}
        %r = contraction %a, %b {lhs=[3,0,1], rhs=[3,2,1], out=[3,0,2]}
        return %r
     )"},
    {"batches of the columns alone",
     R"(%a = parameter {index=0, dtype=f32, shape=[5,70]}
        %b = parameter {index=1, dtype=f32, shape=[3,37,70]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[3,2,1], out=[3,0,2]}
        return %r
     )"},
    {"a transposed result of bf16, two dimensions of depth",
     R"(%a = parameter {index=0, dtype=bf16, shape=[9,6,41]}
        %b = parameter {index=1, dtype=bf16, shape=[70,6,41]}
        %r = contraction %a, %b {lhs=[0,1,3], rhs=[2,1,3], out=[2,0]}
        return %r
     )",
     {2e-2, 2e-2}},
};

ir::Schedule dots(const passes::KernelStep& step, const ir::Machine& machine, int rows, int columns,
                  int depth) {
    return tiled_schedule(step, machine, {ir::Packing::dots, rows, columns, depth, 16});
}

}  // namespace

TEST_CASE("sums in vectors along the depth have the same bits in tiles of all sizes", "[kernels]") {
    for (const Product& product : products) {
        INFO(product.what);
        const ir::Graph graph = ir::parse(product.text);
        const std::vector<Array> inputs = fill_parameters(graph);
        const Array expected = codegen::reference::interpret(graph, inputs)[0];
        const auto planned = [&](int rows, int columns, int depth) {
            return plan_kernels(graph, true, [=](const auto& step, const auto& machine) {
                return dots(step, machine, rows, columns, depth);
            });
        };
        const detail::Planned one = planned(1, 1, 1 << 20);
        const Array result = run_kernels(one, inputs)[0];
        CHECK_THAT(result, AgreesWith(expected, product.tolerance));
        CHECK(same_bits(run_kernels(one, inputs, 2)[0], result));
        const detail::Planned tiles = planned(4, 3, 64);
        CHECK(same_bits(run_kernels(tiles, inputs)[0], result));
        CHECK(same_bits(run_kernels(tiles, inputs, 2)[0], result));
    }
}

TEST_CASE("values past the end of the depth count as nothing in sums along it", "[kernels]") {
    // Of each row the last element is infinite, and the first of the next lies behind it.
    const ir::Graph graph = ir::parse(R"(%x = parameter {index=0, dtype=f32, shape=[9,301]}
        %y = parameter {index=1, dtype=f32, shape=[40,301]}
        %a = slice %x {start=[0,0], stop=[9,300], step=[1,1]}
        %b = slice %y {start=[0,0], stop=[40,300], step=[1,1]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[2,1], out=[0,2]}
        return %r
     )");
    std::vector<Array> inputs = fill_parameters(graph);
    const std::vector<Array> expected = codegen::reference::interpret(graph, inputs);
    for (Array& input : inputs) {
        const std::span<float> values = input.mutable_data<float>();
        for (std::size_t i = 300; i < values.size(); i += 301) {
            values[i] = std::numeric_limits<float>::infinity();
        }
    }
    const detail::Planned planned = plan_kernels(
        graph, true, [](const auto& step, const auto& m) { return dots(step, m, 4, 3, 64); });
    CHECK_THAT(run_kernels(planned, inputs)[0], AgreesWith(expected[0], {1e-5, 1e-4}));
}

TEST_CASE("no row is read far past its end for a last block of the depth", "[kernels]") {
    const ir::Graph graph = ir::parse(R"(%a = parameter {index=0, dtype=f32, shape=[8,1040]}
        %b = parameter {index=1, dtype=f32, shape=[40,1040]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[2,1], out=[0,2]}
        return %r
     )");
    const std::vector<Array> inputs = fill_parameters(graph);  // run with guards behind them
    const Array expected = codegen::reference::interpret(graph, inputs)[0];
    const detail::Planned planned = plan_kernels(
        graph, true, [](const auto& step, const auto& m) { return dots(step, m, 4, 3, 1024); });
    CHECK_THAT(run_kernels(planned, inputs)[0], AgreesWith(expected, {1e-5, 1e-4}));
}

TEST_CASE("a tile of sums along the depth is held in registers, and its columns are fetched ahead",
          "[kernels]") {
    const ir::Graph graph = ir::parse(products[0].text);
    const detail::Planned planned = plan_kernels(
        graph, true, [](const auto& step, const auto& m) { return dots(step, m, 4, 3, 64); });
    const std::string code = statement_of(planned.plan.requests[0]);
    CAPTURE(code);
    CHECK(code.find("_held") != std::string::npos);
    // Of each column, in the loop over whole vectors and in what follows it.
    CHECK(count(code, "llvm.prefetch") % 3 == 0);
    CHECK(count(code, "llvm.prefetch") > 0);
}
