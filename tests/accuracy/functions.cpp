#include "tests/accuracy/functions.h"

#include <latent/activations.h>
#include <latent/elementwise.h>

#include <cmath>
#include <numbers>

#include "codegen/reference/scalar_functions.h"

namespace latent::accuracy {

namespace {

constexpr double trigonometric_limit = 0x1p29;

long double sigmoid_reference(long double x) {
    const long double e = std::exp(-std::fabs(x));
    return (x < 0 ? e : 1) / (1 + e);
}

/// Recurrence, asymptotic series and reflection, as in passes/differentiation/special_functions.cpp
/// but further.
long double digamma_reference(long double x) {
    constexpr long double pi = std::numbers::pi_v<long double>;
    if (x == 0) {
        return -1 / x;
    }
    if (x < 0) {
        const long double rest = x - std::round(x);
        if (rest == 0) {
            return std::numeric_limits<long double>::quiet_NaN();
        }
        return digamma_reference(1 - x) - pi / std::tan(pi * rest);
    }
    long double sum = 0;
    for (; x < 30; ++x) {
        sum -= 1 / x;
    }
    const long double square = 1 / (x * x);
    long double series = 0;
    for (const long double coefficient : {-1.0L / 12, 691.0L / 32760, -1.0L / 132, 1.0L / 240,
                                          -1.0L / 252, 1.0L / 120, -1.0L / 12}) {
        series = coefficient + square * series;
    }
    return sum + std::log(x) - 1 / (2 * x) + square * series;
}

}  // namespace

std::vector<Function> all_functions() {
    using L = long double;
    return {
        {"sqrt", sqrt, [](L x) { return std::sqrt(x); }, 0, 10},
        {"rsqrt", rsqrt, [](L x) { return 1 / std::sqrt(x); }, 0, 10},
        {"reciprocal", reciprocal, [](L x) { return 1 / x; }, -10, 10},
        {"exp", exp, [](L x) { return std::exp(x); }, -745, 710},
        {"exp2", exp2, [](L x) { return std::exp2(x); }, -1075, 1025},
        {"expm1", expm1, [](L x) { return std::expm1(x); }, -5, 20},
        {"log", log, [](L x) { return std::log(x); }, 0, 10},
        {"log2", log2, [](L x) { return std::log2(x); }, 0, 10},
        {"log10", log10, [](L x) { return std::log10(x); }, 0, 10},
        {"log1p", log1p, [](L x) { return std::log1p(x); }, -1, 10},
        {"sin", sin, [](L x) { return std::sin(x); }, -100, 100, -trigonometric_limit,
         trigonometric_limit, [](double x) { return std::sin(x); }},
        {"cos", cos, [](L x) { return std::cos(x); }, -100, 100, -trigonometric_limit,
         trigonometric_limit, [](double x) { return std::cos(x); }},
        {"tan", tan, [](L x) { return std::tan(x); }, -100, 100, -trigonometric_limit,
         trigonometric_limit, [](double x) { return std::tan(x); }},
        {"asin", asin, [](L x) { return std::asin(x); }, -1, 1},
        {"acos", acos, [](L x) { return std::acos(x); }, -1, 1},
        {"atan", atan, [](L x) { return std::atan(x); }, -10, 10},
        {"sinh", sinh, [](L x) { return std::sinh(x); }, -20, 20},
        {"cosh", cosh, [](L x) { return std::cosh(x); }, -20, 20},
        {"tanh", tanh, [](L x) { return std::tanh(x); }, -20, 20},
        {"asinh", asinh, [](L x) { return std::asinh(x); }, -10, 10},
        {"acosh", acosh, [](L x) { return std::acosh(x); }, 1, 10},
        {"atanh", atanh, [](L x) { return std::atanh(x); }, -1, 1},
        {"sigmoid", sigmoid, sigmoid_reference, -40, 40},
        {"erf", erf, [](L x) { return std::erf(x); }, -6, 6},
        {"erfc", erfc, [](L x) { return std::erfc(x); }, -6, 27},
        {"erfinv", erfinv, codegen::reference::erfinv, -1, 1},
        {"lgamma", lgamma, [](L x) { return std::lgamma(x); }, 0, 40, 0},
        {"digamma", digamma, digamma_reference, 2, 40, 2},
    };
}

}  // namespace latent::accuracy
