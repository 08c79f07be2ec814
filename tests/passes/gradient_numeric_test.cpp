#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "tests/passes/gradient_testing.h"

using namespace latent;
using namespace latent::testing;

namespace {

/// A function to differentiate: IR text, the intervals of its parameters (the last one for all
/// further ones), and which op it is there for.
struct GradientCase {
    ir::Op op;
    std::string text;
    std::vector<Range> ranges = {{}};
};

/// Where each elementwise op is smooth.
struct ElementwiseDomain {
    ir::Op op;
    std::vector<Range> ranges = {{}};
};

const std::vector<ElementwiseDomain> elementwise_domains = {
    {ir::Op::neg},
    {ir::Op::abs},
    {ir::Op::sign, {{0.1, 2}}},
    {ir::Op::floor, {{1.1, 1.9}}},
    {ir::Op::ceil, {{1.1, 1.9}}},
    {ir::Op::round, {{0.6, 1.4}}},
    {ir::Op::trunc, {{-1.9, -1.1}}},
    {ir::Op::sqrt, {{0.3, 3}}},
    {ir::Op::exp},
    {ir::Op::expm1},
    {ir::Op::log, {{0.3, 3}}},
    {ir::Op::log1p, {{-0.7, 2}}},
    {ir::Op::sin},
    {ir::Op::cos},
    {ir::Op::tan, {{-1.2, 1.2}}},
    {ir::Op::asin, {{-0.8, 0.8}}},
    {ir::Op::acos, {{-0.8, 0.8}}},
    {ir::Op::atan},
    {ir::Op::sinh},
    {ir::Op::cosh},
    {ir::Op::tanh},
    {ir::Op::asinh},
    {ir::Op::acosh, {{1.3, 3}}},
    {ir::Op::atanh, {{-0.8, 0.8}}},
    {ir::Op::sigmoid},
    {ir::Op::erf},
    {ir::Op::erfc},
    {ir::Op::erfinv, {{-0.8, 0.8}}},
    {ir::Op::lgamma, {{0.3, 12}}},
    {ir::Op::lgamma, {{-1.8, -1.2}}},
    {ir::Op::add},
    {ir::Op::sub},
    {ir::Op::mul},
    {ir::Op::div, {{-2, 2}, {0.5, 2}}},
    {ir::Op::floor_divide, {{2.1, 2.9}, {0.95, 1.04}}},
    {ir::Op::remainder, {{2.1, 2.9}, {0.95, 1.04}}},
    {ir::Op::remainder, {{2.1, 2.9}, {-1.04, -0.95}}},
    {ir::Op::pow, {{0.3, 2}, {-2, 2}}},
    {ir::Op::maximum},
    {ir::Op::minimum},
    {ir::Op::atan2, {{0.2, 2}, {-2, 2}}},
};

const std::vector<GradientCase> structural_cases = {
    {ir::Op::cast, R"(
        %x = parameter {index=0, dtype=f64, shape=[2,3]}
        %y = cast %x {dtype=f64}
        return %y)"},
    {ir::Op::pow, R"(
        %x = parameter {index=0, dtype=f64, shape=[5]}
        %n = constant {value=f64:3}
        %e = broadcast %n {shape=[5], axes=[]}
        %y = pow %x, %e
        return %y)"},
    {ir::Op::pow, R"(
        %x = parameter {index=0, dtype=f64, shape=[5]}
        %n = scalar {value=f64:2}
        %e = broadcast %n {shape=[5], axes=[]}
        %y = pow %x, %e
        return %y)"},
    {ir::Op::pow,
     R"(
        %x = parameter {index=0, dtype=f64, shape=[5]}
        %n = constant {value=f64:-1.5}
        %e = broadcast %n {shape=[5], axes=[]}
        %y = pow %x, %e
        return %y)",
     {{0.3, 2}}},
    {ir::Op::div, R"(
        %x = parameter {index=0, dtype=f64, shape=[5]}
        %n = constant {value=f64:-1.5}
        %e = broadcast %n {shape=[5], axes=[]}
        %y = div %x, %e
        return %y)"},
    {ir::Op::select, R"(
        %x = parameter {index=0, dtype=f64, shape=[2,5]}
        %y = parameter {index=1, dtype=f64, shape=[2,5]}
        %c = parameter {index=2, dtype=bool, shape=[2,5]}
        %z = select %c, %x, %y
        return %z)"},
    {ir::Op::reduce_sum, R"(
        %x = parameter {index=0, dtype=f64, shape=[2,3,4]}
        %y = reduce_sum %x {axes=[0,2]}
        return %y)"},
    {ir::Op::reduce_sum, R"(
        %x = parameter {index=0, dtype=f64, shape=[]}
        %y = reduce_sum %x {axes=[]}
        return %y)"},
    {ir::Op::reduce_sum, R"(
        %x = parameter {index=0, dtype=f64, shape=[3,0]}
        %y = reduce_sum %x {axes=[1]}
        return %y)"},
    {ir::Op::reduce_prod, R"(
        %x = parameter {index=0, dtype=f64, shape=[2,5,3]}
        %y = reduce_prod %x {axes=[0,2]}
        return %y)"},
    {ir::Op::reduce_prod, R"(
        %x = parameter {index=0, dtype=f64, shape=[7]}
        %y = reduce_prod %x {axes=[0]}
        return %y)"},
    {ir::Op::reduce_prod, R"(
        %x = parameter {index=0, dtype=f64, shape=[3,1]}
        %y = reduce_prod %x {axes=[1]}
        return %y)"},
    {ir::Op::reduce_prod, R"(
        %x = parameter {index=0, dtype=f64, shape=[2,0]}
        %y = reduce_prod %x {axes=[1]}
        return %y)"},
    {ir::Op::reduce_max, R"(
        %x = parameter {index=0, dtype=f64, shape=[3,4,2]}
        %y = reduce_max %x {axes=[1]}
        return %y)"},
    {ir::Op::reduce_min, R"(
        %x = parameter {index=0, dtype=f64, shape=[3,4]}
        %y = reduce_min %x {axes=[0,1]}
        return %y)"},
    {ir::Op::cumulative_sum, R"(
        %x = parameter {index=0, dtype=f64, shape=[2,4,3]}
        %y = cumulative_sum %x {axis=1, reverse=false}
        return %y)"},
    {ir::Op::cumulative_max, R"(
        %x = parameter {index=0, dtype=f64, shape=[3,6]}
        %y = cumulative_max %x {axis=1, reverse=false}
        return %y)"},
    {ir::Op::cumulative_max, R"(
        %x = parameter {index=0, dtype=f64, shape=[6]}
        %y = cumulative_max %x {axis=0, reverse=true}
        return %y)"},
    {ir::Op::linear_recurrence, R"(
        %a = parameter {index=0, dtype=f64, shape=[5,2]}
        %b = parameter {index=1, dtype=f64, shape=[5,2]}
        %y = linear_recurrence %a, %b {axis=0, reverse=false}
        return %y)"},
    {ir::Op::linear_recurrence, R"(
        %a = parameter {index=0, dtype=f64, shape=[2,5]}
        %b = parameter {index=1, dtype=f64, shape=[2,5]}
        %y = linear_recurrence %a, %b {axis=1, reverse=true}
        return %y)"},
    {ir::Op::contraction, R"(
        %a = parameter {index=0, dtype=f64, shape=[2,3,4]}
        %b = parameter {index=1, dtype=f64, shape=[4,2,5]}
        %y = contraction %a, %b {lhs=[0,1,2], rhs=[2,0,3], out=[3,0,1]}
        return %y)"},
    {ir::Op::contraction, R"(
        %a = parameter {index=0, dtype=f64, shape=[3]}
        %b = parameter {index=1, dtype=f64, shape=[3]}
        %y = contraction %a, %b {lhs=[0], rhs=[0], out=[]}
        return %y)"},
    {ir::Op::contraction, R"(
        %a = parameter {index=0, dtype=f64, shape=[]}
        %b = parameter {index=1, dtype=f64, shape=[2,1]}
        %y = contraction %a, %b {lhs=[], rhs=[0,1], out=[1,0]}
        return %y)"},
    {ir::Op::contraction, R"(
        %a = parameter {index=0, dtype=f64, shape=[2,0]}
        %b = parameter {index=1, dtype=f64, shape=[0,3]}
        %y = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
        return %y)"},
    {ir::Op::permute, R"(
        %x = parameter {index=0, dtype=f64, shape=[2,3,4]}
        %y = permute %x {permutation=[2,0,1]}
        return %y)"},
    {ir::Op::reshape, R"(
        %x = parameter {index=0, dtype=f64, shape=[6,4]}
        %y = reshape %x {shape=[4,1,6]}
        return %y)"},
    {ir::Op::reshape, R"(
        %x = parameter {index=0, dtype=f64, shape=[]}
        %y = reshape %x {shape=[1,1]}
        return %y)"},
    {ir::Op::broadcast, R"(
        %x = parameter {index=0, dtype=f64, shape=[3,2]}
        %y = broadcast %x {shape=[2,3,4,2], axes=[1,3]}
        return %y)"},
    {ir::Op::broadcast, R"(
        %x = parameter {index=0, dtype=f64, shape=[]}
        %y = broadcast %x {shape=[0,3], axes=[]}
        return %y)"},
    {ir::Op::slice, R"(
        %x = parameter {index=0, dtype=f64, shape=[4,9]}
        %y = slice %x {start=[1,2], stop=[4,8], step=[1,3]}
        return %y)"},
    {ir::Op::slice, R"(
        %x = parameter {index=0, dtype=f64, shape=[3]}
        %y = slice %x {start=[2], stop=[2], step=[1]}
        return %y)"},
    {ir::Op::flip, R"(
        %x = parameter {index=0, dtype=f64, shape=[2,3]}
        %y = flip %x {axes=[1]}
        return %y)"},
    {ir::Op::window, R"(
        %x = parameter {index=0, dtype=f64, shape=[2,7,6]}
        %y = window %x {axes=[1,2], size=[3,2], stride=[2,3], dilation=[1,2]}
        return %y)"},
    {ir::Op::fold, R"(
        %x = parameter {index=0, dtype=f64, shape=[3,2,3,2]}
        %y = fold %x {axes=[0,1], size=[3,2], stride=[2,3], dilation=[1,2], extent=[7,6]}
        return %y)"},
    {ir::Op::pad, R"(
        %x = parameter {index=0, dtype=f64, shape=[2,3]}
        %v = parameter {index=1, dtype=f64, shape=[]}
        %y = pad %x, %v {low=[1,0], high=[0,2], interior=[0,1]}
        return %y)"},
    {ir::Op::pad, R"(
        %x = parameter {index=0, dtype=f64, shape=[5,4]}
        %v = parameter {index=1, dtype=f64, shape=[]}
        %y = pad %x, %v {low=[-2,1], high=[1,-3], interior=[1,2]}
        return %y)"},
    {ir::Op::pad, R"(
        %x = parameter {index=0, dtype=f64, shape=[5]}
        %v = parameter {index=1, dtype=f64, shape=[]}
        %y = pad %x, %v {low=[-3], high=[-2], interior=[0]}
        return %y)"},
    {ir::Op::pad, R"(
        %x = parameter {index=0, dtype=f64, shape=[0,2]}
        %v = parameter {index=1, dtype=f64, shape=[]}
        %y = pad %x, %v {low=[5,0], high=[-2,0], interior=[3,0]}
        return %y)"},
    {ir::Op::pad, R"(
        %x = parameter {index=0, dtype=f64, shape=[]}
        %v = parameter {index=1, dtype=f64, shape=[]}
        %y = pad %x, %v {low=[], high=[], interior=[]}
        return %y)"},
    {ir::Op::concat, R"(
        %x = parameter {index=0, dtype=f64, shape=[2,3]}
        %y = parameter {index=1, dtype=f64, shape=[2,0]}
        %z = parameter {index=2, dtype=f64, shape=[2,1]}
        %u = parameter {index=3, dtype=f64, shape=[2,2]}
        %c = concat %x, %y, %z, %u {axis=1}
        return %c)"},
    {ir::Op::gather, R"(
        %x = parameter {index=0, dtype=f64, shape=[2,3,2]}
        %i = parameter {index=1, dtype=i64, shape=[4,2]}
        %y = gather %x, %i {axis=1}
        return %y)"},
    {ir::Op::gather, R"(
        %x = parameter {index=0, dtype=f64, shape=[5]}
        %i = parameter {index=1, dtype=i32, shape=[]}
        %y = gather %x, %i {axis=0}
        return %y)"},
    {ir::Op::scatter_add, R"(
        %x = parameter {index=0, dtype=f64, shape=[2,3]}
        %i = parameter {index=1, dtype=i64, shape=[5]}
        %u = parameter {index=2, dtype=f64, shape=[2,5]}
        %y = scatter_add %x, %i, %u {axis=1}
        return %y)"},
};

std::vector<GradientCase> all_cases() {
    std::vector<GradientCase> cases = structural_cases;
    for (const auto& [op, ranges] : elementwise_domains) {
        for (const char* shape : {"[]", "[1]", "[0]", "[3]", "[2,3]"}) {
            std::string text;
            std::string operands;
            for (int i = 0; i < ir::info(op).operands; ++i) {
                text += fmt::format("%p{} = parameter {{index={}, dtype=f64, shape={}}}\n", i, i,
                                    shape);
                operands += fmt::format("{}%p{}", i == 0 ? "" : ", ", i);
            }
            text += fmt::format("%y = {} {}\nreturn %y", ir::name(op), operands);
            cases.push_back({op, text, ranges});
        }
    }
    return cases;
}

struct Problem {
    std::vector<ir::Value> parameters;
    Arrays inputs;
};

/// Appends a random parameter of that type.
ir::Value add_parameter(Problem& problem, const ir::Type& type, const Range& range,
                        std::mt19937_64& generator) {
    const auto index = static_cast<std::int64_t>(problem.parameters.size());
    problem.parameters.push_back(ir::parameter(index, type, {}));
    problem.inputs.push_back(random_array(type, range, generator));
    return problem.parameters.back();
}

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

}  // namespace

TEST_CASE("first and second derivatives of every op agree with finite differences in f64") {
    std::mt19937_64 generator(20240117);
    for (const GradientCase& example : all_cases()) {
        INFO(example.text);
        ir::Graph graph = ir::parse(example.text);
        Problem problem;
        problem.parameters = parameters_of(graph.results);
        for (std::size_t i = 0; i < problem.parameters.size(); ++i) {
            const Range& range = example.ranges[std::min(i, example.ranges.size() - 1)];
            problem.inputs.push_back(random_array(problem.parameters[i].type(), range, generator));
        }
        const ir::Value scalar = weighted_sum(graph.results.front(), problem, generator);
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
        CHECK(tested.contains(row.op) == passes::is_differentiable(row.op));
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
