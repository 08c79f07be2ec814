#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "tests/accuracy/functions.h"

namespace latent::accuracy {

/// The largest error in ULP, and the argument that it was found at.
struct WorstError {
    double ulp = 0;
    double argument = 0;

    void include(double other_ulp, double other_argument) {
        if (other_ulp > ulp) {
            ulp = other_ulp;
            argument = other_argument;
        }
    }
};

struct SingleErrors {
    WorstError everywhere;
    WorstError denormal;  ///< where the argument or the result is one
};

/// Every `stride`-th bit pattern of f32; 1 takes all. Arguments are screened with the function in
/// f64, and what is worst by that is judged by the reference. That screening is sound is checked on
/// a sample of the arguments: throws std::runtime_error where the function in f64 is off.
/// `progress` is called, by one thread at a time, with the part that is done.
SingleErrors sweep_single(const Function& function, std::uint32_t stride,
                          const std::function<void(double)>& progress);

/// Over `count` arguments of all exponents, and as many evenly spaced ones.
WorstError sample_double(const Function& function, std::size_t count);

/// What f32 gives at minus infinity, -0, +0, infinity and NaN.
std::array<float, 5> special_results(const Function& function);

}  // namespace latent::accuracy
