#include <fstream>
#include <sstream>
#include <string_view>

#include "math_testing.h"

namespace latent::codegen::math::testing {

namespace {

struct Named {
    const char* name;
    std::function<Expr(const Expr&)> expression;
};

std::vector<Named> functions() {
    return {
        {"exp", math::exp},
        {"exp2", math::exp2},
        {"expm1", math::expm1},
        {"sigmoid", math::sigmoid},
        {"log", math::log},
        {"log2", math::log2},
        {"log10", math::log10},
        {"log1p", math::log1p},
        {"sin", math::sin},
        {"cos", math::cos},
        {"tan", math::tan},
        {"asin", math::asin},
        {"acos", math::acos},
        {"atan", math::atan},
        {"sinh", math::sinh},
        {"cosh", math::cosh},
        {"tanh", math::tanh},
        {"asinh", math::asinh},
        {"acosh", math::acosh},
        {"atanh", math::atanh},
        {"erf", math::erf},
        {"erfc", math::erfc},
        {"erfinv", math::erfinv},
        {"lgamma", math::lgamma},
        {"sqrt", math::sqrt},
        {"rsqrt", math::rsqrt},
        {"round", math::round},
        {"atan2", [](const Expr& x) { return math::atan2(x, math::add(x, x)); }},
        {"pow", [](const Expr& x) { return math::pow(x, math::add(x, x)); }},
        {"maximum", [](const Expr& x) { return math::maximum(x, math::add(x, x)); }},
        {"remainder", [](const Expr& x) { return math::remainder(x, math::add(x, x)); }},
        {"floor_divide", [](const Expr& x) { return math::floor_divide(x, math::add(x, x)); }},
    };
}

/// Of a kernel with vectors of so many registers; `numbers` are arguments beside its input.
std::string assembly_of(const Halide::Type& type, const Named& function, Halide::Target target,
                        int registers = 1, const std::vector<Halide::Argument>& numbers = {}) {
    target.set_features(
        {Halide::Target::NoRuntime, Halide::Target::NoAsserts, Halide::Target::NoBoundsQuery});
    Halide::Var i;
    const Halide::ImageParam input(type, 1);
    Halide::Func kernel;
    kernel(i) = function.expression(input(i));
    kernel.vectorize(i, registers * target.natural_vector_size(type),
                     Halide::TailStrategy::GuardWithIf);
    kernel.add_custom_lowering_pass(new LowerFunctions(target));
    const Halide::Internal::TemporaryFile file("latent_math", ".s");
    std::vector<Halide::Argument> arguments{input};
    arguments.insert(arguments.end(), numbers.begin(), numbers.end());
    kernel.compile_to_assembly(file.pathname(), arguments, "kernel", target);
    std::stringstream text;
    text << std::ifstream(file.pathname()).rdbuf();
    return text.str();
}

// Whether the instruction multiplies and adds in one step, of one element.
bool is_scalar_multiply_add(std::string_view instruction) {
    const bool fused = instruction.starts_with("vfm") || instruction.starts_with("vfnm");
    return fused && (instruction.ends_with("ss") || instruction.ends_with("sd"));
}

// The first instruction that calls a function other than the kernel, gathers, or takes the elements
// of a vector one by one; empty if none.
std::string forbidden_instruction(const std::string& assembly) {
    std::istringstream lines(assembly);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string instruction;
        std::string operand;
        words >> instruction >> operand;
        const bool calls = instruction.starts_with("call") && !operand.starts_with("kernel");
        if (calls || instruction.find("gather") != std::string::npos ||
            is_scalar_multiply_add(instruction)) {
            return line;
        }
    }
    return "";
}

int instructions_like(const std::string& assembly, std::initializer_list<std::string_view> begins) {
    std::istringstream lines(assembly);
    int found = 0;
    for (std::string line; std::getline(lines, line);) {
        std::string instruction;
        std::istringstream(line) >> instruction;
        found += std::ranges::any_of(
            begins, [&](std::string_view begin) { return instruction.starts_with(begin); });
    }
    return found;
}

/// Whether lowering leaves a branch in the function of an f32.
bool has_branch(const Named& function, const Halide::Target& target) {
    const Expr x = Halide::Internal::Variable::make(Halide::Float(32), "x");
    std::ostringstream text;
    text << lower_functions(Halide::Internal::Evaluate::make(function.expression(x)), target);
    CHECK(text.str().find("unless_") == std::string::npos);
    return text.str().find("if_then_else") != std::string::npos;
}

}  // namespace

TEST_CASE("vector kernels contain neither calls nor gathers nor multiply-adds of one element") {
    const Halide::Target base("x86-64-linux-sse41-avx-f16c-fma-avx2");
    const Halide::Target wide("x86-64-linux-sse41-avx-f16c-fma-avx2-avx512-avx512_skylake");
    for (const Halide::Target& target : {base, wide}) {
        for (const Named& function : functions()) {
            for (const Halide::Type& type : {Halide::Float(32), Halide::Float(64)}) {
                INFO(function.name << " of " << type << " for " << target.to_string());
                CHECK(forbidden_instruction(assembly_of(type, function, target)) == "");
            }
        }
    }
}

TEST_CASE("an exponential is scaled by one instruction where the target has one") {
    const Halide::Target without("x86-64-linux-sse41-avx-f16c-fma-avx2");
    const Halide::Target with("x86-64-linux-sse41-avx-f16c-fma-avx2-avx512-avx512_skylake");
    const Named exponential{"exp", math::exp};
    const int registers = 4;
    const int copies = 2;  // the last vector has one of its own
    for (const Halide::Type& type : {Halide::Float(32), Halide::Float(64)}) {
        const std::string scaled = assembly_of(type, exponential, with, registers);
        CHECK(instructions_like(scaled, {"vscalef"}) == copies * registers);
        CHECK(instructions_like(scaled, {"vpsll", "vpsrl"}) == 0);
        const std::string multiplied = assembly_of(type, exponential, without, registers);
        CHECK(instructions_like(multiplied, {"vscalef"}) == 0);
        CHECK(instructions_like(multiplied, {"vpsll"}) >= copies * registers * 2);
    }
}

TEST_CASE("what only rare arguments need lies behind a branch, where multiply-adds round once") {
    const Halide::Target narrow("x86-64-linux-sse41-avx-f16c-fma-avx2");
    const Halide::Target wide("x86-64-linux-sse41-avx-f16c-fma-avx2-avx512-avx512_skylake");
    const Halide::Target without("x86-64-linux-sse41");
    for (const Named& function :
         {Named{"sin", math::sin}, Named{"cos", math::cos}, Named{"tan", math::tan},
          Named{"pow", [](const Halide::Expr& x) { return math::pow(x, x); }}}) {
        INFO(function.name);
        for (const Halide::Target& target : {narrow, wide}) {
            INFO(target.to_string());
            // In f64, from the first widening on.
            const std::string assembly = assembly_of(Halide::Float(32), function, target);
            const std::string usual = assembly.substr(0, assembly.find("vcvtps2pd"));
            CHECK(usual.size() < assembly.size());
            CHECK(instructions_like(usual, {"vptest", "vtestps", "vmovmskps", "kortest"}) > 0);
            CHECK(instructions_like(usual, {"vfm", "vfnm"}) > 5);
        }
        CHECK(has_branch(function, narrow));
        CHECK(!has_branch(function, without));
    }
}

TEST_CASE("special cases of pow and the tails of other functions lie behind a branch") {
    const Halide::Target narrow("x86-64-linux-sse41-avx-f16c-fma-avx2");
    const Halide::Target wide("x86-64-linux-sse41-avx-f16c-fma-avx2-avx512-avx512_skylake");
    for (const Named& function :
         {Named{"pow", [](const Expr& x) { return math::pow(x, math::add(x, x)); }},
          Named{"erfinv", math::erfinv}, Named{"log1p", math::log1p}, Named{"asinh", math::asinh},
          Named{"acosh", math::acosh}, Named{"atanh", math::atanh}}) {
        INFO(function.name);
        CHECK(has_branch(function, narrow));
        CHECK(has_branch(function, wide));
        CHECK(!has_branch(function, Halide::Target("x86-64-linux-sse41")));
    }
}

TEST_CASE("logarithms take numbers apart by instructions where the target has them") {
    const Halide::Target without("x86-64-linux-sse41-avx-f16c-fma-avx2");
    const Halide::Target with("x86-64-linux-sse41-avx-f16c-fma-avx2-avx512-avx512_skylake");
    const std::initializer_list<std::string_view> tests = {"vptest", "vtestp", "vmovmskp",
                                                           "vpmovmskb", "kortest"};
    for (const Named& function :
         {Named{"log", math::log}, Named{"log2", math::log2}, Named{"log10", math::log10}}) {
        for (const Halide::Type& type : {Halide::Float(32), Halide::Float(64)}) {
            INFO(function.name << " of " << type);
            const int registers = 4;
            const int copies = 2;  // the last vector has one of its own
            const std::string instructions = assembly_of(type, function, with, registers);
            CHECK(instructions_like(instructions, {"vgetmant"}) == copies * registers);
            CHECK(instructions_like(instructions, {"vgetexp"}) == copies * registers);
            CHECK(instructions_like(instructions, tests) == 0);
            const std::string integers = assembly_of(type, function, without, registers);
            CHECK(instructions_like(integers, {"vgetmant", "vgetexp"}) == 0);
            CHECK(instructions_like(integers, tests) >= copies);
        }
    }
}

TEST_CASE("an extremum of elements and a number takes three instructions for each register") {
    const Halide::Target target("x86-64-linux-sse41-avx-f16c-fma-avx2-avx512-avx512_skylake");
    const Halide::Param<float> number;
    for (const auto& extremum : {math::maximum, math::minimum}) {
        const Named function{"", [&](const Expr& x) { return extremum(x, number); }};
        const int registers = 4;
        const std::string assembly =
            assembly_of(Halide::Float(32), function, target, registers, {number});
        const int copies = 2;  // the last vector has one of its own
        CHECK(instructions_like(assembly, {"vcmp", "vrange", "vmax", "vmin", "vblendm", "vmovaps",
                                           "vand", "vor", "vadd"}) <= copies * registers * 3);
    }
}

}  // namespace latent::codegen::math::testing
