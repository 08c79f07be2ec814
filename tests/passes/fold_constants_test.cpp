#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "passes/rewriting/literal_arithmetic.h"
#include "rewrite_testing.h"

using namespace latent;
using namespace latent::passes;
using namespace latent::passes::testing;
using ir::Literal;
using ir::Op;

namespace {

/// Folding `op` on literals; fails where it does not fold.
Literal folded(Op op, const std::vector<Literal>& operands) {
    const std::optional<Literal> result = evaluate(op, operands, operands[0].dtype());
    REQUIRE(result.has_value());
    return *result;
}

Literal i32(std::int64_t value) {
    return {DType::i32, value};
}
Literal i64(std::int64_t value) {
    return {DType::i64, value};
}
Literal f32(double value) {
    return {DType::f32, value};
}
Literal f64(double value) {
    return {DType::f64, value};
}

constexpr std::int64_t i32_min = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t i32_max = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t i64_min = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t i64_max = std::numeric_limits<std::int64_t>::max();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("Ops on constants are computed, through broadcasts too") {
    check_rewrite(fold_constants,
                  "%a = constant {value=f32:2}\n %k = constant {value=f32:3}\n"
                  "%m = mul %a, %k\n %r = neg %m\n return %r",
                  "%r = constant {value=f32:-6}\n return %r");
    check_rewrite(
        fold_constants,
        "%a = constant {value=f32:2}\n %f = broadcast %a {shape=[4,6], axes=[]}\n"
        "%g = sqrt %f\n %m = mul %f, %f\n %r = div %m, %f\n return %r",
        "%a = constant {value=f32:2}\n %r = broadcast %a {shape=[4,6], axes=[]}\n return %r");
    check_rewrite(
        fold_constants,
        "%a = constant {value=i64:3}\n %k = constant {value=i64:4}\n %r = less %a, %k\n return %r",
        "%r = constant {value=bool:1}\n return %r");
}

TEST_CASE("Numbers that the user wrote are never folded") {
    check_unchanged(fold_constants, "%t = scalar {value=f32:2}\n %r = add %s, %t\n return %r");
    check_unchanged(fold_constants, "%c = constant {value=f32:2}\n %r = add %s, %c\n return %r");
}

TEST_CASE("Functions whose last bit is the kernels' own are not folded") {
    for (const std::string_view op : {"exp", "log", "sin", "tanh", "erf"}) {
        check_unchanged(fold_constants,
                        fmt::format("%a = constant {{value=f32:2}}\n %r = {} %a\n return %r", op));
    }
    check_unchanged(fold_constants, "%a = constant {value=f32:2}\n %r = pow %a, %a\n return %r");
}

TEST_CASE("Folded integers wrap and have floor semantics") {
    CHECK(folded(Op::add, {i32(i32_max), i32(1)}) == i32(i32_min));
    CHECK(folded(Op::sub, {i64(i64_min), i64(1)}) == i64(i64_max));
    CHECK(folded(Op::mul, {i64(i64_max), i64(2)}) == i64(-2));
    CHECK(folded(Op::neg, {i64(i64_min)}) == i64(i64_min));
    CHECK(folded(Op::abs, {i32(i32_min)}) == i32(i32_min));
    CHECK(folded(Op::floor_divide, {i64(i64_min), i64(-1)}) == i64(i64_min));
    CHECK(folded(Op::floor_divide, {i32(i32_min), i32(-1)}) == i32(i32_min));
    CHECK(folded(Op::remainder, {i64(i64_min), i64(-1)}) == i64(0));
    CHECK(folded(Op::floor_divide, {i32(7), i32(-2)}) == i32(-4));
    CHECK(folded(Op::floor_divide, {i32(-7), i32(2)}) == i32(-4));
    CHECK(folded(Op::floor_divide, {i32(-6), i32(2)}) == i32(-3));
    CHECK(folded(Op::remainder, {i32(7), i32(-2)}) == i32(-1));
    CHECK(folded(Op::remainder, {i32(-7), i32(2)}) == i32(1));
    CHECK(folded(Op::floor_divide, {i32(5), i32(0)}) == i32(0));
    CHECK(folded(Op::remainder, {i32(5), i32(0)}) == i32(0));
    CHECK(folded(Op::shift_left, {i32(1), i32(31)}) == i32(i32_min));
    CHECK(folded(Op::shift_left, {i32(1), i32(32)}) == i32(0));
    CHECK(folded(Op::shift_left, {i32(1), i32(-1)}) == i32(0));
    CHECK(folded(Op::shift_right, {i32(-8), i32(1)}) == i32(-4));
    CHECK(folded(Op::shift_right, {i32(-8), i32(40)}) == i32(-1));
    CHECK(folded(Op::bitwise_not, {i32(0)}) == i32(-1));
    CHECK(folded(Op::bitwise_not, {Literal(DType::boolean, std::int64_t{1})}) ==
          Literal::zero(DType::boolean));
}

TEST_CASE("Folded floats are rounded to their dtype and keep IEEE's special values") {
    CHECK(folded(Op::add, {f32(16777216), f32(1)}) == f32(16777216));
    CHECK(folded(Op::add, {f64(16777216), f64(1)}) == f64(16777217));
    CHECK(folded(Op::div, {f32(1), f32(3)}) == f32(static_cast<double>(1.0F / 3.0F)));
    CHECK(folded(Op::div, {f32(1), f32(-0.0)}) == f32(-infinity));
    CHECK(std::isnan(folded(Op::sub, {f32(infinity), f32(infinity)}).as_double()));
    CHECK(std::isnan(folded(Op::maximum, {f32(not_a_number), f32(1)}).as_double()));
    CHECK(folded(Op::minimum, {f32(2), f32(1)}) == f32(1));
    CHECK(folded(Op::maximum, {f32(2), f32(1)}) == f32(2));
    CHECK(folded(Op::round, {f32(2.5)}) == f32(2));
    CHECK(folded(Op::neg, {f32(0)}) == f32(-0.0));
    CHECK(folded(Op::not_equal, {f32(not_a_number), f32(not_a_number)}).as_int() == 1);
    CHECK_FALSE(evaluate(Op::maximum, std::vector{f32(0), f32(-0.0)}, DType::f32).has_value());
}

TEST_CASE("Folded casts truncate, saturate and take NaN to zero") {
    const auto cast = [](const Literal& value, DType dtype) {
        return *evaluate(Op::cast, std::span(&value, 1), dtype);
    };
    CHECK(cast(f32(-2.9), DType::i32) == i32(-2));
    CHECK(cast(f64(1e30), DType::i32) == i32(i32_max));
    CHECK(cast(f64(-1e30), DType::i64) == i64(i64_min));
    CHECK(cast(f64(9223372036854775808.0), DType::i64) == i64(i64_max));
    CHECK(cast(f64(2147483647.5), DType::i32) == i32(i32_max));
    CHECK(cast(f64(not_a_number), DType::i64) == i64(0));
    CHECK(cast(f32(not_a_number), DType::boolean).as_int() == 1);
    CHECK(cast(i64(std::int64_t{1} << 32), DType::i32) == i32(0));
    CHECK(cast(i64(std::int64_t{1} << 32), DType::boolean).as_int() == 1);
    // 2^60 + 2^36 + 1 lies just above the middle of two f32; by way of double it would lie on it.
    const std::int64_t between = (std::int64_t{1} << 60) + (std::int64_t{1} << 36) + 1;
    CHECK(cast(i64(between), DType::f32).as_double() ==
          static_cast<double>(static_cast<float>(between)));
}
