#include "frontend/execution/fusion_choice.h"

#include <algorithm>
#include <string>

#include "codegen/runtime/machine.h"
#include "frontend/execution/evaluation.h"
#include "frontend/execution/fusion_space.h"
#include "frontend/execution/fusion_tuner.h"
#include "ir/parse.h"
#include "tests/codegen/runtime_fixtures.h"
#include "tests/frontend/support.h"

using namespace latent;
using codegen::runtime::Context;
using codegen::runtime::TemporaryFolder;

namespace {

Context::Options options_with(const TemporaryFolder& folder) {
    Context::Options options;
    options.num_threads = 1;
    options.kernels.disk.folder = folder.path();
    return options;
}

/// A chain of functions of `rows` rows, and the sums of its rows.
ir::Graph chain(int rows) {
    const std::string shape = "[" + std::to_string(rows) + ",96]";
    return ir::parse("%x = parameter {index=0, dtype=f32, shape=" + shape + R"(}
        %e = exp %x
        %s = sin %e
        %t = tanh %s
        %r = reduce_sum %t {axes=[1]}
        return %t, %r
    )");
}

/// Positions of `chain`: %x, %e, %s, %t, %r.
const passes::FusionChoices sines_stored{.stored = {2}};

/// Sums of rows, of a product of values that are contiguous along other dimensions.
ir::Graph sums_of_transposed() {
    return ir::parse(R"(%x = parameter {index=0, dtype=f32, shape=[64,512]}
        %p = permute %x {permutation=[1,0]}
        %e = exp %p
        %r = reduce_sum %e {axes=[1]}
        return %r
    )");
}

}  // namespace

TEST_CASE("choices of fusion are kept for a structure, size classes, machine and threads",
          "[tuning]") {
    const TemporaryFolder folder;
    Context context(options_with(folder));
    const ir::Machine& machine = codegen::runtime::this_machine();
    const ir::Graph graph = chain(64);
    CHECK(detail::fusion_for(graph, machine, context).empty());
    context.tuned_schedules().keep(detail::fusion_key(graph, machine, 1),
                                   detail::fusion_text(sines_stored));
    CHECK(detail::fusion_for(graph, machine, context) == sines_stored);
    CHECK(detail::fusion_for(chain(63), machine, context) == sines_stored);
    CHECK(detail::fusion_for(chain(128), machine, context).empty());
    CHECK(detail::fusion_for(sums_of_transposed(), machine, context).empty());
    ir::Machine other = machine;
    other.l2_bytes *= 2;
    CHECK(detail::fusion_for(graph, other, context).empty());

    Context later(options_with(folder));
    CHECK(detail::fusion_for(graph, machine, later) == sines_stored);
    later.threads().set_num_threads(2);
    CHECK(detail::fusion_for(graph, machine, later).empty());
}

TEST_CASE("what is kept but is no choice of fusion is not used", "[tuning]") {
    const TemporaryFolder folder;
    Context context(options_with(folder));
    const ir::Machine& machine = codegen::runtime::this_machine();
    const ir::Graph graph = chain(64);
    const std::string key = detail::fusion_key(graph, machine, 1);
    for (const char* text :
         {"", "nonsense", "fusion stored", "fusion stored 2", "fusion stored 2 computed_again x",
          "fusion stored 3 2 computed_again", "fusion stored -2 computed_again",
          "fusion stored 99999999999999999999 computed_again"}) {
        INFO(text);
        context.tuned_schedules().keep(key, text, true);
        CHECK(detail::fusion_for(graph, machine, context).empty());
    }
    // Of places that are not in the graph nothing comes.
    context.tuned_schedules().keep(key, "fusion stored 0 77 computed_again 4 78", true);
    const passes::FusionChoices without_effect = detail::fusion_for(graph, machine, context);
    CHECK(passes::partition(graph, {}, without_effect).steps.size() ==
          passes::partition(graph).steps.size());
}

TEST_CASE("graphs that differ in axes or results have keys of their own", "[tuning]") {
    const auto key = [](const char* axis, const char* results) {
        return detail::fusion_key(
            ir::parse(std::string("%x = parameter {index=0, dtype=f32, shape=[64,64]}\n"
                                  "%e = exp %x\n%r = reduce_sum %e {axes=[") +
                      axis + "]}\nreturn " + results + "\n"),
            codegen::runtime::this_machine(), 1);
    };
    CHECK(key("0", "%r") == key("0", "%r"));
    CHECK(key("0", "%r") != key("1", "%r"));
    CHECK(key("0", "%r") != key("0", "%r, %e"));
}

TEST_CASE("the text of choices is read back", "[tuning]") {
    for (const passes::FusionChoices& choices :
         {passes::FusionChoices{}, sines_stored, passes::FusionChoices{{1, 5, 700}, {2, 9}},
          passes::FusionChoices{{}, {0}}}) {
        CHECK(detail::parse_fusion(detail::fusion_text(choices)) == choices);
    }
}

TEST_CASE("choices that change the order of a sum are not in the space", "[tuning]") {
    const ir::Machine& machine = codegen::runtime::this_machine();
    const ir::Graph graph = sums_of_transposed();
    const detail::FusionSpace space(graph, machine);
    CHECK(space.partition({}));
    // What is stored lies along the rows, what it is computed from across them.
    CHECK_FALSE(space.partition({.stored = {2}}));
    CHECK(detail::FusionSpace(chain(64), machine).partition(sines_stored));
}

TEST_CASE("choices of what is not summed from floats are all in the space", "[tuning]") {
    const ir::Machine& machine = codegen::runtime::this_machine();
    const ir::Graph graph = ir::parse(R"(%x = parameter {index=0, dtype=f32, shape=[64,512]}
        %p = permute %x {permutation=[1,0]}
        %e = exp %p
        %r = reduce_max %e {axes=[1]}
        return %r
    )");
    const detail::FusionSpace space(graph, machine);
    const auto cut = space.partition({.stored = {2}});
    REQUIRE(cut);
    CHECK(cut->steps.size() == 2);
}

TEST_CASE("a search of what is fused tries what a kernel computes and what it reads", "[tuning]") {
    const ir::Graph graph = ir::parse(R"(%x = parameter {index=0, dtype=f32, shape=[64,96]}
        %e = exp %x
        %s = sin %e
        %t = tanh %s
        return %t
    )");
    const detail::FusionSpace space(graph, codegen::runtime::this_machine());
    const auto whole = space.partition({});
    REQUIRE(whole->steps.size() == 1);
    const std::vector<passes::FusionChoices> neighbours = space.neighbours({}, *whole, 0);
    CHECK(std::ranges::find(neighbours, sines_stored) != neighbours.end());
    for (const passes::FusionChoices& choices : neighbours) {
        // Results are stored whatever is chosen.
        CHECK(choices.stored.size() == 1);
        CHECK(choices.stored[0] < 3);
        CHECK(choices.computed_again.empty());
    }
    const auto cut = space.partition(sines_stored);
    REQUIRE(cut->steps.size() == 2);
    bool undoes = false;
    for (std::size_t step = 0; step < 2; ++step) {
        for (const passes::FusionChoices& choices : space.neighbours(sines_stored, *cut, step)) {
            undoes = undoes || choices.empty();
        }
    }
    CHECK(undoes);
}

TEST_CASE("explain says that a fusion was tuned", "[tuning]") {
    const Tensor x = normal(Key(3), {72, 40}).eval();
    const auto function = [&x] { return tanh(sin(exp(x))); };
    const std::string before = explain(function());
    CHECK(before.find("fusion tuned") == std::string::npos);
    CHECK(before.find("in 1 launches") != std::string::npos);
    Context& context = codegen::runtime::context();
    const ir::Graph graph = ir::parse(R"(%x = parameter {index=0, dtype=f32, shape=[72,40]}
        %e = exp %x
        %s = sin %e
        %t = tanh %s
        return %t
    )");
    const std::string key = detail::fusion_key(graph, codegen::runtime::this_machine(),
                                               context.threads().num_threads());
    context.tuned_schedules().keep(key, detail::fusion_text(sines_stored), true);
    const std::string after = explain(function());
    CHECK(after.find("fusion tuned by measurement") != std::string::npos);
    CHECK(after.find("in 2 launches") != std::string::npos);
    context.tuned_schedules().keep(key, detail::fusion_text({}), true);
    CHECK(explain(function()).find("fusion tuned") == std::string::npos);
}
