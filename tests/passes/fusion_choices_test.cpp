#include "passes/partition/fusion_choices.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string_view>

#include "ir/hash.h"
#include "ir/parse.h"
#include "passes/partition/partition.h"

using namespace latent;
using namespace latent::passes;

namespace {

/// The position of the one value that `op` computes.
std::uint32_t position_of(const ir::Graph& graph, ir::Op op) {
    const std::vector<ir::CanonicalNode> order = ir::canonical_order(graph.results);
    const auto found = std::ranges::find_if(
        order, [&](const ir::CanonicalNode& entry) { return entry.node->op() == op; });
    REQUIRE(found != order.end());
    return static_cast<std::uint32_t>(found - order.begin());
}

bool stores(const Partition& partition, ir::Op op) {
    return std::ranges::any_of(partition.steps, [&](const KernelStep& step) {
        return std::ranges::any_of(
            step.results, [&](const ResultBinding& result) { return result.value->op() == op; });
    });
}

constexpr std::string_view chain = R"(%x = parameter {index=0, dtype=f32, shape=[64,48]}
    %e = exp %x
    %s = sin %e
    %r = neg %s
    return %r
)";

/// A value that sums along both dimensions of an array need.
constexpr std::string_view shared = R"(%x = parameter {index=0, dtype=f32, shape=[256,256]}
    %y = parameter {index=1, dtype=f32, shape=[256,256]}
    %e = exp %x
    %v = mul %e, %y
    %r = reduce_sum %v {axes=[0]}
    %s = reduce_sum %v {axes=[1]}
    return %r, %s
)";

/// The scores and weights of attention, with the sums of two values by them.
constexpr std::string_view two_chains = R"(%q = parameter {index=0, dtype=f32, shape=[256,16]}
    %k = parameter {index=1, dtype=f32, shape=[256,16]}
    %v = parameter {index=2, dtype=f32, shape=[256,16]}
    %s = contraction %q, %k {lhs=[0,1], rhs=[2,1], out=[0,2]}
    %e = exp %s
    %a = contraction %e, %v {lhs=[0,1], rhs=[1,2], out=[0,2]}
    %b = contraction %e, %v {lhs=[0,1], rhs=[0,2], out=[1,2]}
    return %a, %b
)";

}  // namespace

TEST_CASE("a value that is stored by choice begins a kernel of its own") {
    const ir::Graph graph = ir::parse(chain);
    CHECK(partition(graph).steps.size() == 1);
    const Partition cut = partition(graph, {}, {.stored = {position_of(graph, ir::Op::sin)}});
    CHECK(cut.steps.size() == 2);
    CHECK(stores(cut, ir::Op::sin));
    REQUIRE(cut.cuts.size() == 1);
    CHECK(cut.cuts[0].value->op() == ir::Op::sin);
}

TEST_CASE("a value that is computed again by choice is not stored, whatever it costs") {
    const ir::Graph graph = ir::parse(shared);
    CHECK(stores(partition(graph), ir::Op::mul));
    const Partition cut =
        partition(graph, {}, {.computed_again = {position_of(graph, ir::Op::mul)}});
    CHECK_FALSE(stores(cut, ir::Op::mul));
    CHECK(cut.steps.size() == 2);
}

TEST_CASE("rows of several row chains are computed again by choice") {
    const ir::Graph graph = ir::parse(two_chains);
    const auto kinds = [](const Partition& cut) {
        return std::ranges::count_if(cut.steps, [](const KernelStep& step) {
            return step.classification.kind == ir::Template::row_chain;
        });
    };
    CHECK(kinds(partition(graph)) == 0);
    const std::uint32_t exponential = position_of(graph, ir::Op::exp);
    const Partition cut = partition(graph, {}, {.computed_again = {exponential - 1, exponential}});
    CHECK(kinds(cut) == 2);
    CHECK_FALSE(stores(cut, ir::Op::exp));
}

TEST_CASE("choices of what could not be otherwise have no effect") {
    const ir::Graph graph = ir::parse(chain);
    const std::size_t nodes = ir::canonical_order(graph.results).size();
    for (std::uint32_t position = 0; position < nodes + 2; ++position) {
        CHECK(partition(graph, {}, {.computed_again = {position}}).steps.size() == 1);
    }
    const std::uint32_t leaf = position_of(graph, ir::Op::parameter);
    const std::uint32_t result = position_of(graph, ir::Op::neg);
    CHECK(partition(graph, {}, {.stored = {leaf, result, 1000}}).steps.size() == 1);
}

TEST_CASE("a step knows in which loops each of its stages walks what it reduces") {
    const ir::Graph graph = ir::parse(R"(%x = parameter {index=0, dtype=f32, shape=[4,5,6,7]}
        %p = permute %x {permutation=[0,1,3,2]}
        %r = reduce_sum %p {axes=[1,2,3]}
        return %r
    )");
    const Partition cut = partition(graph);
    REQUIRE(cut.steps.size() == 1);
    const KernelStep& step = cut.steps[0];
    REQUIRE(step.origins.size() == step.region.stages.size());
    const auto reduction =
        std::ranges::find(step.region.stages, ir::StageKind::reduce, &ir::Stage::kind);
    REQUIRE(reduction != step.region.stages.end());
    const StageOrigin& origin =
        step.origins[static_cast<std::size_t>(reduction - step.region.stages.begin())];
    CHECK(origin.node->op() == ir::Op::reduce_sum);
    // All lie one behind the other in memory, where the third of the node's dimensions is second.
    const int atom = reduction->atoms.back();
    CHECK(origin.terms == std::vector<TermLoop>{{atom, 0, 1, 5}, {atom, 2, 1, 6}, {atom, 1, 1, 7}});
    for (std::size_t i = 0; i < step.region.stages.size(); ++i) {
        const bool is_load = step.region.stages[i].kind == ir::StageKind::load;
        CHECK((step.origins[i].node == nullptr) == is_load);
    }
}
