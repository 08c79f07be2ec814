#pragma once

#include <latent/tensor.h>

#include <limits>
#include <source_location>
#include <vector>

namespace latent::accuracy {

/// A function of one variable, and what it should be.
struct Function {
    const char* name;
    Tensor (*apply)(const Tensor&, std::source_location);
    long double (*reference)(long double);
    /// Where f64 is sampled evenly.
    double low;
    double high;
    /// Where f64 is sampled over all exponents: it need not hold everywhere.
    double smallest = -std::numeric_limits<double>::infinity();
    double largest = std::numeric_limits<double>::infinity();
    /// What screens arguments of f32 outside of that, where f64 does not hold for them.
    double (*beyond)(double) = nullptr;
};

std::vector<Function> all_functions();

}  // namespace latent::accuracy
