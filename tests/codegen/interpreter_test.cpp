#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "codegen/reference/interpreter.h"
#include "ir/parse.h"
#include "ir/verify.h"
#include "tests/support/arrays.h"

using namespace latent;
using codegen::reference::interpret;
using test::AgreesWith;
using test::Array;
using test::array;

namespace {

using I32 = std::int32_t;
using I64 = std::int64_t;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr float infinity_f = std::numeric_limits<float>::infinity();
constexpr float nan_f = std::numeric_limits<float>::quiet_NaN();
constexpr I32 min32 = std::numeric_limits<I32>::min();
constexpr I32 max32 = std::numeric_limits<I32>::max();
constexpr I64 min64 = std::numeric_limits<I64>::min();
constexpr I64 max64 = std::numeric_limits<I64>::max();

/// One op on given operands: %0, %1, ... in `statement` are the inputs.
struct Case {
    std::string statement;
    std::vector<Array> inputs;
    Array expected;
};

ir::Graph graph_of(const Case& row) {
    std::string text;
    for (std::size_t i = 0; i < row.inputs.size(); ++i) {
        const ir::Type& type = row.inputs[i].type();
        text += fmt::format("%{} = parameter {{index={}, dtype={}, shape={}}}\n", i, i,
                            name(type.dtype), ir::to_string(type.shape));
    }
    return ir::parse(text + "%result = " + row.statement + "\nreturn %result");
}

void check(const std::vector<Case>& table) {
    for (const Case& row : table) {
        INFO(row.statement);
        const ir::Graph graph = graph_of(row);
        ir::verify(graph);
        CHECK_THAT(interpret(graph, row.inputs)[0], AgreesWith(row.expected, {.relative = 4e-16}));
    }
}

/// The elements that functions of one float are tried at.
Array points() {
    return array<double>({8}, {-infinity, -1, -0.0, 0, 0.5, 1, infinity, nan});
}

Case at_points(const std::string& op, std::initializer_list<double> expected) {
    return {op + " %0", {points()}, array<double>({8}, expected)};
}

template <Element T>
Case unary(const std::string& op, std::initializer_list<T> x, std::initializer_list<T> expected) {
    const ir::Shape shape{static_cast<I64>(x.size())};
    return {op + " %0", {array<T>(shape, x)}, array<T>(shape, expected)};
}

template <Element T, Element R = T>
Case binary(const std::string& op, std::initializer_list<T> a, std::initializer_list<T> b,
            std::initializer_list<std::type_identity_t<R>> expected) {
    const ir::Shape shape{static_cast<I64>(a.size())};
    return {op + " %0, %1", {array<T>(shape, a), array<T>(shape, b)}, array<R>(shape, expected)};
}

const std::vector<Case>& leaves() {
    static const std::vector<Case> table = {
        {"constant {value=f32:0.1}", {}, array<float>({}, {0.1F})},
        {"constant {value=i64:9007199254740993}", {}, array<I64>({}, {9007199254740993})},
        {"scalar {value=bool:1}", {}, array<bool>({}, {true})},
        {"scalar {value=f64:-inf}", {}, array<double>({}, {-infinity})},
        {"shape_number {value=f32:12}", {}, array<float>({}, {12})},
        {"iota {dtype=i32, extent=3}", {}, array<I32>({3}, {0, 1, 2})},
        {"iota {dtype=f32, extent=3}", {}, array<float>({3}, {0, 1, 2})},
        {"iota {dtype=i64, extent=0}", {}, array<I64>({0}, {})},
    };
    return table;
}

const std::vector<Case>& unary_ops() {
    static const std::vector<Case> table = {
        at_points("neg", {infinity, 1, 0, -0.0, -0.5, -1, -infinity, nan}),
        at_points("abs", {infinity, 1, 0, 0, 0.5, 1, infinity, nan}),
        at_points("sign", {-1, -1, 0, 0, 1, 1, 1, nan}),
        at_points("floor", {-infinity, -1, -0.0, 0, 0, 1, infinity, nan}),
        at_points("ceil", {-infinity, -1, -0.0, 0, 1, 1, infinity, nan}),
        at_points("round", {-infinity, -1, -0.0, 0, 0, 1, infinity, nan}),
        at_points("trunc", {-infinity, -1, -0.0, 0, 0, 1, infinity, nan}),
        at_points("sqrt", {nan, nan, -0.0, 0, 0.7071067811865476, 1, infinity, nan}),
        at_points("exp", {0, 0.36787944117144233, 1, 1, 1.6487212707001282, 2.718281828459045,
                          infinity, nan}),
        at_points("expm1", {-1, -0.6321205588285577, -0.0, 0, 0.6487212707001282, 1.718281828459045,
                            infinity, nan}),
        at_points("log", {nan, nan, -infinity, -infinity, -0.6931471805599453, 0, infinity, nan}),
        at_points("log2", {nan, nan, -infinity, -infinity, -1, 0, infinity, nan}),
        at_points("log10", {nan, nan, -infinity, -infinity, -0.3010299956639812, 0, infinity, nan}),
        at_points("log1p",
                  {nan, -infinity, -0.0, 0, 0.4054651081081644, 0.6931471805599453, infinity, nan}),
        at_points("sin", {nan, -0.8414709848078965, -0.0, 0, 0.479425538604203, 0.8414709848078965,
                          nan, nan}),
        at_points("cos", {nan, 0.5403023058681398, 1, 1, 0.8775825618903728, 0.5403023058681398,
                          nan, nan}),
        at_points("tan", {nan, -1.5574077246549023, -0.0, 0, 0.5463024898437905, 1.5574077246549023,
                          nan, nan}),
        at_points("asin", {nan, -1.5707963267948966, -0.0, 0, 0.5235987755982989,
                           1.5707963267948966, nan, nan}),
        at_points("acos", {nan, 3.141592653589793, 1.5707963267948966, 1.5707963267948966,
                           1.0471975511965979, 0, nan, nan}),
        at_points("atan", {-1.5707963267948966, -0.7853981633974483, -0.0, 0, 0.4636476090008061,
                           0.7853981633974483, 1.5707963267948966, nan}),
        at_points("sinh", {-infinity, -1.1752011936438014, -0.0, 0, 0.5210953054937474,
                           1.1752011936438014, infinity, nan}),
        at_points("cosh", {infinity, 1.5430806348152437, 1, 1, 1.1276259652063807,
                           1.5430806348152437, infinity, nan}),
        at_points("tanh", {-1, -0.7615941559557649, -0.0, 0, 0.46211715726000973,
                           0.7615941559557649, 1, nan}),
        at_points("asinh", {-infinity, -0.881373587019543, -0.0, 0, 0.48121182505960347,
                            0.881373587019543, infinity, nan}),
        at_points("acosh", {nan, nan, nan, nan, nan, 0, infinity, nan}),
        at_points("atanh", {nan, -infinity, -0.0, 0, 0.5493061443340549, infinity, nan, nan}),
        at_points("erf", {-1, -0.8427007929497149, -0.0, 0, 0.5204998778130465, 0.8427007929497149,
                          1, nan}),
        at_points("erfc",
                  {2, 1.8427007929497148, 1, 1, 0.4795001221869535, 0.15729920705028513, 0, nan}),
        at_points("erfinv", {nan, -infinity, -0.0, 0, 0.4769362762044699, infinity, nan, nan}),
        unary<double>("erfinv", {1e-300, -0.1, 0.999, -0x1.fffffffffffffp-1},
                      {8.862269254527581e-301, -0.08885599049425769, 2.3267537655135246,
                       -5.863584748755168}),
        at_points("lgamma",
                  {infinity, infinity, infinity, infinity, 0.5723649429247001, 0, infinity, nan}),
        unary<double>("lgamma", {-0.5, -2, 3, 100},
                      {1.2655121234846454, infinity, 0.6931471805599453, 359.1342053695754}),
        at_points("sigmoid", {0, 0.2689414213699951, 0.5, 0.5, 0.6224593312018546,
                              0.7310585786300049, 1, nan}),
        at_points("stop_gradient", {-infinity, -1, -0.0, 0, 0.5, 1, infinity, nan}),
        unary<double>("round", {-2.5, -1.5, 1.5, 2.5, 3.5}, {-2, -2, 2, 2, 4}),
        unary<double>("floor", {-1.5, 1.5}, {-2, 1}),
        unary<double>("ceil", {-1.5, 1.5}, {-1, 2}),
        unary<double>("trunc", {-1.5, 1.5}, {-1, 1}),
        unary<float>("exp", {1, 100}, {2.7182818F, infinity_f}),
        unary<I32>("neg", {0, 5, min32}, {0, -5, min32}),
        unary<I64>("abs", {0, -5, min64}, {0, 5, min64}),
        unary<I64>("sign", {0, -5, max64}, {0, -1, 1}),
        unary<I32>("floor", {-3, 7}, {-3, 7}),
        unary<bool>("bitwise_not", {true, false}, {false, true}),
        unary<I32>("bitwise_not", {0, 5, min32}, {-1, -6, max32}),
        unary<bool>("stop_gradient", {true, false}, {true, false}),
    };
    return table;
}

template <Element From, Element To>
Case cast(std::initializer_list<From> x, std::initializer_list<To> expected) {
    const ir::Shape shape{static_cast<I64>(x.size())};
    return {fmt::format("cast %0 {{dtype={}}}", name(dtype_of<To>)),
            {array<From>(shape, x)},
            array<To>(shape, expected)};
}

const std::vector<Case>& casts() {
    static const std::vector<Case> table = {
        cast<double, I32>({-1.9, 1.9, 3e9, -3e9, infinity, -infinity, nan},
                          {-1, 1, max32, min32, max32, min32, 0}),
        cast<float, I64>({-1.9F, 1.9F, 1e19F, -1e19F, infinity_f, -infinity_f, nan_f},
                         {-1, 1, max64, min64, max64, min64, 0}),
        cast<double, I64>({9223372036854774784.0, 9223372036854775808.0, -9223372036854775808.0},
                          {9223372036854774784, max64, min64}),
        cast<double, float>({0.1, 1e300, -0.0, nan}, {0.1F, infinity_f, -0.0F, nan_f}),
        cast<double, bool>({0, -0.0, 0.1, infinity, nan}, {false, false, true, true, true}),
        cast<I64, I32>({1, I64{1} << 32, I64{max32} + 1}, {1, 0, min32}),
        cast<I64, float>({16777217, 9007199791611905}, {16777216, 9007200328482816}),
        cast<I32, I64>({min32, -1, max32}, {min32, -1, max32}),
        cast<I32, bool>({0, 2, -1}, {false, true, true}),
        cast<bool, I32>({false, true}, {0, 1}),
        cast<bool, float>({false, true}, {0, 1}),
        cast<float, float>({0.5F, nan_f}, {0.5F, nan_f}),
    };
    return table;
}

const std::vector<Case>& binary_ops() {
    static const std::vector<Case> table = {
        binary<float>("add", {1e8F, 0.1F, infinity_f}, {1, 0.2F, -infinity_f},
                      {1e8F, 0.1F + 0.2F, nan_f}),
        binary<I32>("add", {max32, 2}, {1, 3}, {min32, 5}),
        binary<double>("sub", {1, infinity}, {0.9, infinity}, {1 - 0.9, nan}),
        binary<I64>("sub", {min64, 2}, {1, 3}, {max64, -1}),
        binary<double>("mul", {0, -2, infinity}, {-1, 3, 0}, {-0.0, -6, nan}),
        binary<I32>("mul", {65536, -3}, {65536, 5}, {0, -15}),
        binary<I64>("mul", {max64, -3}, {2, 5}, {-2, -15}),
        binary<float>("div", {1, -1, 0, 1}, {3, 0, 0, infinity_f},
                      {1.0F / 3.0F, -infinity_f, nan_f, 0}),
        binary<I32>("floor_divide", {7, -7, 7, -7, 5, min32, -6}, {2, 2, -2, -2, 0, -1, 3},
                    {3, -4, -4, 3, 0, min32, -2}),
        binary<double>("floor_divide", {7, -7, 1, -1, 0, infinity, -5, 5, 1},
                       {2, 2, 0, 0, 0, 2, infinity, infinity, 0.1},
                       {3, -4, infinity, -infinity, nan, nan, -1, 0, 9}),
        binary<I64>("remainder", {7, -7, 7, -7, 5, min64}, {2, 2, -2, -2, 0, -1},
                    {1, 1, -1, -1, 0, 0}),
        binary<double>("remainder", {7, -7, 7, -7, 5, -5, -5, infinity, 4},
                       {3, 3, -3, -3, 0, infinity, -infinity, 2, -2},
                       {1, 2, -2, -1, nan, infinity, -5, nan, -0.0}),
        binary<double>("pow", {2, -2, 0, 0, nan, 1, -8, 2}, {10, 3, 0, -1, 0, nan, 0.5, -infinity},
                       {1024, -8, 1, infinity, 1, 1, nan, 0}),
        binary<I32>("pow", {3, -2, 0, 2, -1, -1, 0, 1, 7}, {4, 3, 0, 31, -3, -4, -1, -9, -1},
                    {81, -8, 1, min32, -1, 1, 0, 1, 0}),
        binary<double>("maximum", {1, nan, 1, -0.0, 0, -infinity}, {2, 1, nan, 0, -0.0, -1},
                       {2, nan, nan, 0, 0, -1}),
        binary<double>("minimum", {1, nan, 1, -0.0, 0, -infinity}, {2, 1, nan, 0, -0.0, -1},
                       {1, nan, nan, -0.0, -0.0, -infinity}),
        binary<I32>("maximum", {1, min32}, {-1, max32}, {1, max32}),
        binary<bool>("maximum", {false, true}, {false, false}, {false, true}),
        binary<bool>("minimum", {true, true}, {true, false}, {true, false}),
        binary<double>(
            "atan2", {1, 0, -0.0, 1}, {1, -1, -1, 0},
            {0.7853981633974483, 3.141592653589793, -3.141592653589793, 1.5707963267948966}),
        binary<I32>("bitwise_and", {12, -1}, {10, 7}, {8, 7}),
        binary<I32>("bitwise_or", {12, -1}, {10, 7}, {14, -1}),
        binary<I64>("bitwise_xor", {12, -1}, {10, 7}, {6, -8}),
        binary<bool>("bitwise_and", {true, true}, {true, false}, {true, false}),
        binary<bool>("bitwise_or", {false, true}, {false, false}, {false, true}),
        binary<bool>("bitwise_xor", {true, true}, {true, false}, {false, true}),
        binary<I32>("shift_left", {1, 3, 1, 1, 1}, {4, 31, 32, -1, 0}, {16, min32, 0, 0, 1}),
        binary<I64>("shift_left", {1, 1, 1}, {63, 64, 32}, {min64, 0, I64{1} << 32}),
        binary<I32>("shift_right", {-16, 16, -1, 1, -5}, {2, 2, 32, 32, -1}, {-4, 4, -1, 0, -1}),
        // With key 0 the published sequence of splitmix64 seeded with 0: e220a8397b1dcdaf, ...
        binary<I64, I32>(
            "random_bits", {0, 0, 1, -1}, {1, 2, 0, max64},
            {0x7b1dcdaf, static_cast<I32>(0xa1b965f4U), 0x0f363a7d, static_cast<I32>(0x84965e7cU)}),
        binary<double, bool>("equal", {1, nan, 0}, {1, nan, -0.0}, {true, false, true}),
        binary<double, bool>("not_equal", {1, nan, 0}, {1, nan, -0.0}, {false, true, false}),
        binary<double, bool>("less", {1, 2, nan}, {2, 2, 1}, {true, false, false}),
        binary<double, bool>("less_equal", {1, 2, nan}, {2, 2, 1}, {true, true, false}),
        binary<I64, bool>("greater", {max64, 2, min64}, {max64 - 1, 2, 0}, {true, false, false}),
        binary<I32, bool>("greater_equal", {1, 2, 3}, {2, 2, 1}, {false, true, true}),
        binary<bool, bool>("equal", {true, false}, {true, true}, {true, false}),
        {"select %0, %1, %2",
         {array<bool>({3}, {true, false, true}), array<double>({3}, {1, nan, -0.0}),
          array<double>({3}, {nan, 2, 3})},
         array<double>({3}, {1, 2, -0.0})},
    };
    return table;
}

/// 1, 2, 3, ... in order.
Array counting(const ir::Shape& shape) {
    Array result(ir::Type{DType::f32, shape});
    float next = 0;
    for (float& element : result.mutable_data<float>()) {
        element = ++next;
    }
    return result;
}

const std::vector<Case>& reductions() {
    static const std::vector<Case> table = {
        {"reduce_sum %0 {axes=[0]}", {counting({2, 3})}, array<float>({3}, {5, 7, 9})},
        {"reduce_sum %0 {axes=[1]}", {counting({2, 3})}, array<float>({2}, {6, 15})},
        {"reduce_sum %0 {axes=[0,2]}", {counting({2, 2, 2})}, array<float>({2}, {14, 22})},
        {"reduce_sum %0 {axes=[0,1]}", {counting({2, 3})}, array<float>({}, {21})},
        {"reduce_sum %0 {axes=[]}", {counting({2})}, array<float>({2}, {1, 2})},
        {"reduce_sum %0 {axes=[]}", {counting({})}, array<float>({}, {1})},
        {"reduce_sum %0 {axes=[0]}", {counting({0, 2})}, array<float>({2}, {0, 0})},
        {"reduce_sum %0 {axes=[0]}", {counting({2, 0})}, array<float>({0}, {})},
        {"reduce_sum %0 {axes=[0]}", {array<float>({3}, {1e8F, 1, -1e8F})}, array<float>({}, {1})},
        {"reduce_sum %0 {axes=[0]}", {array<I32>({2}, {max32, 1})}, array<I32>({}, {min32})},
        {"reduce_prod %0 {axes=[1]}", {counting({2, 3})}, array<float>({2}, {6, 120})},
        {"reduce_prod %0 {axes=[0]}", {array<I64>({0}, {})}, array<I64>({}, {1})},
        {"reduce_max %0 {axes=[0]}", {array<double>({3}, {1, nan, 2})}, array<double>({}, {nan})},
        {"reduce_max %0 {axes=[1]}",
         {array<double>({2, 2}, {-0.0, 0, -infinity, -infinity})},
         array<double>({2}, {0, -infinity})},
        {"reduce_max %0 {axes=[0]}", {array<I32>({2}, {min32, min32})}, array<I32>({}, {min32})},
        {"reduce_max %0 {axes=[0]}", {array<float>({2, 0}, {})}, array<float>({0}, {})},
        {"reduce_min %0 {axes=[0]}", {array<double>({3}, {3, 1, 2})}, array<double>({}, {1})},
        {"reduce_min %0 {axes=[0]}", {array<I64>({2}, {max64, max64})}, array<I64>({}, {max64})},
        {"reduce_max %0 {axes=[1]}",
         {array<bool>({2, 2}, {false, true, false, false})},
         array<bool>({2}, {true, false})},
        {"reduce_min %0 {axes=[1]}",
         {array<bool>({2, 2}, {false, true, true, true})},
         array<bool>({2}, {false, true})},
        {"reduce_max %0 {axes=[0]}", {array<bool>({0}, {})}, array<bool>({}, {false})},
        {"reduce_min %0 {axes=[0]}", {array<bool>({0}, {})}, array<bool>({}, {true})},
        {"reduce_argmax %0, %1 {axes=[1]}",
         {array<double>({2, 3}, {1, nan, nan, -0.0, 0, -1}),
          array<I32>({2, 3}, {5, 7, 6, 9, 8, 1})},
         array<I32>({2}, {6, 8})},
        {"reduce_argmin %0, %1 {axes=[0]}",
         {array<bool>({3}, {true, false, false}), array<I64>({3}, {0, 1, 2})},
         array<I64>({}, {1})},
        {"reduce_argmax %0, %1 {axes=[0,1]}",
         {array<I32>({2, 2}, {min32, min32, min32, min32}), array<I32>({2, 2}, {4, 3, 2, 3})},
         array<I32>({}, {2})},
        {"contraction %0, %1 {lhs=[0,1], rhs=[1,2], out=[0,2]}",
         {counting({2, 3}), counting({3, 2})},
         array<float>({2, 2}, {22, 28, 49, 64})},
        {"contraction %0, %1 {lhs=[0,1], rhs=[2,1], out=[2,0]}",
         {counting({2, 2}), counting({3, 2})},
         array<float>({3, 2}, {5, 11, 11, 25, 17, 39})},
        {"contraction %0, %1 {lhs=[7,0,1], rhs=[7,1], out=[0,7]}",
         {counting({2, 1, 2}), counting({2, 2})},
         array<float>({1, 2}, {5, 25})},
        {"contraction %0, %1 {lhs=[0], rhs=[1], out=[0,1]}",
         {counting({2}), counting({2})},
         array<float>({2, 2}, {1, 2, 2, 4})},
        {"contraction %0, %1 {lhs=[0,1], rhs=[0,1], out=[]}",
         {counting({2, 2}), counting({2, 2})},
         array<float>({}, {30})},
        {"contraction %0, %1 {lhs=[], rhs=[], out=[]}",
         {counting({}), counting({})},
         array<float>({}, {1})},
        {"contraction %0, %1 {lhs=[0,1], rhs=[1,2], out=[0,2]}",
         {counting({2, 0}), counting({0, 1})},
         array<float>({2, 1}, {0, 0})},
        {"contraction %0, %1 {lhs=[0], rhs=[0], out=[]}",
         {array<float>({3}, {1e8F, 1, -1e8F}), array<float>({3}, {1, 1, 1})},
         array<float>({}, {1})},
        {"contraction %0, %1 {lhs=[0], rhs=[0], out=[]}",
         {array<I32>({2}, {65536, 3}), array<I32>({2}, {65536, 5})},
         array<I32>({}, {15})},
    };
    return table;
}

const std::vector<Case>& views() {
    static const std::vector<Case> table = {
        {"permute %0 {permutation=[1,0]}",
         {counting({2, 3})},
         array<float>({3, 2}, {1, 4, 2, 5, 3, 6})},
        {"permute %0 {permutation=[2,0,1]}",
         {counting({1, 2, 2})},
         array<float>({2, 1, 2}, {1, 3, 2, 4})},
        {"permute %0 {permutation=[]}", {counting({})}, array<float>({}, {1})},
        {"reshape %0 {shape=[3,2]}", {counting({2, 3})}, array<float>({3, 2}, {1, 2, 3, 4, 5, 6})},
        {"reshape %0 {shape=[]}", {counting({1, 1})}, array<float>({}, {1})},
        {"reshape %0 {shape=[0,7]}", {counting({3, 0})}, array<float>({0, 7}, {})},
        {"broadcast %0 {shape=[2,3], axes=[1]}",
         {counting({3})},
         array<float>({2, 3}, {1, 2, 3, 1, 2, 3})},
        {"broadcast %0 {shape=[2,3], axes=[0]}",
         {counting({2})},
         array<float>({2, 3}, {1, 1, 1, 2, 2, 2})},
        {"broadcast %0 {shape=[2], axes=[]}", {counting({})}, array<float>({2}, {1, 1})},
        {"broadcast %0 {shape=[2,0], axes=[0]}", {counting({2})}, array<float>({2, 0}, {})},
        {"slice %0 {start=[1], stop=[6], step=[2]}", {counting({7})}, array<float>({3}, {2, 4, 6})},
        {"slice %0 {start=[1,0], stop=[2,3], step=[1,2]}",
         {counting({2, 3})},
         array<float>({1, 2}, {4, 6})},
        {"slice %0 {start=[2], stop=[2], step=[1]}", {counting({3})}, array<float>({0}, {})},
        {"optimization_barrier %0", {counting({2})}, array<float>({2}, {1, 2})},
        {"custom_vjp %0, %1", {counting({2}), counting({3})}, array<float>({2}, {1, 2})},
        {"flip %0 {axes=[1]}", {counting({2, 3})}, array<float>({2, 3}, {3, 2, 1, 6, 5, 4})},
        {"flip %0 {axes=[0,1]}", {counting({2, 2})}, array<float>({2, 2}, {4, 3, 2, 1})},
        {"flip %0 {axes=[0]}", {counting({0})}, array<float>({0}, {})},
        {"window %0 {axes=[0], size=[2], stride=[1], dilation=[1]}",
         {counting({4})},
         array<float>({3, 2}, {1, 2, 2, 3, 3, 4})},
        {"window %0 {axes=[1], size=[2], stride=[2], dilation=[3]}",
         {counting({1, 6})},
         array<float>({1, 2, 2}, {1, 4, 3, 6})},
        {"window %0 {axes=[0,1], size=[2,2], stride=[1,1], dilation=[1,1]}",
         {counting({2, 3})},
         array<float>({1, 2, 2, 2}, {1, 2, 4, 5, 2, 3, 5, 6})},
    };
    return table;
}

const std::vector<Case>& scans() {
    static const std::vector<Case> table = {
        {"cumulative_sum %0 {axis=1, reverse=false}",
         {counting({2, 3})},
         array<float>({2, 3}, {1, 3, 6, 4, 9, 15})},
        {"cumulative_sum %0 {axis=0, reverse=true}",
         {counting({2, 3})},
         array<float>({2, 3}, {5, 7, 9, 4, 5, 6})},
        {"cumulative_sum %0 {axis=0, reverse=false}", {counting({0})}, array<float>({0}, {})},
        {"cumulative_sum %0 {axis=0, reverse=false}",
         {array<I64>({3}, {1, 2, -5})},
         array<I64>({3}, {1, 3, -2})},
        {"cumulative_max %0 {axis=0, reverse=false}",
         {array<float>({5}, {1, -2, 3, nan_f, 4})},
         array<float>({5}, {1, 1, 3, nan_f, nan_f})},
        {"cumulative_max %0 {axis=0, reverse=true}",
         {array<I32>({4}, {1, 5, 3, 4})},
         array<I32>({4}, {5, 5, 4, 4})},
        {"linear_recurrence %0, %1 {axis=0, reverse=false}",
         {array<float>({4}, {infinity_f, 2, 3, 0}), counting({4})},
         array<float>({4}, {1, 4, 15, 4})},
        {"linear_recurrence %0, %1 {axis=0, reverse=true}",
         {array<I64>({3}, {2, 3, 9}), array<I64>({3}, {1, 1, 1})},
         array<I64>({3}, {9, 4, 1})},
        {"argsort %0 {axis=0, reverse=false}",
         {array<float>({6}, {2, nan_f, -infinity_f, 2, 0, -0.0F})},
         array<I64>({6}, {2, 4, 5, 0, 3, 1})},
        {"argsort %0 {axis=0, reverse=true}",
         {array<float>({6}, {2, nan_f, -infinity_f, 2, 0, -0.0F})},
         array<I64>({6}, {1, 0, 3, 4, 5, 2})},
        {"argsort %0 {axis=0, reverse=false}",
         {array<I32>({3, 2}, {3, 1, 1, 2, 2, 0})},
         array<I64>({3, 2}, {1, 2, 2, 0, 0, 1})},
        {"argsort %0 {axis=0, reverse=true}",
         {array<bool>({3}, {false, true, false})},
         array<I64>({3}, {1, 0, 2})},
    };
    return table;
}

const std::vector<Case>& indexing_ops() {
    const Array fill = array<float>({}, {9});
    const auto indices = [](std::initializer_list<I64> values) {
        return array<I64>({static_cast<I64>(values.size())}, values);
    };
    static const std::vector<Case> table = {
        {"pad %0, %1 {low=[1], high=[2], interior=[0]}",
         {counting({2}), fill},
         array<float>({5}, {9, 1, 2, 9, 9})},
        {"pad %0, %1 {low=[-1], high=[-1], interior=[0]}",
         {counting({4}), fill},
         array<float>({2}, {2, 3})},
        {"pad %0, %1 {low=[-1], high=[1], interior=[1]}",
         {counting({3}), fill},
         array<float>({5}, {9, 2, 9, 3, 9})},
        {"pad %0, %1 {low=[-2], high=[-1], interior=[2]}",
         {counting({3}), fill},
         array<float>({4}, {9, 2, 9, 9})},
        {"pad %0, %1 {low=[4], high=[-5], interior=[0]}",
         {counting({3}), fill},
         array<float>({2}, {9, 9})},
        {"pad %0, %1 {low=[0,1], high=[1,0], interior=[0,0]}",
         {counting({1, 2}), fill},
         array<float>({2, 3}, {9, 1, 2, 9, 9, 9})},
        {"pad %0, %1 {low=[1], high=[1], interior=[3]}",
         {counting({0}), fill},
         array<float>({2}, {9, 9})},
        {"pad %0, %1 {low=[], high=[], interior=[]}", {counting({}), fill}, array<float>({}, {1})},
        {"concat %0, %1, %0 {axis=1}",
         {array<I32>({2, 1}, {1, 2}), array<I32>({2, 2}, {3, 4, 5, 6})},
         array<I32>({2, 4}, {1, 3, 4, 1, 2, 5, 6, 2})},
        {"concat %0, %1 {axis=0}",
         {counting({0, 2}), counting({1, 2})},
         array<float>({1, 2}, {1, 2})},
        {"interleave %0, %1 {axis=1}",
         {array<I32>({2, 2}, {1, 2, 3, 4}), array<I32>({2, 1}, {5, 6})},
         array<I32>({2, 3}, {1, 5, 2, 3, 6, 4})},
        {"interleave %0, %0, %1 {axis=0}",
         {counting({1, 2}), counting({0, 2})},
         array<float>({2, 2}, {1, 2, 1, 2})},
        {"gather %0, %1 {axis=0}",
         {counting({3, 2}), indices({2, 0, 2})},
         array<float>({3, 2}, {5, 6, 1, 2, 5, 6})},
        {"gather %0, %1 {axis=1}",
         {counting({2, 3}), indices({-7, 99})},
         array<float>({2, 2}, {1, 3, 4, 6})},
        {"gather %0, %1 {axis=0}",
         {counting({3}), array<I32>({2, 1}, {1, 2})},
         array<float>({2, 1}, {2, 3})},
        {"gather %0, %1 {axis=0}", {counting({3}), array<I32>({}, {1})}, array<float>({}, {2})},
        {"gather %0, %1 {axis=0}", {counting({0}), indices({})}, array<float>({0}, {})},
        {"fold %0 {axes=[0], size=[2], stride=[1], dilation=[1], extent=[4]}",
         {counting({3, 2})},
         array<float>({4}, {1, 5, 9, 6})},
        {"fold %0 {axes=[0], size=[1], stride=[2], dilation=[1], extent=[4]}",
         {counting({2, 1})},
         array<float>({4}, {1, 0, 2, 0})},
        {"scatter_add %0, %1, %2 {axis=0}",
         {counting({2, 2}), indices({1, 1, -3}), counting({3, 2})},
         array<float>({2, 2}, {6, 8, 7, 10})},
        {"scatter_add %0, %1, %2 {axis=1}",
         {array<I32>({2, 2}, {0, 0, 0, 0}), array<I32>({}, {1}), array<I32>({2}, {3, 4})},
         array<I32>({2, 2}, {0, 3, 0, 4})},
        // Rounded at each update: 1e8 + 1 is 1e8 in f32.
        {"scatter_add %0, %1, %2 {axis=0}",
         {array<float>({1}, {1e8F}), indices({0, 0}), array<float>({2}, {1, -1e8F})},
         array<float>({1}, {0})},
    };
    return table;
}

}  // namespace

TEST_CASE("the interpreter computes leaves", "[reference]") {
    check(leaves());
}
TEST_CASE("the interpreter computes functions of one element", "[reference]") {
    check(unary_ops());
}
TEST_CASE("the interpreter casts every value", "[reference]") {
    check(casts());
}
TEST_CASE("the interpreter computes functions of several elements", "[reference]") {
    check(binary_ops());
}
TEST_CASE("the interpreter reduces and contracts", "[reference]") {
    check(reductions());
}
TEST_CASE("the interpreter scans and sorts", "[reference]") {
    check(scans());
}
TEST_CASE("the interpreter computes views", "[reference]") {
    check(views());
}
TEST_CASE("the interpreter pads, joins, gathers, folds and scatters", "[reference]") {
    check(indexing_ops());
}

TEST_CASE("every op has a test of the interpreter", "[reference]") {
    // Inputs are what all other cases read.
    std::set<ir::Op> tested = {ir::Op::parameter, ir::Op::buffer};
    for (const auto* table : {&leaves(), &unary_ops(), &casts(), &binary_ops(), &reductions(),
                              &scans(), &views(), &indexing_ops()}) {
        for (const Case& row : *table) {
            tested.insert(graph_of(row).results[0].op());
        }
    }
    for (const ir::OpInfo& row : ir::all_ops()) {
        CAPTURE(row.name);
        CHECK(tested.contains(row.op));
    }
}
