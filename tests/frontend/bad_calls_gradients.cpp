#include "tests/frontend/bad_calls.h"

namespace latent::test {

void check_gradient_calls(Refusals& refusals) {
    const Tensor none;
    const Tensor x = leaf(zeros({2, 3}));
    const Tensor other = leaf(zeros({2}));
    const Tensor loss = square(x).sum();
    const auto total = [](const Tensor& at) { return square(at).sum(); };
    const auto doubled = [](const Tensor& at) { return at * 2; };
    const auto constant = [](const Tensor&) { return full({}, 1.0); };
    refusals.check_undefined({
        {__LINE__, "grad", [&] { grad(none, {x}); }, ""},
        {__LINE__, "grad", [&] { grad(loss, {none}); }, ""},
        {__LINE__, "vjp", [&] { vjp(loss, {x}, none); }, ""},
        {__LINE__, "value_and_grad", [&] { value_and_grad(total, none); }, ""},
        {__LINE__, "jvp", [&] { jvp(total, x, none); }, ""},
        {__LINE__, "hvp", [&] { hvp(total, none, x); }, ""},
        {__LINE__, "jacobian", [&] { jacobian(total, none); }, ""},
        {__LINE__, "hessian", [&] { hessian(total, none); }, ""},
        {__LINE__, "stop_gradient", [&] { stop_gradient(none); }, ""},
        {__LINE__, "eval", [&] { eval(none); }, ""},
        {__LINE__, "eval", [&] { eval(std::vector{x, none}); }, ""},
        {__LINE__, "eval", [&] { eval(x, none, std::pair(x, loss)); }, ""},
        {__LINE__, "eval", [&] { eval(std::span(&none, 1)); }, ""},
        {__LINE__, "explain", [&] { explain(none); }, ""},
        {__LINE__, "explain", [&] { explain(x, none); }, ""},
        {__LINE__, "profile", [&] { profile(x, none); }, ""},
        {__LINE__, "compile", [&] { compile([&](const Tensor&) { return none; })(x); }, ""},
        {__LINE__, "backward", [&] { none.backward(); }, ""},
        {__LINE__, "checkpoint", [&] { checkpoint(total, none); }, ""},
    });
    refusals.check<GradientError>({
        {__LINE__, "grad", [&] { grad(x, {x}); },
         "a value of shape [2,3] needs a cotangent; only one with a single element starts"},
        {__LINE__, "grad", [&] { grad(loss, {x, other}); },
         "f32[] does not depend on input 1, f32[2], through differentiable operations"},
        {__LINE__, "grad", [&] { grad(arange(3).sum(), {x}); },
         "only floating values have derivatives, not i64[]"},
        {__LINE__, "backward", [&] { square(x).backward(); }, "a value of shape [2,3] needs"},
        {__LINE__, "Gradients", [&] { loss.backward()[zeros({2})]; },
         "f32[2] does not require a gradient"},
        {__LINE__, "Gradients", [&] { loss.backward()[other]; },
         "none reaches f32[2]; the value that was differentiated does not depend on it"},
        {__LINE__, "eval",
         [&] {
             const auto rule = [](auto, auto, const Tensor& cotangent) { return cotangent.eval(); };
             vjp(custom_vjp(doubled, rule)(x), {x}, x);
         },
         "a backward rule builds a graph; it cannot evaluate one"},
        {__LINE__, "profile",
         [&] {
             const auto rule = [](auto, auto, const Tensor& cotangent) {
                 profile(cotangent);
                 return cotangent;
             };
             vjp(custom_vjp(doubled, rule)(x), {x}, x);
         },
         "a backward rule builds a graph; it cannot evaluate one"},
        {__LINE__, "backward", [&] { zeros({}).backward(); },
         "f32[] does not depend on anything that requires a gradient"},
        {__LINE__, "backward", [&] { x.backward(zeros({3, 2})); },
         "a cotangent f32[3,2] does not fit f32[2,3]"},
        {__LINE__, "vjp", [&] { vjp(x, {x}, zeros({3})); },
         "a cotangent f32[3] does not fit f32[2,3]"},
        {__LINE__, "vjp", [&] { vjp(x, {x}, zeros({2, 3}, {.dtype = DType::f64})); },
         "a cotangent f64[2,3] does not fit f32[2,3]"},
        {__LINE__, "vjp", [&] { vjp(x, {other}, x); }, "f32[2,3] does not depend on input 0"},
        {__LINE__, "jvp", [&] { jvp(total, x, zeros({2})); },
         "a tangent f32[2] does not fit f32[2,3]"},
        {__LINE__, "jvp", [&] { jvp(constant, x, x); }, "result 0, f32[], does not depend"},
        {__LINE__, "hvp", [&] { hvp(total, x, zeros({2})); },
         "a tangent f32[2] does not fit f32[2,3]"},
    });
    refusals.check<GradientError>({
        {__LINE__, "grad", [&] { value_and_grad(doubled, x); }, ""},
        {__LINE__, "grad", [&] { hvp(constant, x, x); }, ""},
        {__LINE__, "grad", [&] { hessian(doubled, x); }, ""},
        {__LINE__, "vjp", [&] { jacobian(constant, x); }, ""},
    });
    const Tensor deep = ones(std::vector<int>(7, 1));
    refusals.check<ShapeError>({
        {__LINE__, "jacobian", [&] { jacobian(doubled, deep); },
         "needs 14 dimensions, and tensors have at most 12"},
        {__LINE__, "hessian", [&] { hessian(total, deep); },
         "needs 14 dimensions, and tensors have at most 12"},
    });
    refusals.check<ValueError>({
        {__LINE__, "checkpoint",
         [&] { checkpoint([&](const std::vector<Tensor>&) { return x; }, std::vector<Tensor>{}); },
         "needs an input, got none"},
    });
    refusals.check<TypeError>({
        {__LINE__, "value_and_grad", [&] { value_and_grad(total, zeros({2}) != 0); },
         "only floating tensors can require a gradient, got bool"},
    });
}

}  // namespace latent::test
