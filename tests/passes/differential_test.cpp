#include <cmath>

#include "codegen/reference/interpreter.h"
#include "passes/pipeline.h"
#include "rewrite_testing.h"
#include "tests/support/inputs.h"
#include "tests/support/random_graph.h"

using namespace latent;
using namespace latent::passes;
using codegen::reference::interpret;
using ir::Op;
using test::Array;

namespace {

/// Bit for bit, but one NaN is as good as another.
bool same_elements(const Array& a, const Array& b) {
    return test::with_elements(a, [&]<typename T>(std::span<const T> elements) {
        return std::ranges::equal(elements, b.data<T>(), [](T x, T y) {
            if constexpr (FloatingElement<T>) {
                const auto p = static_cast<double>(x);
                const auto q = static_cast<double>(y);
                return (std::isnan(p) && std::isnan(q)) ||
                       (p == q && std::signbit(p) == std::signbit(q));
            } else {
                return x == y;
            }
        });
    });
}

/// No pass but the gradients meets a custom_vjp.
bool is_for_passes(const ir::Value& value) {
    return value.op() != Op::custom_vjp;
}

/// What has one right value: not contractions and folds, whose rounding depends on the order of
/// their sums, nor sums over single elements, which lose the sign of a zero in the interpreter.
bool has_one_value(const ir::Value& value) {
    switch (value.op()) {
        case Op::custom_vjp:
        case Op::contraction:
        case Op::fold:
            return false;
        case Op::reduce_sum:
            return value.type().element_count() != value.operands()[0].type().element_count();
        default:
            return true;
    }
}

/// Runs the pipeline, with little fuel in every other run, on random graphs and compares what the
/// interpreter makes of them before and after.
void compare_on_random_graphs(const test::RandomGraphOptions& options, int graphs) {
    int changed = 0;
    for (int seed = 0; seed < graphs; ++seed) {
        const ir::Graph before =
            test::RandomGraph(options, static_cast<std::uint64_t>(seed)).make();
        PipelineOptions pipeline{.verify = true};
        if (seed % 2 == 1) {
            pipeline.fuel = seed % 7;
        }
        const ir::Graph after = run_pipeline(before, pipeline);
        changed += int{after.results != before.results};
        const std::vector<Array> arguments =
            test::fill_parameters(before, test::Values::halves, static_cast<std::uint64_t>(seed));
        const std::vector<Array> expected = interpret(before, arguments);
        const std::vector<Array> actual = interpret(after, arguments);
        for (std::size_t i = 0; i < expected.size(); ++i) {
            if (!same_elements(expected[i], actual[i])) {
                FAIL("seed " << seed << ", result " << i << " of\n"
                             << ir::print(before) << "became\n"
                             << ir::print(after));
            }
        }
    }
    CHECK(changed > graphs / 3);
}

}  // namespace

TEST_CASE("The pipeline leaves every bit of random integer graphs as it was") {
    compare_on_random_graphs({.dtypes = {DType::i32}, .steps = 25, .accepts = is_for_passes}, 3000);
    compare_on_random_graphs(
        {.dtypes = {DType::boolean, DType::u8, DType::i8, DType::i16, DType::i64},
         .steps = 25,
         .accepts = is_for_passes},
        2000);
}

TEST_CASE("The pipeline leaves every bit of random float graphs as it was") {
    compare_on_random_graphs({.dtypes = {DType::f32}, .steps = 25, .accepts = has_one_value}, 2000);
}
