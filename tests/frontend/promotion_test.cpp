#include "tests/frontend/support.h"

using namespace latent;

namespace {

constexpr DType b = DType::boolean;
constexpr DType i32 = DType::i32;
constexpr DType i64 = DType::i64;
constexpr DType f32 = DType::f32;
constexpr DType f64 = DType::f64;

Tensor of(DType dtype) {
    return ones({2}, {.dtype = dtype});
}

}  // namespace

TEST_CASE("two tensors are brought to the dtype of the promotion table") {
    struct Row {
        DType a, b, sum, quotient, maximum;
    };
    const std::vector<Row> table{
        {b, b, i64, f32, b},       {b, i32, i32, f32, i32},   {b, i64, i64, f32, i64},
        {b, f32, f32, f32, f32},   {b, f64, f64, f64, f64},   {i32, i32, i32, f32, i32},
        {i32, i64, i64, f32, i64}, {i32, f32, f32, f32, f32}, {i32, f64, f64, f64, f64},
        {i64, i64, i64, f32, i64}, {i64, f32, f32, f32, f32}, {i64, f64, f64, f64, f64},
        {f32, f32, f32, f32, f32}, {f32, f64, f64, f64, f64}, {f64, f64, f64, f64, f64},
    };
    for (const Row& row : table) {
        INFO(name(row.a) << " with " << name(row.b));
        for (const auto& [first, second] : {std::pair{row.a, row.b}, std::pair{row.b, row.a}}) {
            const Tensor x = of(first);
            const Tensor y = of(second);
            CHECK((x + y).dtype() == row.sum);
            CHECK((x - y).dtype() == row.sum);
            CHECK((x * y).dtype() == row.sum);
            CHECK((x % y).dtype() == row.sum);
            CHECK(floor_divide(x, y).dtype() == row.sum);
            CHECK((x / y).dtype() == row.quotient);
            CHECK(atan2(x, y).dtype() == row.quotient);
            CHECK(maximum(x, y).dtype() == row.maximum);
            CHECK(where(of(b), x, y).dtype() == row.maximum);
            CHECK(concat({x, y}).dtype() == row.maximum);
            CHECK((x == y).dtype() == b);
            CHECK((x < y).dtype() == b);
            test::check_values(x + y, {2}, {2, 2});
            test::check_values(x / y, {2}, {1, 1});
        }
    }
}

TEST_CASE(
    "a number takes the dtype of the tensor, but makes f32 of integers if it is floating and i64 "
    "of bool") {
    struct Row {
        DType tensor, with_bool, with_integer, with_floating;
    };
    const std::vector<Row> table{
        {b, i64, i64, f32},   {i32, i32, i32, f32}, {i64, i64, i64, f32},
        {f32, f32, f32, f32}, {f64, f64, f64, f64},
    };
    for (const Row& row : table) {
        INFO(name(row.tensor));
        const Tensor x = of(row.tensor);
        CHECK((x + true).dtype() == row.with_bool);
        CHECK((x + 1).dtype() == row.with_integer);
        CHECK((1L + x).dtype() == row.with_integer);
        CHECK((x + 1.5).dtype() == row.with_floating);
        CHECK((1.5f + x).dtype() == row.with_floating);
    }
    test::check_values(of(i32) + 1.5, {2}, {2.5, 2.5});
    test::check_values(of(b) + 1, {2}, {2, 2});
    CHECK((of(b) & true).dtype() == b);
    CHECK(where(of(b), 1.0, 0.0).dtype() == f32);
    CHECK(where(of(b), 1, 0).dtype() == i64);
    CHECK(where(of(b), true, false).dtype() == b);
    CHECK(where(of(b), of(f64), 0).dtype() == f64);
    CHECK(clip(of(i32), 0.5, std::nullopt).dtype() == f32);
    CHECK(clip(of(i32), 0, 5).dtype() == i32);
}

TEST_CASE("reductions and floating functions choose their dtypes") {
    CHECK(of(i32).sum().dtype() == i64);
    CHECK(of(b).sum().dtype() == i64);
    CHECK(of(i32).prod().dtype() == i64);
    CHECK(of(f32).sum().dtype() == f32);
    CHECK(of(i64).mean().dtype() == f32);
    CHECK(of(f64).mean().dtype() == f64);
    CHECK(of(i32).max().dtype() == i32);
    CHECK(of(b).max().dtype() == b);
    CHECK(of(f32).any().dtype() == b);
    CHECK(of(f32).argmax().dtype() == i64);
    CHECK(exp(of(i64)).dtype() == f32);
    CHECK(exp(of(f64)).dtype() == f64);
    CHECK(sqrt(of(b)).dtype() == f32);
    CHECK(isnan(of(f32)).dtype() == b);
    CHECK(logical_not(of(f32)).dtype() == b);
    CHECK(matmul(of(f32), of(f64)).dtype() == f64);
    CHECK(matmul(of(i32), of(i64)).dtype() == i64);
}

TEST_CASE("creation takes the dtype of its arguments unless it is told another") {
    CHECK(zeros({1}).dtype() == f32);
    CHECK(zeros({1}, {.dtype = i32}).dtype() == i32);
    CHECK(full({1}, 1).dtype() == i64);
    CHECK(full({1}, 1.0).dtype() == f32);
    CHECK(full({1}, true).dtype() == b);
    CHECK(arange(5).dtype() == i64);
    CHECK(arange(5.0).dtype() == f32);
    CHECK(linspace(0, 1, 3).dtype() == f32);
    CHECK(eye(2).dtype() == f32);
    CHECK(rand({1}).dtype() == f32);
    CHECK(randn({1}, {.dtype = f64}).dtype() == f64);
    CHECK(Tensor::from({1, 2}).dtype() == i32);
    CHECK(Tensor::from({1.0, 2.0}).dtype() == f64);
    CHECK(Tensor::from(std::vector<bool>{true, false}, {2}).dtype() == b);
    CHECK(Tensor::from({1, 2}, {2}, {.requires_grad = true, .dtype = f32}).requires_grad());
}

TEST_CASE("narrow dtypes promote as the array API standard has them") {
    const auto promoted = [](DType a, DType b) { return (of(a) + of(b)).dtype(); };
    CHECK(promoted(DType::u8, DType::u8) == DType::u8);
    CHECK(promoted(DType::u8, DType::i8) == DType::i16);
    CHECK(promoted(DType::i8, DType::u8) == DType::i16);
    CHECK(promoted(DType::u8, DType::i16) == DType::i16);
    CHECK(promoted(DType::i8, DType::i64) == DType::i64);
    CHECK(promoted(DType::f16, DType::f16) == DType::f16);
    CHECK(promoted(DType::f16, DType::bf16) == DType::f32);
    CHECK(promoted(DType::bf16, DType::f32) == DType::f32);
    CHECK(promoted(DType::i64, DType::f16) == DType::f16);
    CHECK((of(DType::f16) * 2.5).dtype() == DType::f16);
    CHECK((of(DType::u8) + 1).dtype() == DType::u8);
    CHECK(of(DType::i8).sum().dtype() == DType::i64);
    CHECK_THROWS_WITH(of(DType::u8) + 256, Catch::Contains("256 does not fit dtype u8"));
}

TEST_CASE("narrow integers wrap, halves round, and data comes back in its type") {
    const Tensor bytes = Tensor::from(std::vector<std::uint8_t>{250, 3});
    test::check_values(bytes + 10, {2}, {4, 13});
    test::check_values(Tensor::from(std::vector<std::int8_t>{-128, 127}) - 1, {2}, {127, 126});
    const Tensor halves = Tensor::from(std::vector<float16>{float16(2048.0F), float16(0.5F)});
    test::check_values(halves + 1, {2}, {2048, 1.5});
    CHECK(static_cast<float>(halves.data<float16>()[0]) == 2048);
    CHECK(ones({3000}, {.dtype = DType::f16}).sum().item<double>() == 3000);
    test::check_values(Tensor::from({1e6, -300.7}).cast(DType::i8), {2}, {127, -128});
    CHECK(Tensor::from({1.01}).cast(DType::bf16).item<double>() == 1.0078125);
}

TEST_CASE("matrices of halves are multiplied in f32 and rounded once") {
    const Tensor a = full({4, 3000}, 0.01, {.dtype = DType::f16});
    const Tensor product = matmul(a, ones({3000, 5}, {.dtype = DType::f16}));
    CHECK(product.dtype() == DType::f16);
    const double element = static_cast<float>(float16(0.01));
    CHECK(product.select(0, 0).select(0, 0).item<double>() ==
          static_cast<float>(float16(3000 * element)));
}
