#pragma once

#include <latent/gradients.h>
#include <latent/tensor.h>
#include <latent/tree.h>

#include <source_location>
#include <span>
#include <utility>
#include <vector>

namespace latent::detail {

/// One gradient for each tensor in `parameters`.
template <typename Tree, typename Source>
std::vector<Tensor> gradients_for(const Tree& parameters, const Source& gradients,
                                  const std::source_location& location) {
    if constexpr (std::same_as<Source, Gradients>) {
        std::vector<Tensor> result;
        for (const Tensor& parameter : tensors_of(parameters)) {
            result.push_back(gradients[{parameter, location}]);
        }
        return result;
    } else {
        return tensors_of(gradients);
    }
}

}  // namespace latent::detail

/// Optimisers are functions on values: (parameters, gradients, state) to (parameters, state). The
/// old ones stay valid, and nothing needs zeroing between steps. New parameters are leaves without
/// history, which require a gradient if the old ones did. Parameters may be a Tensor, a vector of
/// tensors or a struct with `visit`; gradients come in the same structure, as a vector, or as
/// Gradients. All numbers are run-time parameters: another learning rate compiles nothing. An
/// optimiser made with a number that is negative, infinite or NaN, or with a `beta` or `smoothing`
/// outside of [0, 1), throws ValueError.
namespace latent::optim {

/// What every optimiser takes and gives, in the order of the parameters.
template <typename State>
struct Step {
    std::vector<Tensor> parameters;
    State state;
};

/// What the optimisers have in common; each gives `start` and `step` on flat lists of tensors.
template <typename Derived, typename State>
class Optimizer {
  public:
    /// The state before the first step: computed zeros, so that the first step is like all others.
    /// That of f16 and bf16 parameters is f32.
    template <typename Parameters>
    State init(const Parameters& parameters,
               std::source_location location = std::source_location::current()) const {
        return derived().start(detail::tensors_of(parameters), location);
    }

    /// One step. Throws ShapeError where the gradients or the state do not fit the parameters.
    template <typename Parameters, typename Gradient>
    std::pair<Parameters, State> update(
        const Parameters& parameters, const Gradient& gradients, const State& state,
        std::source_location location = std::source_location::current()) const {
        Step<State> next =
            derived().step(detail::tensors_of(parameters),
                           detail::gradients_for(parameters, gradients, location), state, location);
        return {detail::with_tensors(parameters, next.parameters), std::move(next.state)};
    }

  private:
    const Derived& derived() const { return static_cast<const Derived&>(*this); }
};

struct SGDOptions {
    double learning_rate = 1e-2;
    double momentum = 0;
    /// Looks one step ahead along the velocity; needs a momentum, else ValueError.
    bool nesterov = false;
    /// Added to the gradient, times the parameter.
    double weight_decay = 0;
    /// Keeps the history of new parameters, so that gradients flow through the step.
    bool differentiable = false;
};

struct SGDState {
    /// One for each parameter; none without momentum.
    std::vector<Tensor> velocity;
    void visit(auto&& visitor) { visitor("velocity", velocity); }
};

/// Stochastic gradient descent: v' = momentum * v + g, p' = p - learning_rate * v'.
/// Source: https://proceedings.mlr.press/v28/sutskever13.html
class SGD : public Optimizer<SGD, SGDState> {
  public:
    SGD() = default;
    explicit SGD(const SGDOptions& options,
                 std::source_location location = std::source_location::current());
    const SGDOptions& options() const { return options_; }

    SGDState start(std::span<const Tensor> parameters, const std::source_location& location) const;
    Step<SGDState> step(std::span<const Tensor> parameters, std::span<const Tensor> gradients,
                        const SGDState& state, const std::source_location& location) const;

  private:
    SGDOptions options_;
};

struct AdamOptions {
    double learning_rate = 1e-3;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
    /// Added to the gradient, times the parameter.
    double weight_decay = 0;
    /// Keeps the history of new parameters, so that gradients flow through the step.
    bool differentiable = false;
};

struct AdamWOptions {
    double learning_rate = 1e-3;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
    /// Each step takes learning_rate times this from the parameter.
    double weight_decay = 1e-2;
    /// Keeps the history of new parameters, so that gradients flow through the step.
    bool differentiable = false;
};

struct AdamState {
    /// Number of steps done; i64 without dimensions.
    Tensor steps;
    std::vector<Tensor> first_moments;
    std::vector<Tensor> second_moments;
    void visit(auto&& visitor) {
        visitor("steps", steps, "first_moments", first_moments, "second_moments", second_moments);
    }
};

/// Source: https://arxiv.org/abs/1412.6980 (Algorithm 1)
class Adam : public Optimizer<Adam, AdamState> {
  public:
    Adam() = default;
    explicit Adam(const AdamOptions& options,
                  std::source_location location = std::source_location::current());
    const AdamOptions& options() const { return options_; }

    AdamState start(std::span<const Tensor> parameters, const std::source_location& location) const;
    Step<AdamState> step(std::span<const Tensor> parameters, std::span<const Tensor> gradients,
                         const AdamState& state, const std::source_location& location) const;

  private:
    AdamOptions options_;
};

/// Adam with decoupled weight decay. Source: https://arxiv.org/abs/1711.05101 (Algorithm 2)
class AdamW : public Optimizer<AdamW, AdamState> {
  public:
    AdamW() = default;
    explicit AdamW(const AdamWOptions& options,
                   std::source_location location = std::source_location::current());
    const AdamWOptions& options() const { return options_; }

    AdamState start(std::span<const Tensor> parameters, const std::source_location& location) const;
    Step<AdamState> step(std::span<const Tensor> parameters, std::span<const Tensor> gradients,
                         const AdamState& state, const std::source_location& location) const;

  private:
    AdamWOptions options_;
};

struct RMSpropOptions {
    double learning_rate = 1e-2;
    /// How much of the mean square stays from step to step.
    double smoothing = 0.99;
    double epsilon = 1e-8;
    double momentum = 0;
    /// Divides by the standard deviation of the gradient in place of its root mean square.
    bool centered = false;
    /// Added to the gradient, times the parameter.
    double weight_decay = 0;
    /// Keeps the history of new parameters, so that gradients flow through the step.
    bool differentiable = false;
};

struct RMSpropState {
    std::vector<Tensor> mean_squares;
    /// None unless centered.
    std::vector<Tensor> means;
    /// None without momentum.
    std::vector<Tensor> velocity;
    void visit(auto&& visitor) {
        visitor("mean_squares", mean_squares, "means", means, "velocity", velocity);
    }
};

/// s' = smoothing * s + (1 - smoothing) * g^2, v' = momentum * v + g / (sqrt(s') + epsilon),
/// p' = p - learning_rate * v'. Sources: G. Hinton, Neural Networks for Machine Learning, lecture
/// 6; centered: https://arxiv.org/abs/1308.0850
class RMSprop : public Optimizer<RMSprop, RMSpropState> {
  public:
    RMSprop() = default;
    explicit RMSprop(const RMSpropOptions& options,
                     std::source_location location = std::source_location::current());
    const RMSpropOptions& options() const { return options_; }

    RMSpropState start(std::span<const Tensor> parameters,
                       const std::source_location& location) const;
    Step<RMSpropState> step(std::span<const Tensor> parameters, std::span<const Tensor> gradients,
                            const RMSpropState& state, const std::source_location& location) const;

  private:
    RMSpropOptions options_;
};

struct AdagradOptions {
    double learning_rate = 1e-2;
    double epsilon = 1e-10;
    /// Added to the gradient, times the parameter.
    double weight_decay = 0;
    /// Keeps the history of new parameters, so that gradients flow through the step.
    bool differentiable = false;
};

struct AdagradState {
    std::vector<Tensor> sums_of_squares;
    void visit(auto&& visitor) { visitor("sums_of_squares", sums_of_squares); }
};

/// s' = s + g^2, p' = p - learning_rate * g / (sqrt(s') + epsilon).
/// Source: https://jmlr.org/papers/v12/duchi11a.html
class Adagrad : public Optimizer<Adagrad, AdagradState> {
  public:
    Adagrad() = default;
    explicit Adagrad(const AdagradOptions& options,
                     std::source_location location = std::source_location::current());
    const AdagradOptions& options() const { return options_; }

    AdagradState start(std::span<const Tensor> parameters,
                       const std::source_location& location) const;
    Step<AdagradState> step(std::span<const Tensor> parameters, std::span<const Tensor> gradients,
                            const AdagradState& state, const std::source_location& location) const;

  private:
    AdagradOptions options_;
};

struct LionOptions {
    double learning_rate = 1e-4;
    double beta1 = 0.9;
    double beta2 = 0.99;
    /// Each step takes learning_rate times this from the parameter.
    double weight_decay = 0;
    /// Keeps the history of new parameters, so that gradients flow through the step.
    bool differentiable = false;
};

struct LionState {
    std::vector<Tensor> momenta;
    void visit(auto&& visitor) { visitor("momenta", momenta); }
};

/// p' = p - learning_rate * (sign(beta1 * m + (1 - beta1) * g) + weight_decay * p),
/// m' = beta2 * m + (1 - beta2) * g. Source: https://arxiv.org/abs/2302.06675 (Program 1)
class Lion : public Optimizer<Lion, LionState> {
  public:
    Lion() = default;
    explicit Lion(const LionOptions& options,
                  std::source_location location = std::source_location::current());
    const LionOptions& options() const { return options_; }

    LionState start(std::span<const Tensor> parameters, const std::source_location& location) const;
    Step<LionState> step(std::span<const Tensor> parameters, std::span<const Tensor> gradients,
                         const LionState& state, const std::source_location& location) const;

  private:
    LionOptions options_;
};

}  // namespace latent::optim
