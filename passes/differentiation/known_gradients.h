#pragma once

#include <memory>
#include <source_location>
#include <span>

#include "ir/attributes.h"
#include "ir/gradient_rule.h"
#include "ir/node.h"

// Compositions whose gradient, as a whole, takes less to compute than those of their steps: fewer
// operations, guards and exponentials, and less to keep until then.

namespace latent::passes {

/// `result`, through which gradients go to `inputs` as `rule` says, and not to what it is made of.
ir::Value with_gradient_rule(const ir::Value& result, std::span<const ir::Value> inputs,
                             std::shared_ptr<const ir::GradientRule> rule,
                             const std::source_location& location);

/// `softmax`, that of `x` along `axes`. Its gradient is made of the result alone.
ir::Value with_gradient_of_softmax(const ir::Value& softmax, const ir::Value& x,
                                   const ir::Axes& axes, const std::source_location& location);

/// x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, elementwise, of f32 or f64.
ir::Value gelu_tanh(const ir::Value& x, const std::source_location& location);

}  // namespace latent::passes
