#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "ir/parse.h"
#include "ir/print.h"
#include "ir/verify.h"

using namespace latent;
using namespace latent::ir;
using Catch::Contains;

namespace {

/// Leaves for the statements below.
constexpr std::string_view leaves =
    "%0 = parameter {index=0, dtype=f32, shape=[4,6]} : f32[4,6]\n"
    "%1 = parameter {index=1, dtype=i64, shape=[4,6]} : i64[4,6]\n"
    "%2 = parameter {index=2, dtype=bool, shape=[4,6]} : bool[4,6]\n"
    "%3 = parameter {index=3, dtype=f32, shape=[6,5]} : f32[6,5]\n"
    "%4 = parameter {index=4, dtype=f32, shape=[]} : f32[]\n"
    "%5 = parameter {index=5, dtype=i32, shape=[3]} : i32[3]\n"
    "%6 = parameter {index=6, dtype=f32, shape=[3,6]} : f32[3,6]\n"
    "%7 = parameter {index=7, dtype=f32, shape=[4,5,2]} : f32[4,5,2]\n";

/// How each op is written, apart from `buffer`, which has no text to parse.
const std::map<Op, std::string>& statements() {
    static const std::map<Op, std::string> table = [] {
        std::map<Op, std::string> result{
            {Op::constant, "constant {value=f32:0.1} : f32[]"},
            {Op::scalar, "scalar {value=i64:-3} : i64[]"},
            {Op::shape_number, "shape_number {value=f32:12} : f32[]"},
            {Op::parameter, "parameter {index=8, dtype=f64, shape=[0]} : f64[0]"},
            {Op::iota, "iota {dtype=i32, extent=7} : i32[7]"},
            {Op::bitwise_not, "bitwise_not %2 : bool[4,6]"},
            {Op::cast, "cast %0 {dtype=i32} : i32[4,6]"},
            {Op::bitwise_and, "bitwise_and %1, %1 : i64[4,6]"},
            {Op::bitwise_or, "bitwise_or %1, %1 : i64[4,6]"},
            {Op::bitwise_xor, "bitwise_xor %2, %2 : bool[4,6]"},
            {Op::shift_left, "shift_left %1, %1 : i64[4,6]"},
            {Op::shift_right, "shift_right %1, %1 : i64[4,6]"},
            {Op::random_bits, "random_bits %1, %1 : i32[4,6]"},
            {Op::select, "select %2, %0, %0 : f32[4,6]"},
            {Op::reduce_sum, "reduce_sum %0 {axes=[1]} : f32[4]"},
            {Op::reduce_prod, "reduce_prod %0 {axes=[0,1]} : f32[]"},
            {Op::reduce_max, "reduce_max %0 {axes=[0]} : f32[6]"},
            {Op::reduce_min, "reduce_min %0 {axes=[]} : f32[4,6]"},
            {Op::reduce_argmax, "reduce_argmax %0, %1 {axes=[1]} : i64[4]"},
            {Op::reduce_argmin, "reduce_argmin %2, %1 {axes=[0,1]} : i64[]"},
            {Op::cumulative_sum, "cumulative_sum %0 {axis=1, reverse=false} : f32[4,6]"},
            {Op::cumulative_max, "cumulative_max %0 {axis=0, reverse=true} : f32[4,6]"},
            {Op::linear_recurrence, "linear_recurrence %0, %0 {axis=1, reverse=false} : f32[4,6]"},
            {Op::argsort, "argsort %0 {axis=1, reverse=true} : i64[4,6]"},
            {Op::contraction, "contraction %0, %3 {lhs=[0,1], rhs=[1,2], out=[0,2]} : f32[4,5]"},
            {Op::permute, "permute %0 {permutation=[1,0]} : f32[6,4]"},
            {Op::reshape, "reshape %0 {shape=[2,12]} : f32[2,12]"},
            {Op::broadcast, "broadcast %0 {shape=[3,4,6], axes=[1,2]} : f32[3,4,6]"},
            {Op::slice, "slice %0 {start=[1,0], stop=[3,6], step=[1,2]} : f32[2,3]"},
            {Op::flip, "flip %0 {axes=[1]} : f32[4,6]"},
            {Op::window, "window %0 {axes=[1], size=[2], stride=[1], dilation=[1]} : f32[4,5,2]"},
            {Op::pad, "pad %0, %4 {low=[1,0], high=[0,-1], interior=[0,2]} : f32[5,15]"},
            {Op::concat, "concat %0, %6, %0 {axis=0} : f32[11,6]"},
            {Op::interleave, "interleave %0, %0 {axis=1} : f32[4,12]"},
            {Op::gather, "gather %0, %5 {axis=0} : f32[3,6]"},
            {Op::fold,
             "fold %7 {axes=[1], size=[2], stride=[1], dilation=[1], extent=[6]} : f32[4,6]"},
            {Op::scatter_add, "scatter_add %0, %5, %6 {axis=0} : f32[4,6]"},
            {Op::optimization_barrier, "optimization_barrier %0 : f32[4,6]"},
            {Op::custom_vjp, "custom_vjp %0, %3, %5 : f32[4,6]"},
        };
        // What is left is elementwise on floats.
        for (const OpInfo& row : all_ops()) {
            if (row.category == Category::unary) {
                result.emplace(row.op, fmt::format("{} %0 : f32[4,6]", row.name));
            } else if (row.category == Category::binary) {
                result.emplace(row.op, fmt::format("{} %0, %0 : f32[4,6]", row.name));
            } else if (row.category == Category::compare) {
                result.emplace(row.op, fmt::format("{} %0, %0 : bool[4,6]", row.name));
            }
        }
        return result;
    }();
    return table;
}

std::string round_trip(std::string_view text) {
    return print(parse(text));
}

/// The message with which `text` is refused.
std::string refusal(std::string_view text) {
    try {
        parse(text);
    } catch (const ParseError& error) {
        return error.what();
    }
    return "parsed";
}

}  // namespace

TEST_CASE("every op of ops.def prints as it was written", "[ir]") {
    for (const OpInfo& row : all_ops()) {
        if (row.op == Op::buffer) {
            continue;
        }
        INFO(row.name);
        const auto statement = statements().find(row.op);
        REQUIRE(statement != statements().end());
        // All leaves are results too, so that none is dropped.
        const std::string text = fmt::format(
            "{}%8 = {}\nreturn %0, %1, %2, %3, %4, %5, %6, %7, %8\n", leaves, statement->second);
        const Graph graph = parse(text);
        verify(graph);
        CHECK(graph.results.back().op() == row.op);
        CHECK(print(graph) == text);
    }
}

TEST_CASE("text is read with comments, blank lines, any names and without types", "[ir]") {
    CHECK(round_trip("# a graph\n"
                     "\n"
                     "  %x = parameter { index = 0 , dtype=f32,shape=[ 2, 3 ] }  # an input\r\n"
                     "%unused = neg %x\n"
                     "%twice=add %x,%x:f32[2,3]\n"
                     "return %twice , %x # done") ==
          "%0 = parameter {index=0, dtype=f32, shape=[2,3]} : f32[2,3]\n"
          "%1 = add %0, %0 : f32[2,3]\n"
          "return %1, %0\n");
    CHECK(round_trip("return") == "return\n");
}

TEST_CASE("literals keep their value through text", "[ir]") {
    const auto kept = [](const Literal& literal) {
        const Graph graph{{constant(literal, std::source_location{})}};
        const Graph read = parse(print(graph));
        return read.results[0].node->attributes_as<ConstantAttributes>().value == literal;
    };
    for (const DType dtype : {DType::f32, DType::f64}) {
        using Limits = std::numeric_limits<double>;
        for (const double value : {0.0, -0.0, 0.1, -1.0 / 3.0, 1e-45, 1e30, 5e-324,
                                   Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN()}) {
            CAPTURE(name(dtype), value);
            CHECK(kept(Literal(dtype, value)));
        }
    }
    CHECK(kept({DType::i32, std::int64_t{std::numeric_limits<std::int32_t>::min()}}));
    CHECK(kept({DType::i64, std::numeric_limits<std::int64_t>::min()}));
    CHECK(kept({DType::i64, std::numeric_limits<std::int64_t>::max()}));
    CHECK(kept({DType::boolean, std::int64_t{1}}));
}

TEST_CASE("a printed line ends with the place of the call, unless that is switched off", "[ir]") {
    const Graph graph{{iota(DType::i64, 3, std::source_location::current())}};
    const std::string line = "%0 = iota {dtype=i64, extent=3} : i64[3]";
    CHECK(print(graph) == fmt::format("{}  # text_test.cpp:{}\nreturn %0\n", line,
                                      graph.results[0].node->location().line()));
    CHECK(print(graph, {.locations = false}) == line + "\nreturn %0\n");
}

TEST_CASE("text that is no graph is refused with its line and what was expected", "[ir]") {
    const std::string x = "%x = parameter {index=0, dtype=f32, shape=[2]}\n";
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"", "line 1: expected 'return'"},
        {x, "line 2: expected 'return'"},
        {x + "return %x\nreturn %x", "line 3: expected nothing after 'return'"},
        {"x = 1", "line 1: expected '%name = op ...' or 'return ...'"},
        {"% = neg %x", "line 1: expected a value's name before '= neg %x'"},
        {x + "%y neg %x", "line 2: expected '=' before 'neg %x'"},
        {x + "%y =", "line 2: expected an op at the end of the line"},
        {x + "%y = negate %x", "line 2: expected an op, 'negate' is none"},
        {x + "%y = neg %z", "line 2: %z is not defined above"},
        {x + "%y = neg %y", "line 2: %y is not defined above"},
        {x + "%y = add %x,", "line 2: expected '%' at the end of the line"},
        {x + "%x = neg %x", "line 2: %x is defined twice"},
        {x + "%y = neg", "line 2: neg: takes 1 operands, got 0"},
        {x + "%y = neg %x {axes=[0]}", "line 2: expected the end of the line before '{axes=[0]}'"},
        {x + "%y = flip %x", "line 2: expected '{' at the end of the line"},
        {x + "%y = flip %x {axis=[0]}", "line 2: expected the field 'axes='"},
        {x + "%y = flip %x {axes=0}", "line 2: expected '[' before '0}'"},
        {x + "%y = flip %x {axes=[0.5]}", "line 2: expected a whole number before '0.5]}'"},
        {x + "%y = flip %x {axes=[0]", "line 2: expected '}' at the end of the line"},
        {x + "%y = slice %x {start=[0]}", "line 2: expected ',' before '}'"},
        {x + "%y = iota {dtype=u16, extent=2}",
         "line 2: expected a dtype (bool, u8, i8, i16, i32, i64, f16, bf16, f32 or f64) before "
         "'u16, extent=2}'"},
        {x + "%y = constant {value=i32:3000000000}",
         "line 2: expected an i32 number before '3000000000}'"},
        {x + "%y = constant {value=bool:2}", "line 2: expected 0 or 1 for a bool"},
        {x + "%y = neg %x : f32[3]", "line 2: neg gives f32[2], not f32[3]"},
        {x + "%y = neg %x : f64[2]", "line 2: neg gives f32[2], not f64[2]"},
        {x + "%y = iota {dtype=f32, extent=3}\n%z = add %x, %y",
         "line 3: add: shapes [2] and [3] differ"},
        {"%b = buffer {dtype=f32, shape=[2]} : f32[2]",
         "line 1: the data of a buffer is not in the text: use parameter"},
        {"%p = parameter {index=0, dtype=f32, shape=[1,1,1,1,1,1,1,1,1,1,1,1,1]}",
         "line 1: a list has at most 12 numbers"},
    };
    for (const auto& [text, message] : cases) {
        CAPTURE(text);
        CHECK(refusal(text) == message);
    }
}

TEST_CASE("a buffer prints with its type but does not parse", "[ir]") {
    const Graph graph{{make_buffer({DType::f32, {2, 3}}, nullptr, false, std::source_location{})}};
    const std::string text = print(graph);
    CHECK(text == "%0 = buffer {dtype=f32, shape=[2,3]} : f32[2,3]\nreturn %0\n");
    CHECK_THAT(refusal(text), Contains("use parameter"));
}
