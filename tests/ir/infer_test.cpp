#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "ir/builder.h"
#include "ir/parse.h"

using namespace latent;
using namespace latent::ir;
using Catch::Contains;
using Catch::EndsWith;
using Catch::StartsWith;

namespace {

Value leaf(DType dtype, const Shape& shape) {
    return parameter(0, {dtype, shape}, std::source_location{});
}

const Value f32_23 = leaf(DType::f32, {2, 3});
const Value f32_3 = leaf(DType::f32, {3});
const Value f64_23 = leaf(DType::f64, {2, 3});
const Value i64_23 = leaf(DType::i64, {2, 3});
const Value i64_2 = leaf(DType::i64, {2});
const Value bool_23 = leaf(DType::boolean, {2, 3});
const Value f32_0 = leaf(DType::f32, {});
const Value f32_03 = leaf(DType::f32, {0, 3});

/// A call that is refused: with which error, and words that the message has.
struct Refusal {
    enum class Kind { shape, type, value } kind;
    Op op;
    Attributes attributes;
    std::vector<Value> operands;
    std::vector<std::string> words;
};

using Kind = Refusal::Kind;

const std::vector<Refusal>& refusals() {
    static const std::vector<Refusal> table = {
        {Kind::value, Op::add, {}, {f32_23}, {"takes 2 operands, got 1"}},
        {Kind::value, Op::concat, ConcatAttributes{0}, {}, {"takes one or more operands, got 0"}},
        {Kind::shape, Op::add, {}, {f32_23, f32_3}, {"[2,3]", "[3]"}},
        {Kind::type, Op::add, {}, {f32_23, f64_23}, {"f32", "f64"}},
        {Kind::type, Op::add, {}, {bool_23, bool_23}, {"takes a number, got bool"}},
        {Kind::type, Op::div, {}, {i64_23, i64_23}, {"floating", "i64"}},
        {Kind::type, Op::bitwise_and, {}, {f32_23, f32_23}, {"integer or bool", "f32"}},
        {Kind::type, Op::shift_left, {}, {bool_23, bool_23}, {"an integer", "bool"}},
        {Kind::type, Op::random_bits, {}, {f32_23, f32_23}, {"i64", "f32"}},
        {Kind::type, Op::neg, {}, {bool_23}, {"a number", "bool"}},
        {Kind::type, Op::exp, {}, {i64_23}, {"floating", "i64"}},
        {Kind::type, Op::bitwise_not, {}, {f32_23}, {"integer or bool", "f32"}},
        {Kind::shape, Op::equal, {}, {f32_23, f32_3}, {"[2,3]", "[3]"}},
        {Kind::type, Op::select, {}, {f32_23, f32_23, f32_23}, {"condition must be bool"}},
        {Kind::type, Op::select, {}, {bool_23, f32_23, f64_23}, {"f32", "f64"}},
        {Kind::shape, Op::select, {}, {bool_23, f32_23, f32_3}, {"[2,3]", "[3]"}},
        {Kind::shape,
         Op::parameter,
         ParameterAttributes{0, DType::f32, {-1}},
         {},
         {"[-1]", "negative"}},
        {Kind::shape,
         Op::parameter,
         ParameterAttributes{0, DType::f32, {1LL << 32, 1LL << 32}},
         {},
         {"2^63"}},
        {Kind::shape, Op::iota, IotaAttributes{DType::i64, -2}, {}, {"-2 is negative"}},
        {Kind::type, Op::iota, IotaAttributes{DType::boolean, 2}, {}, {"number dtype"}},
        {Kind::shape, Op::reduce_sum, ReduceAttributes{{2}}, {f32_23}, {"axis 2", "rank 2"}},
        {Kind::shape, Op::reduce_sum, ReduceAttributes{{0, 0}}, {f32_23}, {"named twice"}},
        {Kind::shape, Op::reduce_sum, ReduceAttributes{{1, 0}}, {f32_23}, {"increase"}},
        {Kind::type, Op::reduce_sum, ReduceAttributes{{0}}, {bool_23}, {"a number", "bool"}},
        {Kind::type,
         Op::reduce_argmax,
         ReduceAttributes{{0}},
         {f32_23, f32_23},
         {"integers", "f32"}},
        {Kind::shape, Op::reduce_argmin, ReduceAttributes{{0}}, {f32_23, i64_2}, {"[2,3]", "[2]"}},
        {Kind::shape, Op::reduce_max, ReduceAttributes{{0}}, {f32_03}, {"no elements", "[0,3]"}},
        {Kind::shape,
         Op::contraction,
         ContractionAttributes{{0, 1}, {1}, {0}},
         {f32_23, leaf(DType::f32, {4})},
         {"f32[2,3]", "f32[4]", "3 and 4"}},
        {Kind::type,
         Op::contraction,
         ContractionAttributes{{0, 1}, {0, 1}, {}},
         {f32_23, f64_23},
         {"f32", "f64"}},
        {Kind::shape,
         Op::contraction,
         ContractionAttributes{{0}, {0, 1}, {}},
         {f32_23, f32_23},
         {"labels [0]"}},
        {Kind::shape,
         Op::contraction,
         ContractionAttributes{{0, 0}, {0}, {}},
         {f32_23, f32_3},
         {"label 0 is repeated"}},
        {Kind::shape, Op::permute, PermuteAttributes{{0}}, {f32_23}, {"1 axes", "f32[2,3]"}},
        {Kind::shape, Op::permute, PermuteAttributes{{1, 1}}, {f32_23}, {"named twice"}},
        {Kind::shape, Op::reshape, ReshapeAttributes{{4}}, {f32_23}, {"6 elements", "[4]"}},
        {Kind::shape,
         Op::broadcast,
         BroadcastAttributes{{3, 2}, {1}},
         {f32_3},
         {"f32[3]", "[3,2]"}},
        {Kind::shape,
         Op::slice,
         SliceAttributes{{0, 0}, {2, 4}, {1, 1}},
         {f32_23},
         {"0:4:1", "axis 1", "f32[2,3]"}},
        {Kind::shape,
         Op::slice,
         SliceAttributes{{0, 0}, {2, 3}, {1, 0}},
         {f32_23},
         {"0:3:0", "axis 1"}},
        {Kind::shape, Op::flip, FlipAttributes{{-1}}, {f32_23}, {"axis -1"}},
        {Kind::shape, Op::argsort, ScanAttributes{2}, {f32_23}, {"axis 2"}},
        {Kind::shape, Op::linear_recurrence, ScanAttributes{0}, {f32_23, f32_3}, {"[2,3]", "[3]"}},
        {Kind::shape,
         Op::window,
         WindowAttributes{{1}, {4}, {1}, {1}},
         {f32_23},
         {"window of 4", "axis 1", "f32[2,3]"}},
        {Kind::type,
         Op::pad,
         PadAttributes{{0, 0}, {0, 0}, {0, 0}},
         {f32_23, f32_3},
         {"f32[]", "f32[3]"}},
        {Kind::shape,
         Op::pad,
         PadAttributes{{-3, 0}, {0, 0}, {0, 0}},
         {f32_23, f32_0},
         {"negative extent", "axis 0"}},
        {Kind::shape, Op::concat, ConcatAttributes{0}, {f32_23, f32_3}, {"[2,3]", "[3]"}},
        {Kind::type, Op::concat, ConcatAttributes{0}, {f32_23, f64_23}, {"f32", "f64"}},
        {Kind::shape,
         Op::interleave,
         ConcatAttributes{0},
         {f32_03, f32_23},
         {"2 elements", "1 of operand 0, not 0"}},
        {Kind::shape, Op::gather, GatherAttributes{2}, {f32_23, i64_2}, {"axis 2"}},
        {Kind::type, Op::gather, GatherAttributes{0}, {f32_23, f32_3}, {"integers"}},
        {Kind::shape, Op::gather, GatherAttributes{0}, {f32_03, i64_2}, {"axis 0", "empty"}},
        {Kind::shape,
         Op::fold,
         FoldAttributes{{0}, {3}, {1}, {1}, {9}},
         {f32_23},
         {"f32[2,3]", "9 elements"}},
        {Kind::shape,
         Op::scatter_add,
         ScatterAttributes{0},
         {f32_23, i64_2, f32_3},
         {"f32[3]", "[2,3]"}},
        {Kind::type,
         Op::scatter_add,
         ScatterAttributes{0},
         {f32_23, i64_2, f64_23},
         {"f32", "f64"}},
    };
    return table;
}

template <typename E>
std::string message_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const E& error) {
        return error.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("a refused call throws an error of its kind with op, shapes and the caller's line",
          "[ir]") {
    for (const Refusal& refusal : refusals()) {
        const auto here = std::source_location::current();
        const auto call = [&] { make(refusal.op, refusal.attributes, refusal.operands, here); };
        std::string message;
        switch (refusal.kind) {
            case Kind::shape:
                message = message_of<ShapeError>(call);
                break;
            case Kind::type:
                message = message_of<TypeError>(call);
                break;
            case Kind::value:
                message = message_of<ValueError>(call);
                break;
        }
        CAPTURE(name(refusal.op), refusal.words.front());
        for (const std::string& word : refusal.words) {
            CHECK_THAT(message, Contains(word));
        }
        if (refusal.words.front() != "2^63") {
            CHECK_THAT(message, StartsWith(std::string(name(refusal.op)) + ": "));
            CHECK_THAT(message, EndsWith(fmt::format(" (infer_test.cpp:{})", here.line())));
        }
    }
}

TEST_CASE("a location without a line adds nothing to the message", "[ir]") {
    const auto call = [] { make(Op::add, {f32_23, f32_3}, std::source_location{}); };
    CHECK(message_of<ShapeError>(call) == "add: shapes [2,3] and [3] differ");
}

TEST_CASE("a gradient is required where a floating operand requires one", "[ir]") {
    const std::source_location here = std::source_location::current();
    const Value weight = make_buffer({DType::f32, {2, 3}}, nullptr, true, here);
    const Value sum = make(Op::add, {f32_23, weight}, here);
    CHECK(sum.node->requires_grad());
    CHECK_FALSE(f32_23.node->requires_grad());
    CHECK_FALSE(make(Op::stop_gradient, {sum}, here).node->requires_grad());
    CHECK_FALSE(cast(sum, DType::i32, here).node->requires_grad());
    CHECK(cast(sum, DType::f64, here).node->requires_grad());
    CHECK_FALSE(make(Op::less, {sum, sum}, here).node->requires_grad());
}
