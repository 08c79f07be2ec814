#include <latent/runtime.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <thread>

#include "codegen/runtime/context.h"
#include "tests/frontend/support.h"

using namespace latent;
using test::check_values;

namespace {

/// exp with a backward rule that is twice the derivative, so that it is seen to be used.
const auto doubled_exp = custom_vjp([](const Tensor& x) { return exp(x); },
                                    [](const Tensor&, const Tensor& result,
                                       const Tensor& cotangent) { return 2 * cotangent * result; });

struct Inputs {
    Tensor x, y, index;
    void visit(auto&& visitor) { visitor(x, y, index); }
};

Tensor f64(const std::vector<double>& elements) {
    return Tensor::from(elements, {elements.size()});
}

/// The most bytes that evaluating `tensors` holds at once, beyond those that were held before.
std::uint64_t peak_bytes(const std::vector<Tensor>& tensors) {
    codegen::runtime::context().memory().reset_peak();
    const std::uint64_t before = counters().bytes_now;
    eval(tensors);
    return counters().bytes_peak - before;
}

constexpr int depth = 40;

/// Rows, which are stored one by one: a value of each is needed backward.
Tensor block(const Tensor& x) {
    Tensor h = x;
    for (int i = 0; i < 4; ++i) {
        h = sin(h) * softmax(h, 1);
    }
    return h;
}

Tensor chain(const Tensor& x, bool checkpointed) {
    Tensor h = x;
    for (int i = 0; i < depth; ++i) {
        h = checkpointed ? checkpoint(block, h) : block(h);
    }
    return h.sum();
}

}  // namespace

TEST_CASE("custom_vjp computes forward, and its gradient is the rule's") {
    const Tensor x = f64({0, 1});
    const auto [value, gradient] =
        value_and_grad([](const Tensor& at) { return doubled_exp(at).sum(); }, x);
    check_values(value, {}, {1 + std::exp(1)});
    check_values(gradient, {2}, {2, 2 * std::exp(1)});
}

TEST_CASE("the gradient of a custom_vjp's gradient goes through its backward rule") {
    const Tensor x = leaf(f64({0, 1}));
    const Tensor first = grad(doubled_exp(x).sum(), {x})[0];
    // The rule's result is 2 ct y, and y has the rule's derivative 2 y again.
    check_values(grad(first.sum(), {x})[0], {2}, {4, 4 * std::exp(1)});
}

TEST_CASE("custom_vjp takes trees; an undefined part is zero; integers get none") {
    const auto taken =
        custom_vjp([](const Inputs& in) { return take(in.x * in.y, in.index, 0); },
                   [](const Inputs& in, const Tensor&, const Tensor& cotangent) {
                       return Inputs{zeros_like(in.x) + cotangent.sum() * 7.0, {}, {}};
                   });
    const Inputs in{leaf(f64({1, 2})), leaf(f64({3, 4})), Tensor::from({1})};
    const Tensor y = taken(in);
    check_values(y, {1}, {8});
    const Gradients gradients = y.sum().backward();
    check_values(gradients[in.x], {2}, {7, 7});
    check_values(gradients[in.y], {2}, {0, 0});
}

TEST_CASE("what a custom_vjp captures gets no gradient") {
    const Tensor w = leaf(f64({3}));
    const Tensor x = leaf(f64({2}));
    const auto times_w =
        custom_vjp([&](const Tensor& at) { return at * w; },
                   [](const Tensor&, const Tensor&, const Tensor& cotangent) { return cotangent; });
    const Gradients gradients = times_w(x).sum().backward();
    CHECK(gradients.contains(x));
    CHECK_THROWS_AS(gradients[w], GradientError);
}

TEST_CASE("a backward rule that returns another shape or evaluates is refused") {
    const Tensor x = leaf(f64({1, 2}));
    const auto wrong = custom_vjp(
        [](const Tensor& at) { return exp(at); },
        [](const Tensor&, const Tensor&, const Tensor& cotangent) { return cotangent.sum(); });
    CHECK_THROWS_WITH(grad(wrong(x).sum(), {x}),
                      Catch::Contains("f64[]") && Catch::Contains("f64[2]"));
    const auto evaluating = custom_vjp([](const Tensor& at) { return exp(at); },
                                       [](const Tensor&, const Tensor&, const Tensor& cotangent) {
                                           return cotangent * cotangent.sum().item<double>();
                                       });
    CHECK_THROWS_AS(grad(evaluating(x).sum(), {x}), GradientError);
    check_values(grad(doubled_exp(x).sum(), {x})[0], {2}, {2 * std::exp(1), 2 * std::exp(2)});
}

TEST_CASE("steps with a custom_vjp or a checkpoint share one plan") {
    const auto step = [](double at) {
        return value_and_grad(
                   [](const Tensor& x) {
                       return checkpoint([](const Tensor& h) { return doubled_exp(h) * h; }, x)
                           .sum();
                   },
                   f64({at, 1}))
            .second.eval();
    };
    step(0.5);
    const Counters before = counters();
    check_values(step(2), {2}, {std::exp(2) * 5, std::exp(1) * 3});
    const Counters after = counters();
    CHECK(after.kernels_compiled == before.kernels_compiled);
    CHECK(after.memory_hits == before.memory_hits);
    CHECK(after.disk_hits == before.disk_hits);
}

TEST_CASE("several threads differentiate one custom_vjp and one checkpoint", "[concurrency]") {
    const Tensor x = leaf(f64({0, 1}));
    const Tensor loss =
        checkpoint([](const Tensor& h) { return doubled_exp(h) * doubled_exp(h); }, x).sum();
    std::array<double, 4> sums{};
    std::vector<std::thread> threads;
    for (double& sum : sums) {
        threads.emplace_back([&] { sum = loss.backward()[x].sum().item<double>(); });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    for (const double sum : sums) {
        CHECK(sum == Approx(4 * (1 + std::exp(2))));
    }
}

TEST_CASE("a checkpoint has the values and gradients of its function") {
    const Tensor w = test::sample({4, 4});
    const auto layer = [&](const Tensor& x) { return tanh(matmul(x, w)); };
    const auto loss = [&](bool checkpointed) {
        return [&layer, checkpointed](const Tensor& x) {
            const Tensor h = checkpointed ? checkpoint(layer, x) : layer(x);
            return (h * h).sum();
        };
    };
    const Tensor x = test::sample({3, 4});
    const auto [plain, plain_gradient] = value_and_grad(loss(false), x);
    const auto [value, gradient] = value_and_grad(loss(true), x);
    check_values(value, {}, test::values(plain));
    check_values(gradient, {3, 4}, test::values(plain_gradient), 1e-12);
    check_values(hvp(loss(true), x, x), {3, 4}, test::values(hvp(loss(false), x, x)), 1e-10);
    const Tensor evaluated_first = leaf(x);
    const Tensor late = loss(true)(evaluated_first).eval();
    check_values(late.backward()[evaluated_first], {3, 4}, test::values(plain_gradient), 1e-12);
}

TEST_CASE("what a checkpoint captures gets its gradient, nested ones too") {
    const Tensor w = leaf(test::sample({3}));
    const auto inner = [&](const Tensor& x) { return sin(x * w); };
    const auto outer = [&](const Tensor& x) { return checkpoint(inner, x * x) + w; };
    const Tensor x = leaf(test::sample({3}));
    const Gradients nested = checkpoint(outer, x).sum().backward();
    const Gradients plain = (sin(x * x * w) + w).sum().backward();
    check_values(nested[x], {3}, test::values(plain[x]), 1e-12);
    check_values(nested[w], {3}, test::values(plain[w]), 1e-12);
}

TEST_CASE("a checkpoint returns trees, and its random numbers are the same again") {
    const Tensor x = leaf(full({1000}, 1.0f, {.dtype = DType::f64}));
    const auto results = checkpoint(
        [](const Tensor& at) {
            const Tensor noise = rand({1000}, {.dtype = DType::f64});
            return std::vector{at * noise, at.sum()};
        },
        x);
    const Tensor gradient = (results[0].sum() + results[1]).backward()[x];
    check_values(gradient, {1000}, test::values(results[0] + 1.0), 1e-12);
    CHECK_THROWS_AS(checkpoint([](const std::vector<Tensor>&) { return full({}, 1.0f); },
                               std::vector<Tensor>{}),
                    ValueError);
}

TEST_CASE("a checkpointed chain needs less memory for its gradient") {
    const Tensor x = test::sample({64, 64});
    const auto gradient = [&](bool checkpointed) {
        const auto [value, slope] =
            value_and_grad([&](const Tensor& at) { return chain(at, checkpointed); }, x);
        return std::vector{value, slope};
    };
    const std::uint64_t kept = peak_bytes(gradient(false));
    const std::uint64_t again = peak_bytes(gradient(true));
    INFO("kept: " << kept << ", computed again: " << again);
    CHECK(3 * again < kept);
}

TEST_CASE("forward mode through a checkpoint or a rule gives what it gives without them") {
    using Function = std::function<Tensor(const Tensor&)>;
    const auto checkpointed = [](const Function& function) -> Function {
        return [function](const Tensor& x) { return checkpoint(function, x); };
    };
    const Function square = [](const Tensor& x) { return x * x; };
    const Function root = [](const Tensor& x) { return sqrt(x); };
    const Function rule = custom_vjp(
        square, [](const Tensor& x, const Tensor&, const Tensor& ct) { return ct * (2 * x); });
    // Each above a square root, whose tangent is infinite at zero, where their derivative is zero.
    const std::vector<std::pair<const char*, Function>> above = {
        {"square", square},
        {"rule", rule},
        {"cosine", [](const Tensor& x) { return cos(x); }},
        {"product", [](const Tensor& x) { return x.prod(); }},
        {"sums", [](const Tensor& x) { return (x.reshape({2, 1}) * x).sum({0}) * x; }},
        {"softmax", [](const Tensor& x) { return softmax(x - where(x > 1, 0.0, 1000.0), 0); }},
        {"gelu", [](const Tensor& x) { return gelu(x - 100, Gelu::tanh); }},
        {"zero over x", [](const Tensor& x) { return 0 / (x + 1); }},
        {"angle", [](const Tensor& x) { return atan2(zeros_like(x), x + 1); }},
        {"quotient", [](const Tensor& x) { return atan(1 / x); }},
        {"power", [](const Tensor& x) { return pow(x, 3); }},
        {"nothing", [](const Tensor& x) { return floor(x); }},
    };
    const Tensor x = f64({0, 4});
    const Tensor u = f64({1, 2});
    for (const auto& [name, function] : above) {
        INFO(name);
        const Function composed = [&](const Tensor& at) { return function(root(at)); };
        const auto [value, moved] = jvp(composed, x, u);
        const std::vector<double> expected = test::values(moved);
        CHECK(std::ranges::none_of(expected, [](double e) { return std::isnan(e); }));
        const Function inner = checkpointed(function);
        const std::vector<std::pair<const char*, Function>> forms = {
            {"the function", [&](const Tensor& at) { return inner(root(at)); }},
            {"twice", [&](const Tensor& at) { return checkpointed(inner)(root(at)); }},
            {"both", [&](const Tensor& at) { return inner(checkpointed(root)(at)); }},
            {"around both", checkpointed(composed)},
            {"around one", checkpointed([&](const Tensor& at) { return inner(root(at)); })},
            {"around each",
             checkpointed([&](const Tensor& at) { return inner(checkpointed(root)(at)); })},
        };
        // The derivatives away from zero, and how they bend there.
        const auto away = [&](const Function& of) {
            return test::values(jvp(of, x + 1, u).second);
        };
        const auto bent = [&](const Function& of) {
            return hvp([&](const Tensor& at) { return of(at).sum(); }, x + 1, u);
        };
        for (const auto& [form, again] : forms) {
            INFO(form);
            check_values(jvp(again, x, u).second, moved.shape(), expected);
            check_values(jvp(again, x + 1, u).second, moved.shape(), away(composed), 1e-12);
            check_values(bent(again), x.shape(), test::values(bent(composed)), 1e-12);
        }
    }
}
