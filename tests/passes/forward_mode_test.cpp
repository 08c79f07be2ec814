#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "tests/passes/gradient_cases.h"

using namespace latent;
using namespace latent::testing;

namespace {

/// The floating parameters of a problem, with a random tangent for each as further parameters.
struct Direction {
    std::vector<ir::Value> values;
    std::vector<ir::Value> tangents;
    std::vector<std::size_t> indices;
};

Direction random_direction(Problem& problem, std::mt19937_64& generator) {
    Direction direction;
    const std::size_t count = problem.parameters.size();
    for (std::size_t i = 0; i < count; ++i) {
        const ir::Value value = problem.parameters[i];
        if (is_floating(value.type().dtype)) {
            direction.values.push_back(value);
            direction.tangents.push_back(add_parameter(problem, value.type(), {}, generator));
            direction.indices.push_back(i);
        }
    }
    return direction;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

std::vector<double> data(const Array& array) {
    const std::span<const double> elements = array.data<double>();
    return {elements.begin(), elements.end()};
}

ir::Value jvp(const ir::Value& output, const Direction& direction) {
    return passes::jvp(std::span(&output, 1), direction.values, direction.tangents, {}).front();
}

/// d output along the direction, by central differences.
std::vector<double> moved_difference(const ir::Value& output, const Problem& problem,
                                     const Direction& direction) {
    constexpr double step = 1e-6;
    const auto at = [&](double distance) {
        Arrays inputs = problem.inputs;
        for (std::size_t i = 0; i < direction.values.size(); ++i) {
            std::vector<double> point = data(problem.inputs[direction.indices[i]]);
            const auto tangent =
                direction.tangents[i].node->attributes_as<ir::ParameterAttributes>();
            const std::vector<double> along =
                data(problem.inputs[static_cast<std::size_t>(tangent.index)]);
            for (std::size_t k = 0; k < point.size(); ++k) {
                point[k] += distance * along[k];
            }
            inputs[direction.indices[i]] =
                Array::from<double>(point, direction.values[i].type().shape);
        }
        return evaluate(output, inputs);
    };
    std::vector<double> slope = at(step);
    const std::vector<double> below = at(-step);
    for (std::size_t k = 0; k < slope.size(); ++k) {
        slope[k] = (slope[k] - below[k]) / (2 * step);
    }
    return slope;
}

void check_close(const std::vector<double>& got, const std::vector<double>& wanted,
                 double epsilon) {
    REQUIRE(got.size() == wanted.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        INFO("element " << i);
        CHECK(got[i] == Approx(wanted[i]).epsilon(epsilon).margin(epsilon));
    }
}

}  // namespace

TEST_CASE("forward mode of every op agrees with central differences and with reverse mode") {
    std::mt19937_64 generator(7);
    for (const GradientCase& example : all_cases()) {
        INFO(example.text);
        Problem problem = problem_of(example, generator);
        const Direction direction = random_direction(problem, generator);
        const ir::Value moved = jvp(problem.output, direction);
        REQUIRE(moved);
        CHECK(to_string(moved.type()) == to_string(problem.output.type()));
        const std::vector<double> tangent = evaluate(moved, problem.inputs);
        check_close(tangent, moved_difference(problem.output, problem, direction), 1e-6);

        // <J u, v> = <u, J^T v>
        const ir::Value cotangent = add_parameter(problem, problem.output.type(), {}, generator);
        const auto gradients = passes::gradients(problem.output, cotangent, direction.values, {});
        double back = 0;
        for (std::size_t i = 0; i < gradients.size(); ++i) {
            REQUIRE(gradients[i]);
            back += dot(evaluate(gradients[i], problem.inputs),
                        evaluate(direction.tangents[i], problem.inputs));
        }
        CHECK(dot(tangent, evaluate(cotangent, problem.inputs)) ==
              Approx(back).epsilon(1e-12).margin(1e-12));
    }
}

TEST_CASE("each operand of every op moves the result alone as it does among others") {
    // With the others at rest: rules must not make up what an absent tangent adds.
    std::mt19937_64 generator(11);
    for (const GradientCase& example : all_cases()) {
        INFO(example.text);
        Problem problem = problem_of(example, generator);
        const Direction direction = random_direction(problem, generator);
        std::vector<double> sum(static_cast<std::size_t>(problem.output.type().element_count()));
        for (std::size_t i = 0; i < direction.values.size(); ++i) {
            const Direction alone{{direction.values[i]}, {direction.tangents[i]}, {}};
            const ir::Value moved = jvp(problem.output, alone);
            REQUIRE(moved);
            const std::vector<double> part = evaluate(moved, problem.inputs);
            for (std::size_t k = 0; k < sum.size(); ++k) {
                sum[k] += part[k];
            }
        }
        check_close(sum, evaluate(jvp(problem.output, direction), problem.inputs), 1e-12);
    }
}

TEST_CASE("forward over reverse mode is reverse over reverse mode") {
    std::mt19937_64 generator(13);
    for (const GradientCase& example : all_cases()) {
        INFO(example.text);
        Problem problem = problem_of(example, generator);
        const Direction direction = random_direction(problem, generator);
        const ir::Value weights = add_parameter(problem, problem.output.type(), {}, generator);
        // The gradients along the direction: differentiated once more, a row of the Hessian.
        const auto first = passes::gradients(problem.output, weights, direction.values, {});
        const auto forward = passes::jvp(first, direction.values, direction.tangents, {});
        ir::Value along = ir::constant(ir::Literal::zero(DType::f64), {});
        for (std::size_t i = 0; i < first.size(); ++i) {
            along = ir::make(
                ir::Op::add,
                {along, sum_all(ir::make(ir::Op::mul, {first[i], direction.tangents[i]}, {}))}, {});
        }
        const auto reverse = passes::gradients(along, {}, direction.values, {});
        for (std::size_t i = 0; i < first.size(); ++i) {
            INFO("parameter " << i);
            const auto zero =
                std::vector<double>(static_cast<std::size_t>(first[i].type().element_count()));
            check_close(forward[i] ? evaluate(forward[i], problem.inputs) : zero,
                        reverse[i] ? evaluate(reverse[i], problem.inputs) : zero, 1e-9);
        }
    }
}

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The tangent of the last result of `text` along ones in all of its f64 parameters, which have one
/// dimension.
std::vector<double> moved_by_ones(const std::string& text,
                                  const std::vector<std::vector<double>>& at, double tangent = 1) {
    const ir::Graph graph = ir::parse(text);
    Direction direction;
    Arrays inputs;
    for (const ir::Value& parameter : parameters_of(graph.results)) {
        const ir::Shape& shape = parameter.type().shape;
        direction.values.push_back(parameter);
        direction.tangents.push_back(ir::full(ir::Literal(DType::f64, tangent), shape.span(), {}));
        inputs.push_back(Array::from<double>(at[inputs.size()], shape));
    }
    return evaluate(jvp(graph.results.back(), direction), inputs);
}

}  // namespace

TEST_CASE("forward mode at kinks, zeros, ties and infinities") {
    struct Edge {
        std::string body;
        std::vector<std::vector<double>> at;
        std::vector<double> moved;
        double tangent = 1;
    };
    const std::string zeros =
        "%zero = constant {value=f64:0}\n%zeros = broadcast %zero {shape=[2], "
        "axes=[]}\n%c = greater %p0, %zeros\n";
    const std::vector<Edge> edges = {
        {"%y = abs %p0", {{0, -2, 3}}, {0, -1, 1}},
        {"%y = sqrt %p0", {{0, 4}}, {infinity, 0.25}},
        {"%y = sqrt %p0", {{0, 4}}, {0, 0}, 0},
        {"%y = log %p0", {{0, -1}}, {0, 0}, 0},
        {"%y = exp %p0", {{infinity, -infinity}}, {0, 0}, 0},
        {"%y = pow %p0, %p1", {{0, 0, 1}, {2, 1, 3}}, {0, 1, 3}},
        {"%y = maximum %p0, %p1", {{1, 2}, {1, 5}}, {1, 1}},
        {"%n = neg %p1\n%y = maximum %p0, %n", {{1, 2}, {-1, -5}}, {0, -1}},
        {"%y = reduce_max %p0 {axes=[0]}", {{3, 1, 3}}, {1}},
        {"%y = reduce_min %p0 {axes=[0]}", {{3, 1, 3}}, {1}},
        {"%y = reduce_prod %p0 {axes=[0]}", {{2, 0, 5}}, {10}},
        {"%y = reduce_prod %p0 {axes=[0]}", {{0, 0, 5}}, {0}},
        {"%y = reduce_prod %p0 {axes=[0]}", {{infinity, 2}}, {0}, 0},
        {"%y = cumulative_max %p0 {axis=0, reverse=false}", {{1, 1, 0, 2}}, {1, 1, 1, 1}},
        // The branch that is not taken moves nothing, however it moves.
        {zeros + "%f = sqrt %p0\n%y = select %c, %f, %zeros", {{0, 4}}, {0, 0.25}},
        {zeros + "%f = div %p0, %p0\n%y = select %c, %f, %zeros", {{0, 4}}, {0, 0}},
        {zeros + "%l = log %p0\n%f = mul %p0, %l\n%y = select %c, %f, %zeros", {{0, 1}}, {0, 1}},
        // A derivative of zero meets an infinite tangent, where reverse mode has a zero cotangent.
        {"%s = sqrt %p0\n%y = mul %s, %s", {{0, 4}}, {0, 1}},
        {"%s = sqrt %p0\n%h = mul %s, %s\n%y = cos %s", {{0, 4}}, {0, -std::sin(2.0) / 4}},
        // Saturated.
        {"%e = exp %p0\n%d = add %e, %e\n%t = tanh %d\n%y = mul %t, %t", {{800, -800}}, {0, 0}},
    };
    for (const Edge& edge : edges) {
        INFO(edge.body);
        const int count = static_cast<int>(edge.at.size());
        const std::string text = vector_parameters(count, edge.at[0].size()) + edge.body +
                                 "\nreturn " + (count == 1 ? "%p0, %y" : "%p0, %p1, %y");
        const std::vector<double> got = moved_by_ones(text, edge.at, edge.tangent);
        REQUIRE(got.size() == edge.moved.size());
        for (std::size_t i = 0; i < got.size(); ++i) {
            INFO("element " << i << " is " << got[i]);
            CHECK((got[i] == edge.moved[i] || got[i] == Approx(edge.moved[i]).epsilon(1e-12)));
        }
    }
}

TEST_CASE("a zero tangent costs no nodes, and what does not move has no tangent") {
    const ir::Value x = ir::parameter(0, {DType::f64, {3}}, {});
    const ir::Value other = ir::parameter(1, {DType::f64, {3}}, {});
    const ir::Value fixed = ir::make(ir::Op::exp, {other}, {});
    const ir::Value stepped = ir::make(ir::Op::floor, {x}, {});
    const ir::Value product = ir::make(ir::Op::mul, {stepped, fixed}, {});
    const ir::Value ones = ir::full(ir::Literal::one(DType::f64), ir::Shape{3}.span(), {});
    const std::vector<ir::Value> outputs{fixed, product};
    const auto moved = passes::jvp(outputs, std::span(&x, 1), std::span(&ones, 1), {});
    CHECK_FALSE(moved[0]);
    REQUIRE(moved[1]);
    CHECK(ir::topological_order(std::span(&moved[1], 1)).size() == 2);
    const ir::Value shorter = ir::full(ir::Literal::one(DType::f64), ir::Shape{2}.span(), {});
    CHECK_THROWS_WITH(passes::jvp(outputs, std::span(&x, 1), std::span(&shorter, 1), {}),
                      Catch::Contains("f64[2]") && Catch::Contains("f64[3]"));
    CHECK_THROWS_AS(passes::jvp(outputs, std::span(&x, 1), {}, {}), GradientError);
}

TEST_CASE("forward mode of a chain of a million ops takes linear time and constant stack") {
    const ir::Value x = ir::parameter(0, {DType::f64, {}}, {});
    const ir::Value one = ir::constant(ir::Literal::one(DType::f64), {});
    ir::Value top = x;
    for (int i = 0; i < 1'000'000; ++i) {
        top = ir::make(ir::Op::neg, {top}, {});
    }
    const std::int64_t before = ir::Node::alive();
    const auto moved = passes::jvp(std::span(&top, 1), std::span(&x, 1), std::span(&one, 1), {});
    CHECK(ir::Node::alive() - before == 1'000'000);
    CHECK(moved.front());
}
