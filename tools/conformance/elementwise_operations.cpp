#include <latent/activations.h>
#include <latent/elementwise.h>

#include "tools/conformance/operations.h"

namespace latent::conformance {

namespace {

Tensor raised(const Call& call) {
    if (const std::optional<Number> exponent = call.optional_scalar("exponent")) {
        return exponent->kind() == Number::Kind::integer ? pow(call.input(0), exponent->integer())
                                                         : pow(call.input(0), exponent->floating());
    }
    return pow(call.input(0), call.input(1));
}

Gelu gelu_form(const std::string& name) {
    if (name == "none") {
        return Gelu::erf;
    }
    if (name == "tanh") {
        return Gelu::tanh;
    }
    throw Unsupported("approximate: " + name);
}

}  // namespace

Operations elementwise_operations() {
    return {
        {"neg", unary(neg)},
        {"abs", unary(abs)},
        {"sign", unary(sign)},
        {"floor", unary(floor)},
        {"ceil", unary(ceil)},
        {"round", unary(round)},
        {"trunc", unary(trunc)},
        {"square", unary(square)},
        {"sqrt", unary(sqrt)},
        {"rsqrt", unary(rsqrt)},
        {"reciprocal", unary(reciprocal)},
        {"exp", unary(exp)},
        {"exp2", unary(exp2)},
        {"expm1", unary(expm1)},
        {"log", unary(log)},
        {"log2", unary(log2)},
        {"log10", unary(log10)},
        {"log1p", unary(log1p)},
        {"sin", unary(sin)},
        {"cos", unary(cos)},
        {"tan", unary(tan)},
        {"asin", unary(asin)},
        {"acos", unary(acos)},
        {"atan", unary(atan)},
        {"sinh", unary(sinh)},
        {"cosh", unary(cosh)},
        {"tanh", unary(tanh)},
        {"asinh", unary(asinh)},
        {"acosh", unary(acosh)},
        {"atanh", unary(atanh)},
        {"erf", unary(erf)},
        {"erfc", unary(erfc)},
        {"erfinv", unary(erfinv)},
        {"lgamma", unary(lgamma)},
        {"isnan", unary(isnan)},
        {"isinf", unary(isinf)},
        {"isfinite", unary(isfinite)},
        {"logical_not", single([](const Call& call) { return logical_not(call.input(0)); })},
        {"bitwise_not", unary(bitwise_not)},

        {"add", binary(add)},
        {"sub", binary(sub)},
        {"mul", binary(mul)},
        {"div", binary(div)},
        {"maximum", binary(maximum)},
        {"minimum", binary(minimum)},
        {"floor_divide", binary(floor_divide)},
        {"remainder", binary(remainder)},
        {"atan2", binary(atan2)},
        {"hypot", binary(hypot)},
        {"logaddexp", binary(logaddexp)},
        {"eq", binary(eq)},
        {"ne", binary(ne)},
        {"lt", binary(lt)},
        {"le", binary(le)},
        {"gt", binary(gt)},
        {"ge", binary(ge)},
        {"logical_and", binary(logical_and)},
        {"logical_or", binary(logical_or)},
        {"logical_xor", binary(logical_xor)},
        {"bitwise_and", binary(bitwise_and)},
        {"bitwise_or", binary(bitwise_or)},
        {"bitwise_xor", binary(bitwise_xor)},
        {"bitwise_left_shift", binary(bitwise_left_shift)},
        {"bitwise_right_shift", binary(bitwise_right_shift)},
        {"pow", single(raised)},

        {"where", single([](const Call& call) {
             return where(call.input(0), call.input(1), call.input(2));
         })},
        {"clip", single([](const Call& call) {
             return clip(call.input(0), call.optional_scalar("min"), call.optional_scalar("max"));
         })},
        {"cast", single([](const Call& call) { return cast(call.input(0), call.dtype()); })},

        {"relu", unary(relu)},
        {"leaky_relu", single([](const Call& call) {
             return leaky_relu(call.input(0), call.scalar("negative_slope", 0.01));
         })},
        {"elu",
         single([](const Call& call) { return elu(call.input(0), call.scalar("alpha", 1.0)); })},
        {"selu", unary(selu)},
        {"sigmoid", unary(sigmoid)},
        {"log_sigmoid", unary(log_sigmoid)},
        {"silu", unary(silu)},
        {"hardswish", unary(hardswish)},
        {"softplus", unary(softplus)},
        {"mish", unary(mish)},
        {"gelu", single([](const Call& call) {
             return gelu(call.input(0), gelu_form(call.text("approximate", "none")));
         })},
    };
}

}  // namespace latent::conformance
