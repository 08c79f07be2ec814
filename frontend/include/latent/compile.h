#pragma once

#include <latent/eval.h>

#include <functional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace latent {

/// A function of tensors whose results are computed when it is called, all of them in one plan.
template <typename Function>
class Compiled {
  public:
    Compiled(Function function, const std::source_location& location)
        : function_(std::move(function)), location_(location) {}

    /// Calls the function and evaluates every tensor in its result: a Tensor, a vector, pair or
    /// tuple of such, or a struct with `visit`. Calls of equal structure share one plan and its
    /// kernels, so they compile nothing new.
    template <typename... Arguments>
    auto operator()(Arguments&&... arguments) const {
        auto result = std::invoke(function_, std::forward<Arguments>(arguments)...);
        eval(detail::LocatedTensors(result, location_));
        return result;
    }

    /// The function whose results are computed.
    const Function& wrapped() const { return function_; }

  private:
    Function function_;
    std::source_location location_;
};

namespace detail {

/// What a function builds before anything is evaluated.
template <typename Function, typename... Arguments>
auto call_uncompiled(const Function& function, Arguments&&... arguments) {
    return std::invoke(function, std::forward<Arguments>(arguments)...);
}
template <typename Function, typename... Arguments>
auto call_uncompiled(const Compiled<Function>& compiled, Arguments&&... arguments) {
    return std::invoke(compiled.wrapped(), std::forward<Arguments>(arguments)...);
}

}  // namespace detail

/// `auto step = compile(train_step);` What goes wrong in the evaluation names this line.
template <typename Function>
Compiled<std::decay_t<Function>> compile(
    Function&& function, std::source_location location = std::source_location::current()) {
    return {std::forward<Function>(function), location};
}

}  // namespace latent
