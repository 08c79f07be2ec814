#pragma once

#include "passes/rewriting/rule.h"

namespace latent::passes {

/// fold(contraction(g, w)), which is how the gradient of a convolution with respect to its input is
/// written, becomes a convolution of g padded and spread by the strides with w flipped:
/// contraction(window(pad(g)), flip(w)). A rule with root `fold`.
ir::Value transposed_convolution(const ir::Node& node, const RuleContext& context);

}  // namespace latent::passes
