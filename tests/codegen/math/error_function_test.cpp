#include "math_testing.h"

namespace latent::codegen::math::testing {

TEST_CASE("the error function and its complement are accurate for every argument") {
    check_functions(std::vector<Function>{
        {"erf", math::erf, [](long double x) { return std::erf(x); }, -4, 4, 1.5, 1.6},
        {"erfc", math::erfc, [](long double x) { return std::erfc(x); }, -4, 10, 4, 4.3},
    });
}

}  // namespace latent::codegen::math::testing
