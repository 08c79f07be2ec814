#pragma once

#include <latent/latent.h>

#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// One case for each operation, or several where shapes make a difference. peers.py has the same
/// cases by name for other libraries, and draws the same inputs.
namespace latent::benchmarks {

inline constexpr std::int64_t million = 1 << 20;

/// An input: what its elements are drawn from, in [low, high) where that has limits.
struct Input {
    enum class Draw { normal, uniform, integer, sorted };

    Draw draw = Draw::normal;
    Shape shape;
    double low = 0;
    double high = 1;
    DType dtype = DType::f32;
    /// Gradients are asked for, if the dtype has them.
    bool differentiable = true;
};

inline Input normal_numbers(const Shape& shape, DType dtype = DType::f32) {
    return {.draw = Input::Draw::normal, .shape = shape, .dtype = dtype};
}
inline Input uniform_numbers(double low, double high, const Shape& shape,
                             DType dtype = DType::f32) {
    return {.draw = Input::Draw::uniform, .shape = shape, .low = low, .high = high, .dtype = dtype};
}
inline Input integers(std::int64_t low, std::int64_t high, const Shape& shape,
                      DType dtype = DType::i64) {
    return {.draw = Input::Draw::integer,
            .shape = shape,
            .low = static_cast<double>(low),
            .high = static_cast<double>(high),
            .dtype = dtype};
}
inline Input booleans(const Shape& shape) {
    return integers(0, 2, shape, DType::boolean);
}
/// Normal numbers in increasing order.
inline Input sorted_numbers(const Shape& shape) {
    return {.draw = Input::Draw::sorted, .shape = shape};
}
/// The same, to which no gradient is asked for.
inline Input constant(Input input) {
    input.differentiable = false;
    return input;
}

using Compute = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;

/// What one benchmark does, and with `differentiable` another, which takes gradients too.
struct Case {
    std::string name;  ///< of the operation, or `operation/variant`
    std::vector<Input> inputs;
    Compute compute;
    bool differentiable = false;
};
using Cases = std::vector<Case>;

/// For the last field of a case.
inline constexpr bool with_gradient = true;

// A file for each family.
Cases elementwise_cases();
Cases binary_cases();
Cases reduction_cases();
Cases order_cases();
Cases arrangement_cases();
Cases indexing_cases();
Cases creation_cases();
Cases product_cases();
Cases network_cases();

/// `function`, of up to five tensors, to a tensor or several.
template <typename Function>
Compute of(Function function) {
    using T = const Tensor&;
    return [function](const std::vector<Tensor>& x) {
        const auto call = [&](const auto&... inputs) -> std::vector<Tensor> {
            if constexpr (std::is_same_v<decltype(function(inputs...)), Tensor>) {
                return {function(inputs...)};
            } else {
                return function(inputs...);
            }
        };
        if constexpr (std::is_invocable_v<Function>) {
            return call();
        } else if constexpr (std::is_invocable_v<Function, T>) {
            return call(x.at(0));
        } else if constexpr (std::is_invocable_v<Function, T, T>) {
            return call(x.at(0), x.at(1));
        } else if constexpr (std::is_invocable_v<Function, T, T, T>) {
            return call(x.at(0), x.at(1), x.at(2));
        } else {
            return call(x.at(0), x.at(1), x.at(2), x.at(3), x.at(4));
        }
    };
}

/// A function of the library of one tensor.
inline Compute of(Tensor (*function)(const Tensor&, std::source_location)) {
    return of([function](const Tensor& x) { return function(x, std::source_location::current()); });
}

}  // namespace latent::benchmarks
