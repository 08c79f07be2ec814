#pragma once

#include <optional>
#include <span>
#include <vector>

#include "passes/differentiation/partials.h"

// What Jacobian-vector rules are written with. Internal to the gradient passes.

namespace latent::passes {

/// One node with the tangents of its operands, of which one at least is not zero, as its rule sees
/// it.
class JvpContext {
  public:
    JvpContext(const ir::Node& node, std::span<const Differential> tangents)
        : node_(node), tangents_(tangents) {}

    const ir::Node& node() const { return node_; }
    const std::source_location& location() const { return node_.location(); }
    Term operand(std::size_t i) const { return {node_.operand(i), location()}; }
    Term result() const { return {{ir::NodeRef::share(node_)}, location()}; }

    /// Whether the operand moves. If not, its tangent is zero and there is no node for it.
    bool moves(std::size_t i) const { return static_cast<bool>(tangents_[i].value); }
    const Differential& differential(std::size_t i) const { return tangents_[i]; }
    Term tangent(std::size_t i) const { return {tangents_[i].value, location()}; }
    /// For ops that need a value in the place of every operand.
    ir::Value tangent_or_zero(std::size_t i) const;

    /// The tangent of the node, which is as clean as those of the operands are.
    Differential carry(const ir::Value& value) const;
    Differential carry(const Term& value) const { return carry(value.value()); }
    /// As `carry`, of a value with zeros that come from no tangent.
    Differential carry_masked(const ir::Value& value) const;
    /// The node's own op, which is linear in the operands that move, on other operands.
    Differential same_op(std::span<const ir::Value> operands) const;

    /// Tangent `i` times a derivative that is bounded at finite operands, with the guards that the
    /// rules of elementwise ops have.
    Term times(std::size_t i, const Term& tangent, const Term& derivative) const;

  private:
    const ir::Node& node_;
    std::span<const Differential> tangents_;
};

/// Applies the rule of the node's op.
Differential apply_jvp(const JvpContext& context);

/// The tangents of `outputs`, in their order, where each of `with_respect_to` moves along its
/// tangent. Nothing for an output that does not depend on them.
std::vector<std::optional<Differential>> move_along(std::span<const ir::Value> outputs,
                                                    std::span<const ir::Value> with_respect_to,
                                                    std::span<const Differential> tangents);

Differential jvp_reduce_prod(const JvpContext& context);
Differential jvp_reduce_max_min(const JvpContext& context);
Differential jvp_cumulative_max(const JvpContext& context);
Differential jvp_linear_recurrence(const JvpContext& context);
Differential jvp_contraction(const JvpContext& context);
Differential jvp_pad_or_concat(const JvpContext& context);
Differential jvp_scatter_add(const JvpContext& context);
Differential jvp_custom(const JvpContext& context);

}  // namespace latent::passes
