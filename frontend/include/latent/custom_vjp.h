#pragma once

#include <latent/tensor.h>
#include <latent/tree.h>

#include <functional>
#include <source_location>
#include <span>
#include <utility>
#include <vector>

namespace latent {

/// The same value, through which no gradient flows: as `x.detach()`.
Tensor stop_gradient(const Tensor& x,
                     std::source_location location = std::source_location::current());

namespace detail {

/// The cotangents of the inputs, from the inputs, the result and its cotangent.
using BackwardRule = std::function<std::vector<Tensor>(
    std::span<const Tensor> inputs, const Tensor& result, const Tensor& cotangent)>;

std::vector<Tensor> stop_gradients(std::span<const Tensor> tensors,
                                   const std::source_location& location);
/// `result` as a function of `inputs` with that rule.
Tensor with_backward_rule(const Tensor& result, std::span<const Tensor> inputs, BackwardRule rule,
                          const std::source_location& location);

/// Stand-ins for the inputs of a function to checkpoint.
std::vector<Tensor> checkpoint_leaves(std::span<const Tensor> inputs,
                                      const std::source_location& location);
std::vector<Tensor> checkpointed(std::span<const Tensor> results, std::span<const Tensor> leaves,
                                 std::span<const Tensor> inputs,
                                 const std::source_location& location);

}  // namespace detail

/// A function of tensors with a backward rule of its own: what `custom_vjp` returns.
template <typename Forward, typename Backward>
class CustomVjp {
  public:
    CustomVjp(Forward forward, Backward backward)
        : forward_(std::move(forward)), backward_(std::move(backward)) {}

    /// `forward(inputs)`. The inputs are a Tensor, a vector, or a struct with `visit`.
    template <typename Inputs>
    Tensor operator()(const Inputs& inputs,
                      std::source_location location = std::source_location::current()) const {
        const std::vector<Tensor> tensors = detail::tensors_of(inputs);
        const Tensor result = std::invoke(
            forward_, detail::with_tensors(inputs, detail::stop_gradients(tensors, location)));
        // The rule remembers the structure, not the tensors: the graph holds these.
        const Inputs structure = detail::with_tensors(inputs, std::vector<Tensor>(tensors.size()));
        detail::BackwardRule rule = [backward = backward_, structure](std::span<const Tensor> at,
                                                                      const Tensor& value,
                                                                      const Tensor& cotangent) {
            const Inputs parts =
                std::invoke(backward, detail::with_tensors(structure, at), value, cotangent);
            return detail::tensors_of(parts);
        };
        return detail::with_backward_rule(result, tensors, std::move(rule), location);
    }

  private:
    Forward forward_;
    Backward backward_;
};

/// A function that computes `forward(inputs)`, a Tensor, and whose gradient is what
/// `backward(inputs, result, cotangent)` returns in the structure of the inputs: of each input's
/// shape and dtype, or a default-constructed Tensor for zero. Gradients see nothing of what is
/// inside `forward`; tensors that it captures get none. Second derivatives go through `backward`,
/// and so does forward mode, for which `backward` must be linear in the cotangent.
///
/// `backward` is called when gradients are built, any number of times and by any thread; it builds
/// a graph and cannot evaluate one: that throws GradientError, and so does a part that does not
/// fit its input.
template <typename Forward, typename Backward>
CustomVjp<Forward, Backward> custom_vjp(Forward forward, Backward backward) {
    return {std::move(forward), std::move(backward)};
}

/// `function(inputs)`, whose values inside are not kept for the gradient but computed again in the
/// backward pass: less memory for one more computation of the function. The inputs, one at least,
/// and the result are a Tensor, a vector, or a struct with `visit`. Tensors that the function
/// captures get their gradients too. The function is called once: random numbers are the same when
/// they are computed again. Throws ValueError where there is no input.
template <typename Function, typename Inputs>
auto checkpoint(Function&& function, const Inputs& inputs,
                std::source_location location = std::source_location::current()) {
    const std::vector<Tensor> tensors = detail::tensors_of(inputs);
    const std::vector<Tensor> leaves = detail::checkpoint_leaves(tensors, location);
    auto result = std::invoke(function, detail::with_tensors(inputs, leaves));
    return detail::with_tensors(
        result, detail::checkpointed(detail::tensors_of(result), leaves, tensors, location));
}

}  // namespace latent
