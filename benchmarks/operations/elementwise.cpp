#include "benchmarks/operations/cases.h"

namespace latent::benchmarks {

namespace {

const Input numbers = normal_numbers({million});
const Input positive = uniform_numbers(0.1, 4, {million});
const Input inside_one = uniform_numbers(-0.99, 0.99, {million});
const Input above_one = uniform_numbers(1, 8, {million});
const Input doubles = normal_numbers({million}, DType::f64);
const Input positive_doubles = uniform_numbers(0.1, 4, {million}, DType::f64);

Compute to(DType dtype) {
    return of([dtype](const Tensor& x) { return x.cast(dtype); });
}

}  // namespace

Cases elementwise_cases() {
    return {
        {"neg", {numbers}, of(neg), with_gradient},
        {"abs", {numbers}, of(abs), with_gradient},
        {"sign", {numbers}, of(sign), with_gradient},
        {"square", {numbers}, of(square), with_gradient},
        {"sqrt", {positive}, of(sqrt), with_gradient},
        {"rsqrt", {positive}, of(rsqrt), with_gradient},
        {"reciprocal", {positive}, of(reciprocal), with_gradient},
        {"exp", {numbers}, of(exp), with_gradient},
        {"exp/f64", {doubles}, of(exp), with_gradient},
        {"exp2", {numbers}, of(exp2), with_gradient},
        {"expm1", {numbers}, of(expm1), with_gradient},
        {"log", {positive}, of(log), with_gradient},
        {"log/f64", {positive_doubles}, of(log), with_gradient},
        {"log2", {positive}, of(log2), with_gradient},
        {"log10", {positive}, of(log10), with_gradient},
        {"log1p", {positive}, of(log1p), with_gradient},
        {"sin", {numbers}, of(sin), with_gradient},
        {"sin/f64", {doubles}, of(sin), with_gradient},
        {"cos", {numbers}, of(cos), with_gradient},
        {"tan", {numbers}, of(tan), with_gradient},
        {"asin", {inside_one}, of(asin), with_gradient},
        {"acos", {inside_one}, of(acos), with_gradient},
        {"atan", {numbers}, of(atan), with_gradient},
        {"sinh", {numbers}, of(sinh), with_gradient},
        {"cosh", {numbers}, of(cosh), with_gradient},
        {"tanh", {numbers}, of(tanh), with_gradient},
        {"tanh/f64", {doubles}, of(tanh), with_gradient},
        {"asinh", {numbers}, of(asinh), with_gradient},
        {"acosh", {above_one}, of(acosh), with_gradient},
        {"atanh", {inside_one}, of(atanh), with_gradient},
        {"erf", {numbers}, of(erf), with_gradient},
        {"erfc", {numbers}, of(erfc), with_gradient},
        {"erfinv", {inside_one}, of(erfinv), with_gradient},
        {"lgamma", {positive}, of(lgamma), with_gradient},
        {"floor", {numbers}, of(floor)},
        {"ceil", {numbers}, of(ceil)},
        {"round", {numbers}, of(round)},
        {"trunc", {numbers}, of(trunc)},
        {"isnan", {numbers}, of(isnan)},
        {"isinf", {numbers}, of(isinf)},
        {"isfinite", {numbers}, of(isfinite)},
        {"logical_not", {booleans({million})}, of([](const Tensor& x) { return logical_not(x); })},
        {"bitwise_not", {integers(-1000, 1000, {million}, DType::i32)}, of(bitwise_not)},

        {"cast/f32 to i32", {numbers}, to(DType::i32)},
        {"cast/f32 to f64", {numbers}, to(DType::f64), with_gradient},
        {"cast/f64 to f32", {doubles}, to(DType::f32), with_gradient},
        {"cast/f32 to bool", {numbers}, to(DType::boolean)},
        {"cast/bool to f32", {booleans({million})}, to(DType::f32)},
        {"cast/i32 to f32", {integers(-1000, 1000, {million}, DType::i32)}, to(DType::f32)},
        {"cast/i64 to f32", {integers(-1000, 1000, {million})}, to(DType::f32)},
        {"cast/f32 to bf16", {numbers}, to(DType::bf16), with_gradient},
        {"cast/f32 to f16", {numbers}, to(DType::f16), with_gradient},

        {"sigmoid", {numbers}, of(sigmoid), with_gradient},
        {"relu", {numbers}, of(relu), with_gradient},
        {"silu", {numbers}, of(silu), with_gradient},
        {"softplus", {numbers}, of(softplus), with_gradient},
        {"log_sigmoid", {numbers}, of(log_sigmoid), with_gradient},
        {"elu", {numbers}, of([](const Tensor& x) { return elu(x); }), with_gradient},
        {"selu", {numbers}, of(selu), with_gradient},
        {"mish", {numbers}, of(mish), with_gradient},
        {"hardswish", {numbers}, of(hardswish), with_gradient},
        {"leaky_relu", {numbers}, of([](const Tensor& x) { return leaky_relu(x); }), with_gradient},
        {"gelu/erf", {numbers}, of([](const Tensor& x) { return gelu(x); }), with_gradient},
        {"gelu/tanh",
         {numbers},
         of([](const Tensor& x) { return gelu(x, Gelu::tanh); }),
         with_gradient},
        {"clip", {numbers}, of([](const Tensor& x) { return clip(x, -0.7, 0.9); }), with_gradient},
        {"pow/2", {numbers}, of([](const Tensor& x) { return pow(x, 2); }), with_gradient},
        {"pow/3", {numbers}, of([](const Tensor& x) { return pow(x, 3); }), with_gradient},
        {"pow/0.5", {positive}, of([](const Tensor& x) { return pow(x, 0.5); }), with_gradient},
        {"pow/-1.3", {positive}, of([](const Tensor& x) { return pow(x, -1.3); }), with_gradient},
    };
}

}  // namespace latent::benchmarks
