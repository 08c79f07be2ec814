#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "ir/builder.h"
#include "ir/graph.h"
#include "ir/hash.h"
#include "ir/parse.h"
#include "ir/print.h"
#include "ir/verify.h"

using namespace latent;
using namespace latent::ir;

namespace {

const std::source_location nowhere{};

Value chain(std::size_t length) {
    Value value = parameter(0, {DType::f32, {4}}, nowhere);
    for (std::size_t i = 0; i < length; ++i) {
        value = make(Op::neg, {value}, nowhere);
    }
    return value;
}

}  // namespace

TEST_CASE("a chain of a million nodes is built, walked, printed, parsed and destroyed", "[ir]") {
    constexpr std::size_t length = 1'000'000;
    const std::int64_t alive_before = Node::alive();
    {
        const Graph graph{{chain(length)}};
        CHECK(Node::alive() == alive_before + static_cast<std::int64_t>(length) + 1);

        const std::vector<const Node*> order = topological_order(graph.results);
        REQUIRE(order.size() == length + 1);
        CHECK(order.front()->op() == Op::parameter);
        CHECK(order.back() == graph.results[0].node.get());
        verify(graph);

        const std::string text = print(graph);
        CHECK(text.substr(text.rfind("%1000000 =")) ==
              "%1000000 = neg %999999 : f32[4]\nreturn %1000000\n");
        const Graph read = parse(text);
        CHECK(structural_hash(read) == structural_hash(graph));
    }
    CHECK(Node::alive() == alive_before);
}

TEST_CASE("a ladder of 60 diamonds is 60 nodes of work", "[ir]") {
    const std::int64_t alive_before = Node::alive();
    {
        Value value = parameter(0, {DType::f32, {4}}, nowhere);
        for (int i = 0; i < 60; ++i) {
            value = make(Op::add, {value, value}, nowhere);
        }
        const Graph graph{{value}};
        CHECK(topological_order(graph.results).size() == 61);
        CHECK(canonical_order(graph.results).size() == 61);
        verify(graph);
        CHECK(structural_hash(parse(print(graph))) == structural_hash(graph));
    }
    CHECK(Node::alive() == alive_before);
}

TEST_CASE("nodes die with the last value that names them, operands in lists included", "[ir]") {
    const std::int64_t alive_before = Node::alive();
    {
        const Value x = parameter(0, {DType::f32, {4}}, nowhere);
        {
            const std::vector<Value> many(7, x);
            const Value joined = make(Op::concat, ConcatAttributes{0}, many, nowhere);
            CHECK(joined.operands().size() == 7);
            CHECK(joined.type().shape == Shape{28});
            CHECK(Node::alive() == alive_before + 2);
        }
        CHECK(Node::alive() == alive_before + 1);
    }
    CHECK(Node::alive() == alive_before);
}

TEST_CASE("a node counts its handles, which are references too", "[ir]") {
    const std::int64_t alive_before = Node::alive();
    Value x = parameter(0, {DType::f32, {4}}, nowhere);
    CHECK(x.node->handles() == 0);
    x.node->add_handle();
    const Node& node = *x.node;
    node.share_handle();
    CHECK(node.handles() == 2);
    CHECK(x.node.disown() == &node);
    CHECK_FALSE(x.node);
    node.release_handle();
    CHECK(node.handles() == 1);
    CHECK(Node::alive() == alive_before + 1);
    node.release_handle();
    CHECK(Node::alive() == alive_before);
}

TEST_CASE("references and handles from several threads are all counted", "[ir]") {
    const std::int64_t alive_before = Node::alive();
    {
        const Value x = parameter(0, {DType::f32, {4}}, nowhere);
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&x] {
                for (int round = 0; round < 10'000; ++round) {
                    const Value user = make(Op::neg, {x}, nowhere);
                    x.node->share_handle();
                    x.node->release_handle();
                }
            });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
        CHECK(x.node->handles() == 0);
        CHECK(Node::alive() == alive_before + 1);
    }
    CHECK(Node::alive() == alive_before);
}

TEST_CASE("a node that cannot be made leaves none behind", "[ir]") {
    const Value x = parameter(0, {DType::f32, {4}}, nowhere);
    const std::int64_t alive_before = Node::alive();
    CHECK_THROWS_AS(make(Op::reshape, ReshapeAttributes{{5}}, std::span(&x, 1), nowhere),
                    ShapeError);
    CHECK(Node::alive() == alive_before);
}

TEST_CASE("a walk may stop above nodes, which it still includes", "[ir]") {
    const Value middle = chain(3);
    const Value top = make(Op::exp, {middle}, nowhere);
    const auto order = topological_order(
        std::span(&top, 1), [&](const Node& node) { return &node == middle.node.get(); });
    REQUIRE(order.size() == 2);
    CHECK(order[0] == middle.node.get());
    CHECK(order[1] == top.node.get());
}

TEST_CASE("a rewrite shares what it does not change", "[ir]") {
    const Graph graph = parse(
        "%a = parameter {index=0, dtype=f32, shape=[4]}\n"
        "%b = exp %a\n"
        "%c = neg %b\n"
        "%d = neg %c\n"
        "%e = add %b, %d\n"
        "return %e, %b");
    const auto double_negation = [](const Node& node, std::span<const Value> operands) {
        const bool matches = node.op() == Op::neg && operands[0].op() == Op::neg;
        return matches ? operands[0].operands()[0] : Value{};
    };
    const Graph rewritten = rewrite(graph, double_negation);
    CHECK(print(rewritten) ==
          "%0 = parameter {index=0, dtype=f32, shape=[4]} : f32[4]\n"
          "%1 = exp %0 : f32[4]\n"
          "%2 = add %1, %1 : f32[4]\n"
          "return %2, %1\n");
    CHECK(rewritten.results[1] == graph.results[1]);
    CHECK(rewrite(rewritten, double_negation).results == rewritten.results);
}
