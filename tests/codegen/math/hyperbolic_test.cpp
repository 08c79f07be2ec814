#include "math_testing.h"

namespace latent::codegen::math::testing {

TEST_CASE("hyperbolic functions and their inverses are accurate for every argument") {
    check_functions(std::vector<Function>{
        {"tanh", math::tanh, [](long double x) { return std::tanh(x); }, -10, 10, 1.4, 2.6},
        {"sinh", math::sinh, [](long double x) { return std::sinh(x); }, -90, 90, 1.6, 1.8},
        {"cosh", math::cosh, [](long double x) { return std::cosh(x); }, -90, 90, 1.5, 1.5},
        {"asinh", math::asinh, [](long double x) { return std::asinh(x); }, -10, 10, 1.9, 1.9},
        {"acosh", math::acosh, [](long double x) { return std::acosh(x); }, 1, 10, 1.95, 1.5},
        {"atanh", math::atanh, [](long double x) { return std::atanh(x); }, -1, 1, 1.8, 1.8},
    });
}

TEST_CASE("tanh never leaves [-1, 1] and is odd") {
    const auto kernel = unary_kernel<float, float>(math::tanh);
    const std::vector<float> arguments = samples_of_interval<float>(0, 12, 1 << 18);
    std::vector<float> negated(arguments.size());
    std::transform(arguments.begin(), arguments.end(), negated.begin(), std::negate<>());
    const std::vector<float> results = kernel(arguments);
    const std::vector<float> opposite = kernel(negated);
    CHECK(*std::max_element(results.begin(), results.end()) == 1.0f);
    CHECK(std::equal(results.begin(), results.end(), opposite.begin(),
                     [](float a, float b) { return a == -b; }));
}

}  // namespace latent::codegen::math::testing
