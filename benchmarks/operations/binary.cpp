#include "benchmarks/operations/cases.h"

namespace latent::benchmarks {

namespace {

Compute binary(Tensor (*function)(const Operand&, const Operand&)) {
    return of([function](const Tensor& a, const Tensor& b) { return function(a, b); });
}

}  // namespace

Cases binary_cases() {
    const Input a = normal_numbers({million});
    const Input positive = uniform_numbers(0.1, 4, {million});
    const Input bits = integers(0, 1000, {million}, DType::i32);
    const Input wide = integers(1, 1000, {million}, DType::i64);
    const Input mask = booleans({million});
    const Input half = normal_numbers({million}, DType::bf16);
    const Input matrix = normal_numbers({1024, 1024});
    return {
        {"add", {a, a}, binary(add), with_gradient},
        {"add/row", {matrix, normal_numbers({1024})}, binary(add), with_gradient},
        {"add/column", {matrix, normal_numbers({1024, 1})}, binary(add), with_gradient},
        {"add/number", {a}, of([](const Tensor& x) { return x + 1.5; }), with_gradient},
        {"add/transposed",
         {matrix, matrix},
         of([](const Tensor& x, const Tensor& y) { return x + y.transpose(); }),
         with_gradient},
        {"add/i64", {wide, wide}, binary(add)},
        {"add/bf16", {half, half}, binary(add), with_gradient},
        {"sub", {a, a}, binary(sub), with_gradient},
        {"mul", {a, a}, binary(mul), with_gradient},
        {"mul/i64", {wide, wide}, binary(mul)},
        {"div", {a, positive}, binary(div), with_gradient},
        {"minimum", {a, a}, binary(minimum), with_gradient},
        {"maximum", {a, a}, binary(maximum), with_gradient},
        {"atan2", {a, positive}, binary(atan2), with_gradient},
        {"hypot", {a, positive}, binary(hypot), with_gradient},
        {"logaddexp", {a, a}, binary(logaddexp), with_gradient},
        {"pow/tensors", {positive, a}, binary(pow), with_gradient},
        {"floor_divide", {a, positive}, binary(floor_divide)},
        {"floor_divide/i64", {wide, wide}, binary(floor_divide)},
        {"remainder", {a, positive}, binary(remainder)},
        {"remainder/i64", {wide, wide}, binary(remainder)},
        {"eq", {bits, bits}, binary(eq)},
        {"ne", {bits, bits}, binary(ne)},
        {"lt", {a, a}, binary(lt)},
        {"le", {a, a}, binary(le)},
        {"gt", {a, a}, binary(gt)},
        {"ge", {a, a}, binary(ge)},
        {"logical_and", {mask, mask}, binary(logical_and)},
        {"logical_or", {mask, mask}, binary(logical_or)},
        {"logical_xor", {mask, mask}, binary(logical_xor)},
        {"bitwise_and", {bits, bits}, binary(bitwise_and)},
        {"bitwise_or", {bits, bits}, binary(bitwise_or)},
        {"bitwise_xor", {bits, bits}, binary(bitwise_xor)},
        {"where",
         {mask, a, a},
         of([](const Tensor& condition, const Tensor& x, const Tensor& y) {
             return where(condition, x, y);
         }),
         with_gradient},
    };
}

}  // namespace latent::benchmarks
