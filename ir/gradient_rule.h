#pragma once

#include <vector>

#include "ir/node.h"

namespace latent::ir {

/// How gradients pass a `custom_vjp` node. Immutable; several threads may ask it, any number of
/// times.
class GradientRule {
  public:
    /// What a node receives from its users.
    struct Cotangent {
        Value value;          ///< of the node's type; empty: zero
        bool masked = false;  ///< some elements may be zero because another op dropped them
    };

    GradientRule() = default;
    GradientRule(const GradientRule&) = delete;
    GradientRule& operator=(const GradientRule&) = delete;
    virtual ~GradientRule() = default;

    /// What each operand of `node` but the first receives, given what the node receives, which is
    /// not zero.
    virtual std::vector<Cotangent> cotangents(const Node& node,
                                              const Cotangent& cotangent) const = 0;
};

}  // namespace latent::ir
