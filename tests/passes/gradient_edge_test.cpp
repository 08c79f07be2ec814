#include <catch2/catch.hpp>
#include <limits>

#include "tests/passes/gradient_testing.h"

using namespace latent;
using namespace latent::testing;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// The last result of `text` is differentiated, with `cotangent`, with respect to the others. All
/// parameters are f64.
struct EdgeCase {
    std::string what;
    std::string text;
    std::vector<std::vector<double>> inputs;
    std::vector<double> cotangent;
    std::vector<std::vector<double>> gradients;
};

EdgeCase unary(const std::string& op, std::vector<double> at, std::vector<double> cotangent,
               std::vector<double> gradient) {
    const std::string text =
        vector_parameters(1, at.size()) + "%y = " + op + " %p0\nreturn %p0, %y";
    return {op, text, {std::move(at)}, std::move(cotangent), {std::move(gradient)}};
}

EdgeCase binary(const std::string& op, std::vector<double> a, std::vector<double> b,
                std::vector<double> cotangent, std::vector<double> to_a, std::vector<double> to_b) {
    const std::string text =
        vector_parameters(2, a.size()) + "%y = " + op + " %p0, %p1\nreturn %p0, %p1, %y";
    return {op,
            text,
            {std::move(a), std::move(b)},
            std::move(cotangent),
            {std::move(to_a), std::move(to_b)}};
}

EdgeCase constant_power(const std::string& exponent, std::vector<double> at,
                        std::vector<double> gradient) {
    const std::string shape = std::to_string(at.size());
    const std::vector<double> ones(at.size(), 1.0);
    return {"pow to " + exponent,
            vector_parameters(1, at.size()) + "%n = " + exponent + "\n%e = broadcast %n {shape=[" +
                shape + "], axes=[]}\n%y = pow %p0, %e\n" + "return %p0, %y",
            {std::move(at)},
            ones,
            {std::move(gradient)}};
}

EdgeCase reduction(const std::string& op, std::vector<double> at, std::vector<double> gradient) {
    return {op,
            vector_parameters(1, at.size()) + "%y = " + op + " %p0 {axes=[0]}\nreturn %p0, %y",
            {std::move(at)},
            {1},
            {std::move(gradient)}};
}

/// where(x > 0, f(x), 0) at points where f has an infinite or undefined derivative.
EdgeCase dead_branch(const std::string& body, std::vector<double> at, double slope_at_last) {
    const std::size_t extent = at.size();
    std::vector<double> gradient(at.size(), 0.0);
    gradient.back() = slope_at_last;
    const std::vector<double> ones(at.size(), 1.0);
    return {"dead branch of " + body,
            vector_parameters(1, extent) + "%zero = constant {value=f64:0}\n%zeros = broadcast " +
                "%zero {shape=[" + std::to_string(extent) + "], axes=[]}\n" + body +
                "\n%c = greater %p0, %zeros\n%y = select %c, %f, %zeros\nreturn %p0, %y",
            {std::move(at)},
            ones,
            {std::move(gradient)}};
}

std::vector<EdgeCase> zero_cotangent_cases() {
    return {
        unary("sqrt", {0, 0, -1}, {0, 1, 0}, {0, infinity, 0}),
        unary("log", {0, 0, not_a_number}, {0, 1, 0}, {0, infinity, 0}),
        unary("log1p", {-1, -1}, {0, 1}, {0, infinity}),
        unary("exp", {infinity, infinity}, {0, 1}, {0, infinity}),
        unary("expm1", {infinity, not_a_number}, {0, 0}, {0, 0}),
        unary("sinh", {infinity, -infinity}, {0, 0}, {0, 0}),
        unary("cosh", {infinity, -infinity}, {0, 0}, {0, 0}),
        unary("tan", {infinity, not_a_number}, {0, 0}, {0, 0}),
        unary("asin", {1, 1, 2}, {0, 1, 0}, {0, infinity, 0}),
        unary("acos", {1, -1, 1}, {0, 0, 1}, {0, 0, -infinity}),
        unary("acosh", {1, 1, 0}, {0, 1, 0}, {0, infinity, 0}),
        unary("atanh", {1, -1, 1}, {0, 0, 1}, {0, 0, infinity}),
        {"reduce_prod",
         vector_parameters(1, 2) + "%y = reduce_prod %p0 {axes=[0]}\nreturn %p0, %y",
         {{infinity, 2}},
         {0},
         {{0, 0}}},
        binary("div", {1, 0, 1}, {0, 0, not_a_number}, {0, 0, 0}, {0, 0, 0}, {0, 0, 0}),
        binary("atan2", {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}),
        binary("pow", {0, -1, 0}, {-1, 0.5, 0.5}, {0, 0, 0}, {0, 0, 0}, {0, 0, 0}),
        binary("remainder", {1, 1}, {0, not_a_number}, {0, 0}, {0, 0}, {0, 0}),
    };
}

std::vector<EdgeCase> tie_and_zero_cases() {
    return {
        unary("abs", {0, -0.0, -2, 3}, {1, 1, 1, 1}, {0, 0, -1, 1}),
        unary("sign", {0, -2}, {1, 1}, {0, 0}),
        unary("floor", {0.5, 1}, {1, 1}, {0, 0}),
        unary("ceil", {0.5, 1}, {1, 1}, {0, 0}),
        unary("round", {0.5, 1}, {1, 1}, {0, 0}),
        unary("trunc", {0.5, 1}, {1, 1}, {0, 0}),
        binary("maximum", {1, 2, 2, not_a_number, 1}, {2, 1, 2, 1, not_a_number}, {4, 4, 4, 4, 4},
               {0, 4, 2, 4, 0}, {4, 0, 2, 0, 4}),
        binary("minimum", {1, 2, 2, not_a_number, 1}, {2, 1, 2, 1, not_a_number}, {4, 4, 4, 4, 4},
               {4, 0, 2, 4, 0}, {0, 4, 2, 0, 4}),
        binary("floor_divide", {7, -7}, {2, 2}, {1, 1}, {0, 0}, {0, 0}),
        binary("remainder", {7, -7}, {2, 2}, {1, 1}, {1, 1}, {-3, 4}),
        binary("pow", {0, 0, 0, 2}, {2, 1, 0, 0}, {1, 1, 1, 1}, {0, 1, 0, 0},
               {0, 0, 0, std::log(2.0)}),
        constant_power("constant {value=f64:2}", {0, -3, 2}, {0, -6, 4}),
        constant_power("scalar {value=f64:2}", {0, -3, 2}, {0, -6, 4}),
        constant_power("constant {value=f64:3}", {0, -2}, {0, 12}),
        constant_power("scalar {value=f64:3}", {0, -2}, {0, 12}),
        constant_power("constant {value=f64:1}", {0, -2}, {1, 1}),
        constant_power("scalar {value=f64:1}", {0, -2}, {1, 1}),
        constant_power("constant {value=f64:0}", {0, -2}, {0, 0}),
        constant_power("scalar {value=f64:0}", {0, -2}, {0, 0}),
        constant_power("constant {value=f64:-1}", {-2, 4}, {-0.25, -0.0625}),
        constant_power("constant {value=f64:0.5}", {0, 4}, {infinity, 0.25}),
        reduction("reduce_max", {3, 1, 3, 3}, {1.0 / 3, 0, 1.0 / 3, 1.0 / 3}),
        reduction("reduce_min", {1, 1, 2}, {0.5, 0.5, 0}),
        reduction("reduce_max", {5, not_a_number, 7, not_a_number}, {0, 0.5, 0, 0.5}),
        reduction("reduce_max", {infinity, 1, infinity}, {0.5, 0, 0.5}),
        reduction("reduce_prod", {2, 3, 5}, {15, 10, 6}),
        reduction("reduce_prod", {2, 0, 5, 3}, {0, 30, 0, 0}),
        reduction("reduce_prod", {0, 0, 5}, {0, 0, 0}),
        reduction("reduce_prod", {7}, {1}),
        reduction("reduce_prod", {0}, {1}),
    };
}

std::vector<EdgeCase> dead_branch_cases() {
    return {
        dead_branch("%f = sqrt %p0", {0, -1, 4}, 0.25),
        dead_branch("%f = log %p0", {0, -1, not_a_number, 4}, 0.25),
        dead_branch("%f = div %p0, %p0", {0, not_a_number, 4}, 0),
        dead_branch("%l = log %p0\n%f = mul %p0, %l", {0, -1, 1}, 1),
        dead_branch("%l = log %p0\n%m = mul %l, %l\n%f = abs %m", {0, -1, std::exp(1.0)},
                    2 / std::exp(1.0)),
        dead_branch("%s = sqrt %p0\n%f = div %s, %p0", {0, -1, 4}, -1.0 / 16),
        dead_branch("%e = neg %p0\n%g = exp %e\n%h = mul %g, %g\n%f = sin %h",
                    {-1000, -infinity, 1}, -2 * std::exp(-2.0) * std::cos(std::exp(-2.0))),
        dead_branch("%f = pow %p0, %p0", {0, -1, 1}, 1),
    };
}

void check_edges(const std::vector<EdgeCase>& cases) {
    for (const EdgeCase& edge : cases) {
        INFO(edge.what << "\n" << edge.text);
        const ir::Graph graph = ir::parse(edge.text);
        const ir::Value output = graph.results.back();
        const auto index = static_cast<std::int64_t>(edge.inputs.size());
        const ir::Value cotangent = ir::parameter(index, output.type(), {});
        const auto wanted = std::span(graph.results).first(graph.results.size() - 1);
        const auto gradients = passes::gradients(output, cotangent, wanted, {});
        Arrays inputs;
        for (std::size_t i = 0; i < edge.inputs.size(); ++i) {
            inputs.push_back(Array::from<double>(edge.inputs[i], wanted[i].type().shape));
        }
        inputs.push_back(Array::from<double>(edge.cotangent, output.type().shape));
        REQUIRE(gradients.size() == edge.gradients.size());
        for (std::size_t i = 0; i < gradients.size(); ++i) {
            REQUIRE(gradients[i]);
            const std::vector<double> got = evaluate(gradients[i], inputs);
            REQUIRE(got.size() == edge.gradients[i].size());
            for (std::size_t element = 0; element < got.size(); ++element) {
                INFO("operand " << i << ", element " << element << " is " << got[element]);
                const double expected = edge.gradients[i][element];
                const bool same_infinity = std::isinf(expected) && got[element] == expected;
                CHECK((same_infinity || got[element] == Approx(expected).epsilon(1e-12)));
            }
        }
    }
}

/// The second derivative of `text`'s scalar result with respect to its one parameter, rank 0.
double second_derivative(std::string_view text, double at) {
    const ir::Graph graph = ir::parse(text);
    const auto parameters = parameters_of(graph.results);
    const ir::Value first = passes::gradients(graph.results.front(), {}, parameters, {}).front();
    const ir::Value second = passes::gradients(first, {}, parameters, {}).front();
    const Array input = Array::from<double>(std::span(&at, 1), {});
    return evaluate(second, {input}).front();
}

}  // namespace

TEST_CASE("a zero cotangent contributes zero where the derivative is infinite or undefined") {
    check_edges(zero_cotangent_cases());
}

TEST_CASE("ties share the gradient, and kinks, zeros and NaN have the documented one") {
    check_edges(tie_and_zero_cases());
}

TEST_CASE("the branch of a select that is not taken leaks neither NaN nor infinity") {
    check_edges(dead_branch_cases());
}

TEST_CASE("elements that an op leaves out leak nothing into the gradient") {
    // Each takes the middle one of three.
    const std::vector<std::string> takes = {
        "%y = slice %f {start=[1], stop=[2], step=[1]}",
        "%o = constant {value=f64:0}\n%y = pad %f, %o {low=[-1], high=[-1], interior=[0]}",
        "%i = constant {value=i64:1}\n%g = gather %f, %i {axis=0}\n%y = reshape %g {shape=[1]}",
        "%s = slice %f {start=[0], stop=[2], step=[1]}\n%r = flip %s {axes=[0]}\n"
        "%w = window %r {axes=[0], size=[1], stride=[2], dilation=[1]}\n"
        "%y = reshape %w {shape=[1]}",
    };
    std::vector<EdgeCase> cases;
    for (const std::string& take : takes) {
        cases.push_back({take,
                         vector_parameters(1, 3) + "%l = log %p0\n%f = mul %p0, %l\n" + take +
                             "\nreturn %p0, %y",
                         {{0, 1, not_a_number}},
                         {1},
                         {{0, 1, 0}}});
    }
    check_edges(cases);
}

TEST_CASE("the second derivative is right where the first cotangent is zero") {
    // (log x)^2 / 2 has the second derivative (1 - log x) / x^2, and a zero cotangent at x = 1.
    CHECK(second_derivative(R"(
        %x = parameter {index=0, dtype=f64, shape=[]}
        %h = constant {value=f64:0.5}
        %l = log %x
        %s = mul %l, %l
        %y = mul %s, %h
        return %y)",
                            1.0) == Approx(1.0));
}

TEST_CASE("powers have right second derivatives at zero and at negative bases") {
    const auto power = [](const std::string& kind, double at) {
        return second_derivative("%x = parameter {index=0, dtype=f64, shape=[]}\n%n = " + kind +
                                     "\n%y = pow %x, %n\nreturn %y",
                                 at);
    };
    for (const double at : {0.0, -3.0}) {
        CHECK(power("constant {value=f64:2}", at) == 2);
        CHECK(power("scalar {value=f64:2}", at) == 2);
        CHECK(power("constant {value=f64:3}", at) == 6 * at);
        CHECK(power("scalar {value=f64:3}", at) == 6 * at);
        CHECK(power("scalar {value=f64:1}", at) == 0);
    }
}

TEST_CASE("the Hessian of a product is exact with one and with two zeros") {
    // Of x0 x1 x2: the entry (i, j) is the third element, the diagonal is zero.
    const ir::Value x = ir::parameter(0, {DType::f64, {3}}, {});
    const std::int64_t axis = 0;
    const ir::Value product = ir::reduce(ir::Op::reduce_prod, x, std::span(&axis, 1), {});
    const ir::Value gradient = passes::gradients(product, {}, std::span(&x, 1), {}).front();
    const ir::Value weights = ir::parameter(1, {DType::f64, {3}}, {});
    const ir::Value row = passes::gradients(gradient, weights, std::span(&x, 1), {}).front();
    for (const std::vector<double>& at : {std::vector<double>{2, 0, 5}, {0, 0, 5}, {2, 3, 5}}) {
        for (std::size_t i = 0; i < 3; ++i) {
            std::vector<double> unit(3, 0.0);
            unit[i] = 1;
            const Arrays inputs{Array::from<double>(at, {3}), Array::from<double>(unit, {3})};
            const std::vector<double> got = evaluate(row, inputs);
            for (std::size_t j = 0; j < 3; ++j) {
                CHECK(got[j] == (i == j ? 0 : at[3 - i - j]));
            }
        }
    }
}
