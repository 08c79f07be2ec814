#include "ir/hash.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "ir/parse.h"

using namespace latent;
using namespace latent::ir;

namespace {

const std::string a = "%a = parameter {index=0, dtype=f32, shape=[4]}\n";
const std::string b = "%b = parameter {index=1, dtype=f32, shape=[4]}\n";

Hash128 hash_of(const std::string& text) {
    return structural_hash(parse(text));
}

Value buffer(const Type& type) {
    return make_buffer(type, nullptr, false, std::source_location::current());
}

}  // namespace

TEST_CASE("graphs of equal structure have one hash, in whatever order they were built", "[ir]") {
    const Hash128 hash = hash_of(a + b + "%c = neg %a\n%d = exp %b\n%e = add %c, %d\nreturn %e");
    CHECK(hash == hash_of(a + b + "%c = neg %a\n%d = exp %b\n%e = add %c, %d\nreturn %e"));
    CHECK(hash == hash_of(b + "%d = exp %b\n" + a + "%c = neg %a\n%e = add %c, %d\nreturn %e"));
    CHECK(std::hash<Hash128>{}(hash) == hash.lo);
}

TEST_CASE("graphs that differ in structure differ in hash", "[ir]") {
    const std::vector<std::string> texts = {
        a + b + "%c = add %a, %b\nreturn %c",
        a + b + "%c = add %b, %a\nreturn %c",
        a + "%c = add %a, %a\nreturn %c",
        a + "%c = sub %a, %a\nreturn %c",
        a + "%c = neg %a\n%d = neg %a\n%e = add %c, %d\nreturn %e",
        a + "%c = neg %a\n%e = add %c, %c\nreturn %e",
        a + "%c = neg %a\n%e = add %c, %c\nreturn %e, %c",
        a + "%c = neg %a\n%e = add %c, %c\nreturn %c, %e",
        a + "%c = reshape %a {shape=[2,2]}\nreturn %c",
        a + "%c = reshape %a {shape=[4,1]}\nreturn %c",
        "%a = parameter {index=0, dtype=f64, shape=[4]}\n%c = add %a, %a\nreturn %c",
        "%a = parameter {index=0, dtype=f32, shape=[5]}\n%c = add %a, %a\nreturn %c",
        "%c = constant {value=f32:1}\nreturn %c",
        "%c = constant {value=f32:2}\nreturn %c",
        "%c = scalar {value=f32:2}\nreturn %c",
        "%c = scalar {value=f64:2}\nreturn %c",
        "return",
        a + "return %a",
        a + "return %a, %a",
    };
    std::set<Hash128> hashes;
    for (const std::string& text : texts) {
        CAPTURE(text);
        CHECK(hashes.insert(hash_of(text)).second);
    }
}

TEST_CASE("the value of a scalar is no part of the hash", "[ir]") {
    CHECK(hash_of("%c = scalar {value=f32:2}\nreturn %c") ==
          hash_of("%c = scalar {value=f32:3}\nreturn %c"));
}

TEST_CASE("a value below which the walk stops counts as a buffer of its type", "[ir]") {
    const std::source_location here = std::source_location::current();
    const Type type{DType::f32, {4}};
    const Value data = buffer(type);
    const Value computed = make(Op::exp, {buffer(type)}, here);
    const auto user = [&](const Value& operand) { return Graph{{make(Op::neg, {operand}, here)}}; };
    const auto hash_above = [&](const Value& value) {
        StructuralHasher hasher;
        std::vector<const Node*> order;
        walk_canonically(
            user(value).results, [&](const Node& node) { return &node == value.node.get(); },
            [&](const Node& node, bool is_input, std::span<const std::uint32_t> operands) {
                CHECK(is_input == (&node == value.node.get()));
                order.push_back(&node);
                hasher.add(node, is_input, operands);
            });
        CHECK(order.size() == 2);
        CHECK(order[0] == value.node.get());
        return hasher.result();
    };
    CHECK(hash_above(computed) == hash_above(data));
    CHECK(structural_hash(user(computed)) != structural_hash(user(data)));
}

TEST_CASE("two buffers are told apart from one that is used twice", "[ir]") {
    const std::source_location here = std::source_location::current();
    const Type type{DType::f32, {4}};
    const Value x = buffer(type);
    CHECK(structural_hash(Graph{{make(Op::add, {x, x}, here)}}) !=
          structural_hash(Graph{{make(Op::add, {x, buffer(type)}, here)}}));
}
