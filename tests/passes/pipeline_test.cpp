#include "passes/pipeline.h"

#include <array>
#include <cstdlib>

#include "rewrite_testing.h"

using namespace latent;
using namespace latent::passes;
using namespace latent::passes::testing;
using Catch::Contains;

namespace {

constexpr std::string_view program =
    "%c = constant {value=f32:1}\n %one = broadcast %c {shape=[4,6], axes=[]}\n"
    "%a = mul %one, %x\n %e = exp %a\n %f = exp %x\n %g = add %e, %f\n"
    "%r = slice %g {start=[1,0], stop=[3,6], step=[1,1]}\n return %r";
constexpr std::string_view optimised =
    "%k = slice %x {start=[1,0], stop=[3,6], step=[1,1]}\n %e = exp %k\n"
    "%r = add %e, %e\n return %r";

/// Sets an environment variable for as long as it lives.
class ScopedVariable {
  public:
    ScopedVariable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
    ScopedVariable(const ScopedVariable&) = delete;
    ScopedVariable& operator=(const ScopedVariable&) = delete;
    ~ScopedVariable() { unsetenv(name_); }

  private:
    const char* name_;
};

}  // namespace

TEST_CASE("The pipeline applies all passes") {
    const ir::Graph result = run_pipeline(parse_with_leaves(program), {.verify = true});
    CHECK(canonical_text(result) == canonical_text(parse_with_leaves(optimised)));
}

TEST_CASE("A graph with nothing to improve comes out as it went in") {
    const ir::Graph graph = parse_with_leaves(optimised);
    CHECK(run_pipeline(graph, {}).results == graph.results);
}

TEST_CASE("Dead parameters are gone after the pipeline, and results keep their order") {
    const ir::Graph graph =
        parse_with_leaves("%a = select %p, %x, %x\n %r = neg %y\n return %r, %a, %r");
    const ir::Graph result = run_pipeline(graph, {});
    CHECK(canonical_text(result) ==
          canonical_text(parse_with_leaves("%r = neg %y\n return %r, %x, %r")));
    CHECK_THAT(ir::print(result), !Contains("bool"));
}

TEST_CASE("An observer sees every pass in order") {
    std::vector<std::string> names;
    std::vector<std::string> changing;
    run_pipeline(parse_with_leaves(program), {}, [&](const PassReport& report) {
        names.emplace_back(report.name);
        if (report.changed) {
            changing.emplace_back(report.name);
        }
        CHECK(report.microseconds >= 0);
        CHECK(report.graph.results.size() == 1);
    });
    std::vector<std::string> expected;
    for (const Pass& pass : default_passes()) {
        expected.emplace_back(pass.name);
    }
    CHECK(names == expected);
    CHECK(changing == std::vector<std::string>{"canonicalise", "simplify", "sink-views", "cse"});
}

TEST_CASE("Fuel stops rewriting after so many rewrites, at a valid graph") {
    const ir::Graph graph = parse_with_leaves(program);
    CHECK(run_pipeline(graph, {.fuel = 0, .verify = true}).results == graph.results);
    const std::string end = canonical_text(run_pipeline(graph, {}));
    std::string previous = canonical_text(graph);
    int steps = 0;
    while (previous != end) {
        previous = canonical_text(run_pipeline(graph, {.fuel = ++steps, .verify = true}));
        REQUIRE(steps < 100);
    }
    CHECK(steps > 2);
}

TEST_CASE("A context counts rewrites by rule") {
    PassContext context;
    simplify(parse_with_leaves("%a = neg %x\n %e = neg %a\n %f = neg %y\n %g = neg %f\n"
                               "%r = maximum %e, %g\n return %r"),
             context);
    CHECK(context.rewrites().at("cancel_repeated_unary") == 2);
}

TEST_CASE("Verification names a broken graph") {
    // A pass that gives a result of another type than the text says is caught by no later pass.
    const Pass breaking{"breaking", [](const ir::Graph& graph, PassContext&) {
                            const ir::Node& node = *graph.results[0].node;
                            ir::Graph broken;
                            broken.results.push_back({ir::Node::create({node.op(),
                                                                        node.attributes(),
                                                                        node.operands(),
                                                                        {DType::i32, {1}},
                                                                        node.location(),
                                                                        false})});
                            return broken;
                        }};
    const ir::Graph graph = parse_with_leaves("%r = neg %x\n return %r");
    CHECK_THROWS_AS(run_pipeline(graph, {.passes = std::span(&breaking, 1), .verify = true}),
                    InternalError);
    CHECK_NOTHROW(run_pipeline(graph, {.passes = std::span(&breaking, 1)}));
}

TEST_CASE("The environment sets fuel and printing") {
    CHECK(PipelineOptions::from_environment().fuel == unlimited_fuel);
    CHECK(PipelineOptions::from_environment().print == PrintIr::never);
    {
        const ScopedVariable fuel("LATENT_FUEL", "12");
        const ScopedVariable print("LATENT_PRINT_IR", "after-change");
        CHECK(PipelineOptions::from_environment().fuel == 12);
        CHECK(PipelineOptions::from_environment().print == PrintIr::after_change);
    }
    {
        const ScopedVariable print("LATENT_PRINT_IR", "after-all");
        CHECK(PipelineOptions::from_environment().print == PrintIr::after_all);
    }
    for (const char* wrong : {"", "-1", "many", "3x"}) {
        const ScopedVariable fuel("LATENT_FUEL", wrong);
        CHECK_THROWS_AS(PipelineOptions::from_environment(), ValueError);
    }
    const ScopedVariable print("LATENT_PRINT_IR", "always");
    CHECK_THROWS_AS(PipelineOptions::from_environment(), ValueError);
}

TEST_CASE("The gradient of a padded convolution pads by what the windows reach over the edge") {
    // Input [2,3,8] padded by 1, weights [4,3,3], stride 1: the transpose pads by 3 - 1 - 1.
    const std::string operands =
        "%g = parameter {index=10, dtype=f32, shape=[2,4,8]}\n"
        "%k = parameter {index=11, dtype=f32, shape=[4,3,3]}\n";
    const ir::Graph result = run_pipeline(
        parse_with_leaves(
            operands + "%a = contraction %g, %k {lhs=[0,1,2], rhs=[1,3,4], out=[0,3,2,4]}\n"
                       "%f = fold %a {axes=[2], size=[3], stride=[1], dilation=[1], extent=[10]}\n"
                       "%r = slice %f {start=[0,0,1], stop=[2,3,9], step=[1,1,1]}\n return %r"),
        {.verify = true});
    CHECK(canonical_text(result) ==
          canonical_text(parse_with_leaves(
              operands +
              "%z = constant {value=f32:0}\n"
              "%o = pad %g, %z {low=[0,0,1], high=[0,0,1], interior=[0,0,0]}\n"
              "%n = window %o {axes=[2], size=[3], stride=[1], dilation=[1]}\n"
              "%f = flip %k {axes=[2]}\n"
              "%r = contraction %n, %f {lhs=[0,1,2,3], rhs=[1,4,3], out=[0,4,2]}\n return %r")));
}

TEST_CASE("A chain of 120,000 ops passes the pipeline on a default stack") {
    const std::source_location here = std::source_location::current();
    const std::array<std::int64_t, 1> axis{0};
    ir::Value value = ir::parameter(0, {DType::f32, {8}}, here);
    for (int i = 0; i < 40'000; ++i) {
        value = ir::make(ir::Op::neg, {value}, here);
        value =
            ir::make(ir::Op::flip, ir::FlipAttributes{ir::Axes(axis)}, std::span(&value, 1), here);
        value = ir::make(ir::Op::add, {value, value}, here);
    }
    const ir::Graph result = run_pipeline({{value}}, {});
    for (const ir::Node* node : ir::topological_order(result.results)) {
        if (node->op() == ir::Op::flip) {
            FAIL("an even number of flips should cancel");
        }
    }
}
