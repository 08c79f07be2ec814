#include <algorithm>
#include <set>
#include <string>

#include "frontend/execution/fusion_choice.h"
#include "tests/support/fusions.h"
#include "tests/support/kernels.h"

using namespace latent;
using namespace latent::test;

namespace {

struct Example {
    const char* what;
    const char* text;
    /// The fewest other partitions that its space must have beside the default.
    std::size_t least_partitions;
};

constexpr Example examples[] = {
    {"a chain of functions",
     R"(%x = parameter {index=0, dtype=f32, shape=[37,101]}
        %e = exp %x
        %s = sin %e
        %t = tanh %s
        %r = mul %t, %e
        return %r
     )",
     3},
    {"a softmax",
     R"(%x = parameter {index=0, dtype=f32, shape=[37,101]}
        %m = reduce_max %x {axes=[1]}
        %n = broadcast %m {shape=[37,101], axes=[0]}
        %d = sub %x, %n
        %e = exp %d
        %s = reduce_sum %e {axes=[1]}
        %u = broadcast %s {shape=[37,101], axes=[0]}
        %r = div %e, %u
        return %r
     )",
     4},
    {"a product with what follows it, summed along rows and across them",
     R"(%a = parameter {index=0, dtype=f32, shape=[45,70]}
        %b = parameter {index=1, dtype=f32, shape=[70,83]}
        %p = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
        %t = tanh %p
        %q = mul %t, %t
        %r = reduce_sum %q {axes=[0]}
        %s = reduce_sum %q {axes=[1]}
        return %r, %s, %t
     )",
     2},
    {"what is stored because a cache holds it",
     R"(%x = parameter {index=0, dtype=f32, shape=[150,160]}
        %y = parameter {index=1, dtype=f32, shape=[150,160]}
        %e = exp %x
        %v = mul %e, %y
        %t = permute %v {permutation=[1,0]}
        %r = neg %v
        %c = cumulative_sum %t {axis=0, reverse=false}
        %s = reduce_sum %v {axes=[0]}
        return %r, %s, %c
     )",
     2},
    {"sums whose outermost dimension has one element",
     R"(%x = parameter {index=0, dtype=f32, shape=[1,2001,64]}
        %s = slice %x {start=[0,1,0], stop=[1,2001,64], step=[1,1,1]}
        %e = exp %s
        %r = reduce_sum %e {axes=[0,1]}
        return %r
     )",
     0},
    {"sums over windows of two kinds of padding",
     R"(%x = parameter {index=0, dtype=f32, shape=[20,70]}
        %y = parameter {index=1, dtype=f32, shape=[39,139]}
        %g = parameter {index=2, dtype=f32, shape=[39,139]}
        %z = constant {value=f32:0}
        %p = pad %x, %z {low=[1,1], high=[1,1], interior=[1,1]}
        %q = pad %y, %z {low=[1,1], high=[1,1], interior=[0,0]}
        %v = window %p {axes=[0,1], size=[3,3], stride=[1,1], dilation=[1,1]}
        %w = window %q {axes=[0,1], size=[3,3], stride=[1,1], dilation=[1,1]}
        %b = broadcast %g {shape=[39,139,3,3], axes=[0,1]}
        %m = mul %v, %b
        %n = mul %w, %b
        %t = add %m, %n
        %r = reduce_sum %t {axes=[0,1]}
        return %r
     )",
     0},
    {"a convolution with a bias, and its squares",
     R"(%x = parameter {index=0, dtype=f32, shape=[2,8,14,14]}
        %k = parameter {index=1, dtype=f32, shape=[16,8,3,3]}
        %z = constant {value=f32:0}
        %p = pad %x, %z {low=[0,0,1,1], high=[0,0,1,1], interior=[0,0,0,0]}
        %w = window %p {axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}
        %c = contraction %w, %k {lhs=[0,1,2,3,4,5], rhs=[6,1,4,5], out=[0,6,2,3]}
        %t = tanh %c
        %r = reduce_sum %t {axes=[0,2,3]}
        return %r, %t
     )",
     1},
    {"causal attention",
     R"(%q = parameter {index=0, dtype=f32, shape=[70,16]}
        %k = parameter {index=1, dtype=f32, shape=[70,16]}
        %v = parameter {index=2, dtype=f32, shape=[70,16]}
        %s = contraction %q, %k {lhs=[0,1], rhs=[2,1], out=[0,2]}
        %c = iota {dtype=i32, extent=70}
        %i = broadcast %c {shape=[70,70], axes=[0]}
        %j = broadcast %c {shape=[70,70], axes=[1]}
        %h = less %i, %j
        %n = constant {value=f32:-inf}
        %f = broadcast %n {shape=[70,70], axes=[]}
        %z = select %h, %f, %s
        %m = reduce_max %z {axes=[1]}
        %w = broadcast %m {shape=[70,70], axes=[0]}
        %d = sub %z, %w
        %e = exp %d
        %t = reduce_sum %e {axes=[1]}
        %u = broadcast %t {shape=[70,70], axes=[0]}
        %p = div %e, %u
        %r = contraction %p, %v {lhs=[0,1], rhs=[1,2], out=[0,2]}
        return %r
     )",
     0},
};

}  // namespace

TEST_CASE("no fusion that tuning may choose changes a bit", "[kernels]") {
    for (const Example& example : examples) {
        INFO(example.what);
        const ir::Graph graph = ir::parse(example.text);
        const std::vector<Array> inputs = fill_parameters(graph);
        const detail::Planned planned = plan_kernels(graph);
        const std::vector<Array> expected = run_kernels(planned, inputs);
        std::set<std::vector<std::string>> partitions{planned.plan.requests};
        for (std::uint64_t seed = 0; seed < 12; ++seed) {
            const detail::Planned other =
                plan_kernels(graph, true, detail::default_schedule_of,
                             random_fusion(seed, 1 + static_cast<int>(seed % 3)));
            INFO(detail::fusion_text(other.fusion));
            partitions.insert(other.plan.requests);
            const std::vector<Array> results = run_kernels(other, inputs);
            for (std::size_t i = 0; i < results.size(); ++i) {
                CHECK(same_bits(results[i], expected[i]));
            }
        }
        CHECK(partitions.size() > example.least_partitions);
    }
}
