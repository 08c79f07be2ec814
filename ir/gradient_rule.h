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
        Value value;             ///< of the node's type; empty: zero
        bool masked = false;     ///< some elements may be zero because another op dropped them
        bool unbounded = false;  ///< a tangent, some of whose elements may be infinite
    };

    GradientRule() = default;
    GradientRule(const GradientRule&) = delete;
    GradientRule& operator=(const GradientRule&) = delete;
    virtual ~GradientRule() = default;

    /// What each operand of `node` but the first receives, given what the node receives, which is
    /// not zero.
    virtual std::vector<Cotangent> cotangents(const Node& node,
                                              const Cotangent& cotangent) const = 0;

    /// Whether a node moves with its second operand alone, by a Jacobian that is its own transpose.
    /// `cotangents` then also says, first, how a node moves whose second operand moves by what it
    /// is given.
    virtual bool is_symmetric() const { return false; }
};

}  // namespace latent::ir
