#pragma once

#include <latent/latent.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <source_location>
#include <string>
#include <vector>

namespace latent::test {

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// The elements as double, of whatever dtype.
inline std::vector<double> values(const Tensor& x) {
    return x.cast(DType::f64).to_vector<double>();
}

/// Equal shapes, and elements within `tolerance` (relative above 1); NaN equals NaN.
inline void check_values(const Tensor& x, const Shape& shape, const std::vector<double>& expected,
                         double tolerance = 1e-6) {
    CHECK(x.shape() == shape);
    const std::vector<double> got = values(x);
    REQUIRE(got.size() == expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        INFO("element " << i << ": " << got[i] << ", expected " << expected[i]);
        const bool same = got[i] == expected[i] || (std::isnan(got[i]) && std::isnan(expected[i]));
        CHECK((same ||
               std::abs(got[i] - expected[i]) <= tolerance * std::max(1.0, std::abs(expected[i]))));
    }
}

/// f64 inputs of a function that is differentiated.
using Function = std::function<Tensor(const std::vector<Tensor>&)>;

/// Gradients of sum(weights * f(inputs)) agree with central differences.
inline void check_gradients(const Function& function, const std::vector<Tensor>& inputs,
                            double tolerance = 1e-6) {
    const auto objective = [&](const std::vector<Tensor>& at) {
        const Tensor y = function(at);
        const Tensor weights =
            cos(arange(y.numel(), {.dtype = DType::f64}) + 1.0).reshape(y.shape());
        return (y * weights).sum();
    };
    const auto [value, gradients] = value_and_grad(objective, inputs);
    constexpr double step = 1e-5;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const std::vector<double> base = inputs[i].to_vector<double>();
        std::vector<double> expected;
        for (std::size_t j = 0; j < base.size(); ++j) {
            const auto moved = [&](double distance) {
                std::vector<double> elements = base;
                elements[j] += distance;
                std::vector<Tensor> at = inputs;
                at[i] = Tensor::from(elements, inputs[i].shape());
                return objective(at).item<double>();
            };
            expected.push_back((moved(step) - moved(-step)) / (2 * step));
        }
        INFO("input " << i);
        check_values(gradients[i], inputs[i].shape(), expected, tolerance);
    }
}

/// Normal f64 values for such checks.
inline Tensor sample(const Shape& shape, std::uint64_t seed = 1) {
    return normal(Key(seed), shape, {.dtype = DType::f64}).eval();
}

/// The message of the error that `call` throws.
template <typename E, typename Call>
std::string message_of(Call&& call) {
    try {
        call();
    } catch (const E& error) {
        return error.what();
    }
    return "nothing of the expected type was thrown";
}

}  // namespace latent::test
