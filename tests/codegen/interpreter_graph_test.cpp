#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "codegen/reference/interpreter.h"
#include "ir/parse.h"
#include "tests/support/arrays.h"

using namespace latent;
using codegen::reference::allocate_from_heap;
using codegen::reference::evaluate;
using codegen::reference::interpret;
using test::AgreesWith;
using test::Array;
using test::array;

namespace {

const std::source_location nowhere{};

ir::Value buffer(const Array& data) {
    return ir::make_buffer(data.type(), data.storage(), false, nowhere);
}

ir::Value negated(const ir::Value& value) {
    return ir::make(ir::Op::neg, {value}, nowhere);
}

/// What was allocated, and how much of it was alive at once.
struct MemoryUse {
    std::vector<std::weak_ptr<ir::Storage>> given;
    std::size_t most_alive = 0;

    ir::StorageRef allocate(std::size_t bytes) {
        ir::StorageRef storage = allocate_from_heap(bytes);
        given.push_back(storage);
        const auto is_alive = [](const auto& memory) { return !memory.expired(); };
        most_alive =
            std::max(most_alive, static_cast<std::size_t>(std::ranges::count_if(given, is_alive)));
        return storage;
    }
};

}  // namespace

TEST_CASE("a graph with shared nodes and several results is computed", "[reference]") {
    const ir::Graph graph = ir::parse(
        "%x = parameter {index=1, dtype=f32, shape=[2,3]}\n"
        "%b = parameter {index=0, dtype=f32, shape=[3]}\n"
        "%bb = broadcast %b {shape=[2,3], axes=[1]}\n"
        "%y = add %x, %bb\n"
        "%z = mul %y, %y\n"
        "%s = reduce_sum %z {axes=[0,1]}\n"
        "return %s, %y, %x, %s");
    const std::vector<Array> parameters = {array<float>({3}, {1, 2, 3}),
                                           array<float>({2, 3}, {0, 0, 0, 1, 1, 1})};
    const std::vector<Array> results = interpret(graph, parameters);
    REQUIRE(results.size() == 4);
    CHECK_THAT(results[0], AgreesWith(array<float>({}, {43})));
    CHECK_THAT(results[1], AgreesWith(array<float>({2, 3}, {1, 2, 3, 2, 3, 4})));
    CHECK(results[2].storage() == parameters[1].storage());
    CHECK(results[3].storage() == results[0].storage());
    CHECK(interpret({}).empty());
}

TEST_CASE("floats are rounded to their dtype at each op", "[reference]") {
    const ir::Graph graph = ir::parse(
        "%a = parameter {index=0, dtype=f32, shape=[]}\n"
        "%b = parameter {index=1, dtype=f32, shape=[]}\n"
        "%c = add %a, %b\n"
        "%d = sub %c, %a\n"
        "return %d");
    const std::vector<Array> parameters = {array<float>({}, {1e8F}), array<float>({}, {1})};
    CHECK_THAT(interpret(graph, parameters)[0], AgreesWith(array<float>({}, {0})));
}

TEST_CASE("values that are ready are inputs, and nothing is settled", "[reference]") {
    const ir::Value x = buffer(array<float>({2}, {1, 2}));
    const ir::Value middle = negated(x);
    const ir::Value top = negated(middle);
    // What the slot holds counts, whatever would have been computed.
    middle.node->slot().settle(array<float>({2}, {7, 8}).storage());

    const std::vector<ir::Value> wanted = {top, x};
    const std::vector<ir::StorageRef> data = evaluate(wanted, allocate_from_heap);
    REQUIRE(data.size() == 2);
    CHECK_THAT(Array(top.type(), data[0]), AgreesWith(array<float>({2}, {-7, -8})));
    CHECK(data[1] == x.node->slot().storage());
    CHECK_FALSE(top.node->slot().ready());
}

TEST_CASE("memory of intermediates is given back after their last use", "[reference]") {
    ir::Value value = buffer(array<float>({2}, {1, 2}));
    const ir::Value early = negated(value);
    value = early;
    for (int i = 0; i < 100; ++i) {
        value = ir::make(ir::Op::add, {value, value}, nowhere);
        value = ir::make(
            ir::Op::mul,
            {value, ir::full(ir::Literal::one(DType::f32), value.type().shape.span(), nowhere)},
            nowhere);
    }
    const std::vector<ir::Value> wanted = {value, early};
    MemoryUse memory;
    evaluate(wanted, [&](std::size_t bytes) { return memory.allocate(bytes); });
    CHECK(memory.given.size() == 1 + 100 * 4);
    CHECK(memory.most_alive <= 5);
}

TEST_CASE("a chain of a million nodes is computed", "[reference]") {
    const ir::Value one = buffer(array<std::int32_t>({}, {1}));
    ir::Value value = one;
    for (int i = 0; i < 1'000'000; ++i) {
        value = ir::make(ir::Op::add, {value, one}, nowhere);
    }
    CHECK_THAT(interpret({{value}})[0], AgreesWith(array<std::int32_t>({}, {1'000'001})));
}

TEST_CASE("inputs that are missing or of another type are refused", "[reference]") {
    const ir::Graph graph = ir::parse("%a = parameter {index=1, dtype=f32, shape=[2]}\nreturn %a");
    const Array good = array<float>({2}, {1, 2});
    const std::vector<Array> one = {good};
    const std::vector<Array> wrong = {good, array<float>({3}, {1, 2, 3})};
    CHECK_THROWS_WITH(interpret(graph, one), "parameter 1 was not given, only 1 were");
    CHECK_THROWS_WITH(interpret(graph, wrong), "parameter 1 is f32[2], got f32[3]");
    CHECK_THROWS_WITH(evaluate(graph.results, allocate_from_heap), "parameter 1 has no data");
    const ir::Value no_data = ir::make_buffer({DType::f32, {2}}, nullptr, false, nowhere);
    CHECK_THROWS_WITH(interpret({{no_data}}), "a buffer f32[2] without data");
}

TEST_CASE("an allocator that fails leaves the graph usable", "[reference]") {
    const ir::Value top = negated(negated(buffer(array<float>({2}, {1, 2}))));
    int left = 1;
    const auto allocate = [&](std::size_t bytes) {
        if (left-- == 0) {
            throw OutOfMemory("no more");
        }
        return allocate_from_heap(bytes);
    };
    CHECK_THROWS_AS(evaluate(std::span(&top, 1), allocate), OutOfMemory);
    CHECK_THAT(interpret({{top}})[0], AgreesWith(array<float>({2}, {1, 2})));
}

TEST_CASE("an array knows its type and checks what is done with it", "[reference]") {
    const Array zeros(ir::Type{DType::i64, {2, 0}});
    CHECK(zeros.data<std::int64_t>().empty());
    CHECK_THAT(Array(ir::Type{DType::f64, {2}}), AgreesWith(array<double>({2}, {0, 0})));
    CHECK_THROWS_AS(zeros.data<float>(), TypeError);
    CHECK_THROWS_AS(array<float>({3}, {1, 2}), ValueError);
    CHECK_THROWS_AS(Array(ir::Type{DType::f64, {2}}, allocate_from_heap(15)), ValueError);
    CHECK_THROWS_AS(Array(ir::Type{DType::f64, {2}}, nullptr), ValueError);
}
