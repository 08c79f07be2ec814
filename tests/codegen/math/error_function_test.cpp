#include "codegen/reference/scalar_functions.h"
#include "math_testing.h"

namespace latent::codegen::math::testing {

TEST_CASE("the error function, its complement and its inverse are accurate for every argument") {
    check_functions(std::vector<Function>{
        {"erf", math::erf, [](long double x) { return std::erf(x); }, -4, 4, 1.5, 1.6},
        {"erfc", math::erfc, [](long double x) { return std::erfc(x); }, -4, 10, 1, 4},
        {"erfinv", math::erfinv, reference::erfinv, -1, 1, 1, 4},
    });
}

TEST_CASE("the inverse error function is accurate in its tails") {
    const auto kernel = unary_kernel<double, double>(math::erfinv);
    std::vector<double> arguments;
    for (double tail = 0.25; tail > 0x1p-53; tail *= 0.99) {
        arguments.push_back(1 - tail);
    }
    const WorstError worst = worst_error<double>(kernel, reference::erfinv, arguments);
    INFO(worst);
    CHECK(worst.ulp <= 4);
}

}  // namespace latent::codegen::math::testing
