#pragma once

#include <optional>
#include <span>
#include <vector>

#include "ir/node.h"

namespace latent::ir {

/// How gradients pass a `custom_vjp` node. Immutable; several threads may ask it, any number of
/// times.
class GradientRule {
  public:
    /// What a node receives from its users, or how it moves.
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

    /// How `node` moves, given how each operand but the first does, of which one at least does.
    /// Nothing: in the way that `cotangents` is the transpose of.
    virtual std::optional<Cotangent> tangent(const Node& /*node*/,
                                             std::span<const Cotangent> /*tangents*/) const {
        return std::nullopt;
    }
};

}  // namespace latent::ir
