#pragma once

#include <latent/eval.h>

#include <functional>
#include <type_traits>
#include <utility>

namespace latent {

/// A function of tensors whose results are computed when it is called, all of them in one plan.
template <typename Function>
class Compiled {
  public:
    explicit Compiled(Function function) : function_(std::move(function)) {}

    /// Calls the function and evaluates every tensor in its result: a Tensor, a vector, pair or
    /// tuple of such, or a struct with `visit`. Calls of equal structure share one plan and its
    /// kernels, so they compile nothing new.
    template <typename... Arguments>
    auto operator()(Arguments&&... arguments) const {
        auto result = std::invoke(function_, std::forward<Arguments>(arguments)...);
        eval(result);
        return result;
    }

  private:
    Function function_;
};

/// `auto step = compile(train_step);`
template <typename Function>
Compiled<std::decay_t<Function>> compile(Function&& function) {
    return Compiled<std::decay_t<Function>>(std::forward<Function>(function));
}

}  // namespace latent
