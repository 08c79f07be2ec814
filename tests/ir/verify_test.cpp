#include "ir/verify.h"

#include <catch2/catch.hpp>
#include <vector>

#include "ir/parse.h"

using namespace latent;
using namespace latent::ir;
using Catch::Contains;

namespace {

Value parameter_of(const Type& type) {
    return parameter(0, type, std::source_location{});
}

/// A node as no builder would make it.
Value unchecked(Op op, const Attributes& attributes, const std::vector<Value>& operands,
                const Type& type, bool requires_grad = false) {
    return {Node::create({op, attributes, operands, type, std::source_location{}, requires_grad})};
}

std::string complaint(const Graph& graph) {
    try {
        verify(graph);
    } catch (const InternalError& error) {
        return error.what();
    }
    return "verified";
}

const Type f32_4{DType::f32, {4}};

class Bytes final : public Storage {
  public:
    explicit Bytes(std::size_t size) : bytes_(size) {}
    std::byte* data() const noexcept override { return const_cast<std::byte*>(bytes_.data()); }
    std::size_t size() const noexcept override { return bytes_.size(); }

  private:
    std::vector<std::byte> bytes_;
};

}  // namespace

TEST_CASE("a graph from the builders verifies", "[ir]") {
    const Graph graph = parse(
        "%x = parameter {index=0, dtype=f32, shape=[2,3]}\n"
        "%y = reduce_sum %x {axes=[1]}\n"
        "return %y, %x");
    CHECK(complaint(graph) == "verified");
    CHECK(complaint({}) == "verified");
}

TEST_CASE("the verifier names the node whose type is not the inferred one", "[ir]") {
    const Value x = parameter_of(f32_4);
    const Value wrong = unchecked(Op::neg, {}, {x}, {DType::f32, {5}});
    CHECK(complaint({{wrong}}) == "the type should be f32[4], in: %1 = neg %0 : f32[5]");
}

TEST_CASE("the verifier refuses attributes that break the rules of their op", "[ir]") {
    const Value x = parameter_of(f32_4);
    const auto of = [&](Op op, const Attributes& attributes) {
        return complaint({{unchecked(op, attributes, {x}, f32_4)}});
    };
    CHECK_THAT(of(Op::reduce_sum, ReduceAttributes{{1}}), Contains("axis 1 is out of range"));
    CHECK_THAT(of(Op::reduce_sum, ReduceAttributes{{0, 0}}), Contains("named twice"));
    CHECK_THAT(of(Op::reduce_sum, FlipAttributes{{0}}), Contains("attributes of another op"));
    CHECK_THAT(of(Op::neg, ReduceAttributes{{0}}), Contains("attributes of another op"));
    CHECK_THAT(of(Op::add, NoAttributes{}), Contains("takes 2 operands, got 1"));

    const ContractionAttributes lone_label{{0}, {1}, {0}};
    const Value outer = unchecked(Op::contraction, lone_label, {x, x}, f32_4);
    CHECK_THAT(complaint({{outer}}), Contains("label 1 occurs in one place only"));
}

TEST_CASE("the verifier refuses empty values", "[ir]") {
    CHECK_THAT(complaint({{Value{}}}), Contains("an empty result"));
    const Value user = unchecked(Op::neg, {}, {Value{}}, f32_4);
    CHECK_THAT(complaint({{user}}), Contains("an empty operand of neg"));
}

TEST_CASE("the verifier refuses results that do not exist", "[ir]") {
    Value second = parameter_of(f32_4);
    second.result = 1;
    const Value user = unchecked(Op::neg, {}, {second}, f32_4);
    CHECK_THAT(complaint({{user}}), Contains("result 1 of a node with one result"));
    CHECK_THAT(complaint({{second}}), Contains("result 1 of a node with one result"));
}

TEST_CASE("the verifier checks which nodes require a gradient", "[ir]") {
    const Value leaf = make_buffer(f32_4, nullptr, true, std::source_location{});
    const auto user = [&](Op op, bool requires_grad) {
        return complaint({{unchecked(op, {}, {leaf}, f32_4, requires_grad)}});
    };
    CHECK(user(Op::neg, true) == "verified");
    CHECK_THAT(user(Op::neg, false), Contains("should require a gradient"));
    CHECK(user(Op::stop_gradient, false) == "verified");
    CHECK_THAT(user(Op::stop_gradient, true), Contains("should not require a gradient"));
}

TEST_CASE("the verifier wants one type for all parameters of an index", "[ir]") {
    const Value x = parameter_of(f32_4);
    CHECK(complaint({{x, parameter_of(f32_4)}}) == "verified");
    CHECK_THAT(complaint({{x, parameter_of({DType::f64, {4}})}}), Contains("has two types"));
    const Value negative = parameter(-1, f32_4, std::source_location{});
    CHECK_THAT(complaint({{negative}}), Contains("negative index"));
}

TEST_CASE("the verifier refuses data that is too short for its type", "[ir]") {
    const auto with_data = [](std::size_t bytes) {
        return complaint(
            {{make_buffer(f32_4, std::make_shared<Bytes>(bytes), false, std::source_location{})}});
    };
    CHECK(with_data(16) == "verified");
    CHECK_THAT(with_data(12), Contains("12 bytes where the type needs 16"));
}
