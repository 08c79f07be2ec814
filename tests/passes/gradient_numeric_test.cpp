#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iterator>
#include <set>

#include "tests/passes/gradient_cases.h"

using namespace latent;
using namespace latent::testing;

namespace {

/// sum(value * weights), with fresh random weights as one more parameter.
ir::Value weighted_sum(const ir::Value& value, Problem& problem, std::mt19937_64& generator) {
    const ir::Value weights = add_parameter(problem, value.type(), {}, generator);
    return sum_all(ir::make(ir::Op::mul, {value, weights}, {}));
}

/// Checks the gradient of `scalar` against finite differences, for every floating parameter, and
/// returns it. An absent gradient (a linear function has no second derivative) must be zero.
std::vector<ir::Value> check_gradient(const ir::Value& scalar, const Problem& problem) {
    const auto gradients = passes::gradients(scalar, {}, problem.parameters, {});
    for (std::size_t i = 0; i < gradients.size(); ++i) {
        const ir::Type& type = problem.parameters[i].type();
        if (!is_floating(type.dtype)) {
            CHECK_FALSE(gradients[i]);
            continue;
        }
        INFO("with respect to parameter " << i);
        const std::vector<double> wanted = finite_differences(scalar, problem.inputs, i);
        std::vector<double> got(wanted.size(), 0.0);
        if (gradients[i]) {
            CHECK(to_string(gradients[i].type()) == to_string(type));
            got = evaluate(gradients[i], problem.inputs);
        }
        REQUIRE(got.size() == wanted.size());
        for (std::size_t element = 0; element < got.size(); ++element) {
            INFO("element " << element);
            CHECK(got[element] == Approx(wanted[element]).epsilon(1e-6).margin(1e-7));
        }
    }
    return gradients;
}

/// How many random points each case is taken at: five, or what LATENT_GRADIENT_POINTS says.
int points_per_case() {
    const char* const points = std::getenv("LATENT_GRADIENT_POINTS");
    return points == nullptr ? 5 : std::max(1, std::atoi(points));
}

/// All cases at random points.
std::vector<GradientCase> all_points() {
    std::vector<GradientCase> points;
    for (int i = 0; i < points_per_case(); ++i) {
        std::ranges::move(all_cases(), std::back_inserter(points));
    }
    return points;
}

}  // namespace

TEST_CASE("first and second derivatives of every op agree with finite differences in f64") {
    std::mt19937_64 generator(20240117);
    const std::vector<GradientCase> points = all_points();
    CHECK(all_cases().size() >= 250);
    WARN(points.size() << " points of " << all_cases().size() << " cases");
    for (const GradientCase& example : points) {
        INFO(example.text);
        Problem problem = problem_of(example, generator);
        const ir::Value scalar = weighted_sum(problem.output, problem, generator);
        const auto first = check_gradient(scalar, problem);
        // The sum of all gradients, weighted, is a function whose gradient is a row of the Hessian.
        ir::Value slopes = ir::constant(ir::Literal::zero(DType::f64), {});
        for (std::size_t i = 0; i < first.size(); ++i) {
            if (is_floating(problem.parameters[i].type().dtype)) {
                REQUIRE(first[i]);
                slopes =
                    ir::make(ir::Op::add, {slopes, weighted_sum(first[i], problem, generator)}, {});
            }
        }
        INFO("second derivative");
        check_gradient(slopes, problem);
    }
}

TEST_CASE("every differentiable op has a case that compares it with finite differences") {
    std::set<ir::Op> tested;
    for (const GradientCase& example : all_cases()) {
        const ir::Graph graph = ir::parse(example.text);
        INFO(example.text);
        CHECK(graph.results.front().op() == example.op);
        tested.insert(example.op);
    }
    for (const ir::OpInfo& row : ir::all_ops()) {
        INFO(row.name);
        // custom_vjp has no text; custom_vjp_test.cpp has its tests.
        const bool has_case = passes::is_differentiable(row.op) && row.op != ir::Op::custom_vjp;
        CHECK(tested.contains(row.op) == has_case);
    }
}

TEST_CASE("a cast to f32 passes the gradient back in the wider dtype") {
    const ir::Value x = ir::parameter(0, {DType::f64, {2}}, {});
    const ir::Value y = ir::cast(x, DType::f32, {});
    const ir::Value ct = ir::parameter(1, {DType::f32, {2}}, {});
    const auto gradient = passes::gradients(y, ct, std::span(&x, 1), {}).front();
    CHECK(gradient.type() == x.type());
    const std::vector<double> point{1, 2};
    const std::vector<float> weights{0.5F, -3};
    const Arrays inputs{Array::from<double>(point, {2}), Array::from<float>(weights, {2})};
    CHECK(evaluate(gradient, inputs) == std::vector<double>{0.5, -3});
}
