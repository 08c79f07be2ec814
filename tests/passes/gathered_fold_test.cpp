#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <random>

#include "codegen/reference/interpreter.h"
#include "rewrite_testing.h"

using namespace latent;
using namespace latent::passes;
using namespace latent::passes::testing;
using codegen::reference::Array;
using codegen::reference::interpret;
using ir::Op;

namespace {

bool has_fold(const ir::Graph& graph) {
    return std::ranges::any_of(ir::topological_order(graph.results),
                               [](const ir::Node* node) { return node->op() == Op::fold; });
}

/// Small whole numbers, whose sums are exact in any order, and many of which are equal; of the
/// third argument some are infinite.
std::vector<Array> arguments_of(const ir::Graph& graph, std::mt19937_64& random) {
    std::vector<Array> arguments;
    for (const ir::Node* node : ir::topological_order(graph.results)) {
        if (node->op() != Op::parameter) {
            continue;
        }
        const auto index =
            static_cast<std::size_t>(node->attributes_as<ir::ParameterAttributes>().index);
        if (arguments.size() <= index) {
            arguments.resize(index + 1, Array({DType::f32, {}}));
        }
        arguments[index] = Array(node->type());
        std::ranges::generate(arguments[index].mutable_data<float>(), [&] {
            const auto number = static_cast<float>(random() % 5) - 2;
            const bool is_infinite = index == 2 && random() % 8 == 0;
            return is_infinite ? std::numeric_limits<float>::infinity() : number;
        });
    }
    return arguments;
}

/// The gradient of a maximum, or of a sum where `sums`, over windows of an image with random sizes
/// and strides along two axes, padded and cut at random.
ir::Graph gradient_of_pooling(std::mt19937_64& random, bool sums) {
    const auto below = [&](std::int64_t bound) {
        return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(bound));
    };
    std::int64_t size[2];
    std::int64_t stride[2];
    std::int64_t count[2];
    std::int64_t low[2];
    std::int64_t high[2];
    std::int64_t image[2];
    std::int64_t padded[2];
    for (int i = 0; i < 2; ++i) {
        size[i] = 1 + below(4);
        stride[i] = 1 + below(3);
        count[i] = 2 + below(5);
        padded[i] = (count[i] - 1) * stride[i] + size[i] + below(stride[i]);
        low[i] = below(std::min<std::int64_t>(size[i], 3));
        high[i] = below(2);
        image[i] = padded[i] - low[i] - high[i];
        if (image[i] < 1) {
            image[i] = padded[i];
            low[i] = high[i] = 0;
        }
    }
    const std::string places = fmt::format("2,{},{}", count[0], count[1]);
    const std::string all = fmt::format("{},{},{}", places, size[0], size[1]);
    const std::string windows =
        fmt::format("{{axes=[1,2], size=[{},{}], stride=[{},{}], dilation=[1,1]", size[0], size[1],
                    stride[0], stride[1]);
    const std::string chosen = random() % 2 == 0 ? "%e = equal %w, %ms\n"
                                                   "%held = select %e, %gs, %zeros\n"
                                                 : "%e = not_equal %w, %ms\n"
                                                   "%held = select %e, %zeros, %gs\n";
    const std::string seen = fmt::format(
        "%x = parameter {{index=0, dtype=f32, shape=[2,{},{}]}}\n"
        "%least = constant {{value=f32:-inf}}\n"
        "%p = pad %x, %least {{low=[0,{},{}], high=[0,{},{}], interior=[0,0,0]}}\n"
        "%w = window %p {}}}\n"
        "%m = parameter {{index=1, dtype=f32, shape=[{}]}}\n"
        "%ms = broadcast %m {{shape=[{}], axes=[0,1,2]}}\n"
        "%zero = constant {{value=f32:0}}\n"
        "%zeros = broadcast %zero {{shape=[{}], axes=[]}}\n{}",
        image[0], image[1], low[0], low[1], high[0], high[1], windows, places, all, all, chosen);
    return ir::parse(
        fmt::format("%g = parameter {{index=2, dtype=f32, shape=[{}]}}\n"
                    "%gs = broadcast %g {{shape=[{}], axes=[0,1,2]}}\n{}"
                    "%f = fold {} {}, extent=[{},{}]}}\n"
                    "%r = slice %f {{start=[0,{},{}], stop=[2,{},{}], step=[1,1,1]}}\n"
                    "return %r\n",
                    places, all, sums ? "" : seen, sums ? "%gs" : "%held", windows, padded[0],
                    padded[1], low[0], low[1], low[0] + image[0], low[1] + image[1]));
}

}  // namespace

TEST_CASE("gradients of pooling are sums over the windows of an element, of any size and stride") {
    std::mt19937_64 random(3);
    for (int i = 0; i < 400; ++i) {
        const ir::Graph before = gradient_of_pooling(random, i % 2 == 0);
        const ir::Graph after = run(gather_folds, before);
        INFO(ir::print(before) << "became\n" << ir::print(after));
        REQUIRE_FALSE(has_fold(after));
        const std::vector<Array> arguments = arguments_of(before, random);
        const Array expected = interpret(before, arguments)[0];
        const Array actual = interpret(after, arguments)[0];
        REQUIRE(expected.type() == actual.type());
        REQUIRE(std::ranges::equal(expected.data<float>(), actual.data<float>()));
    }
}

TEST_CASE("places that lie in fewer windows sum fewer of what all windows hold") {
    const ir::Graph before = ir::parse(R"(
        %a = parameter {index=0, dtype=f32, shape=[]}
        %w = broadcast %a {shape=[2,3], axes=[]}
        %f = fold %w {axes=[0], size=[3], stride=[1], dilation=[1], extent=[4]}
        return %f)");
    const ir::Graph after = run(gather_folds, before);
    CHECK_FALSE(has_fold(after));
    std::mt19937_64 random(4);
    const std::vector<Array> arguments = arguments_of(before, random);
    CHECK(std::ranges::equal(interpret(before, arguments)[0].data<float>(),
                             interpret(after, arguments)[0].data<float>()));
}

TEST_CASE("a fold of values that differ within a window stays, and so does one with gaps") {
    check_unchanged(gather_folds, R"(
        %a = parameter {index=10, dtype=f32, shape=[3,2]}
        %f = fold %a {axes=[0], size=[2], stride=[2], dilation=[1], extent=[6]}
        return %f)");
    check_unchanged(gather_folds, R"(
        %a = parameter {index=10, dtype=f32, shape=[3]}
        %ws = broadcast %a {shape=[3,2], axes=[0]}
        %f = fold %ws {axes=[0], size=[2], stride=[1], dilation=[2], extent=[5]}
        return %f)");
}
