#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "ir/parse.h"
#include "passes/partition/partition.h"

using namespace latent;

namespace {

/// Whether a value that sums along both dimensions of an array need is stored, not computed again.
bool is_stored(const std::string& value, int extent) {
    const std::string text = fmt::format(R"(%x = parameter {{index=0, dtype=f32, shape=[{0},{0}]}}
        %y = parameter {{index=1, dtype=f32, shape=[{0},{0}]}}
        %z = parameter {{index=2, dtype=f32, shape=[{0}]}}
        %b = broadcast %z {{shape=[{0},{0}], axes=[1]}}
        %e = exp %x
        {1}
        %r = reduce_sum %v {{axes=[0]}}
        %s = reduce_sum %v {{axes=[1]}}
        return %r, %s)",
                                         extent, value);
    const ir::Graph graph = ir::parse(text);
    const passes::Partition partition = passes::partition(graph);
    return std::ranges::any_of(partition.cuts, [](const passes::Cut& cut) {
        return cut.reason.starts_with("several kernels need it");
    });
}

}  // namespace

TEST_CASE("what several kernels need of several arrays is stored where a cache holds it") {
    CHECK(is_stored("%v = mul %e, %y", 256));
    CHECK(is_stored("%v = mul %e, %y", 1024));
    CHECK(!is_stored("%v = mul %x, %y", 256));  // it takes no time
    CHECK(!is_stored("%v = mul %e, %b", 256));
    CHECK(!is_stored("%v = mul %e, %x", 256));
}

TEST_CASE("what is too small to be worth a launch, or comes from memory, is computed again") {
    CHECK(!is_stored("%v = mul %e, %y", 32));
    CHECK(!is_stored("%v = mul %e, %y", 2048));
}

TEST_CASE("what many kernels need one after the other is stored, though for two it is not") {
    const auto stores_exponential = [](int kernels, int extent) {
        std::string text = fmt::format(R"(%x = parameter {{index=0, dtype=f32, shape=[{0},{0}]}}
            %u0 = parameter {{index=1, dtype=f32, shape=[{0}]}}
            %e = exp %x
            )",
                                       extent);
        for (int i = 1; i <= kernels; ++i) {
            text += fmt::format(R"(%b{0} = broadcast %u{1} {{shape=[{3},{3}], axes=[{2}]}}
                %m{0} = mul %e, %b{0}
                %u{0} = reduce_sum %m{0} {{axes=[{2}]}}
                )",
                                i, i - 1, i % 2, extent);
        }
        const ir::Graph graph = ir::parse(text + fmt::format("return %u{}", kernels));
        return std::ranges::any_of(passes::partition(graph).cuts, [](const passes::Cut& cut) {
            return cut.value->op() == ir::Op::exp;
        });
    };
    CHECK(!stores_exponential(2, 512));
    CHECK(stores_exponential(10, 512));
    CHECK(!stores_exponential(10, 16));  // a launch takes longer
}
