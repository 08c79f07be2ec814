#include "tests/passes/gradient_cases.h"

#include <fmt/format.h>

namespace latent::testing {

namespace {

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
    {ir::Op::log2, {{0.3, 3}}},
    {ir::Op::log10, {{0.3, 3}}},
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
    {ir::Op::optimization_barrier, R"(
        %x = parameter {index=0, dtype=f64, shape=[2,3]}
        %y = optimization_barrier %x
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
    {ir::Op::interleave, R"(
        %x = parameter {index=0, dtype=f64, shape=[2,3,2]}
        %y = parameter {index=1, dtype=f64, shape=[2,2,2]}
        %z = parameter {index=2, dtype=f64, shape=[2,2,2]}
        %i = interleave %x, %y, %z {axis=1}
        return %i)"},
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

}  // namespace

std::vector<GradientCase> all_cases() {
    std::vector<GradientCase> cases = structural_cases;
    for (const auto& [op, ranges] : elementwise_domains) {
        for (const char* shape : {"[]", "[1]", "[0]", "[3]", "[2,3]", "[7]"}) {
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

ir::Value add_parameter(Problem& problem, const ir::Type& type, const Range& range,
                        std::mt19937_64& generator) {
    const auto index = static_cast<std::int64_t>(problem.parameters.size());
    problem.parameters.push_back(ir::parameter(index, type, {}));
    problem.inputs.push_back(random_array(type, range, generator));
    return problem.parameters.back();
}

Problem problem_of(const GradientCase& example, std::mt19937_64& generator) {
    Problem problem;
    const ir::Graph graph = ir::parse(example.text);
    problem.output = graph.results.front();
    problem.parameters = parameters_of(graph.results);
    for (std::size_t i = 0; i < problem.parameters.size(); ++i) {
        const Range& range = example.ranges[std::min(i, example.ranges.size() - 1)];
        problem.inputs.push_back(random_array(problem.parameters[i].type(), range, generator));
    }
    return problem;
}

}  // namespace latent::testing
