#pragma once

#include <cstddef>
#include <source_location>
#include <span>
#include <vector>

#include "passes/differentiation/gradient.h"
#include "passes/differentiation/partials.h"
#include "passes/term.h"

// What vector-Jacobian rules are written with. Internal to the gradient passes.

namespace latent::passes {

/// What a rule gives one operand.
struct Contribution {
    bool needed = false;
    Differential part;
};

/// One node with its cotangent, as its rule sees it.
class VjpContext {
  public:
    VjpContext(const ir::Node& node, const Cotangent& cotangent,
               std::span<Contribution> contributions)
        : node_(node), cotangent_(cotangent), contributions_(contributions) {}

    const ir::Node& node() const { return node_; }
    const std::source_location& location() const { return node_.location(); }
    Term cotangent() const { return {cotangent_.value, location()}; }
    Term operand(std::size_t i) const { return {node_.operand(i), location()}; }
    Term result() const { return {{ir::NodeRef::share(node_)}, location()}; }
    const ir::Type& operand_type(std::size_t i) const { return node_.operand(i).type(); }

    bool needs(std::size_t i) const { return contributions_[i].needed; }

    /// The rule's result for operand `i`. An operand that the rule passes over gets zero.
    void contribute(std::size_t i, const Term& value) const {
        contribute(i, {value.value(), masked(), unbounded()});
    }
    /// As `contribute`, of a value with zeros where this op does not use the operand's elements.
    void contribute_masked(std::size_t i, const Term& value) const {
        contribute(i, {value.value(), true, unbounded()});
    }
    void contribute(std::size_t i, const Differential& part) const {
        if (needs(i)) {
            contributions_[i].part = part;
        }
    }

    /// `product` for a derivative that is bounded at finite operands: guarded below an op that
    /// drops elements, which may be infinite or NaN, and as it is elsewhere.
    Term bounded(const Term& product) const {
        return masked() ? guarded(cotangent(), product) : product;
    }
    bool masked() const { return cotangent_.masked; }
    /// Only where the walk started so: what an unbounded derivative makes of a cotangent is none.
    bool unbounded() const { return cotangent_.unbounded; }

  private:
    const ir::Node& node_;
    const Cotangent& cotangent_;
    std::span<Contribution> contributions_;
};

/// Applies the rule of the node's op: for each operand that needs it, the cotangent times the
/// derivative of the node with respect to that operand.
void apply_vjp(const VjpContext& context);

/// The cotangents of `with_respect_to`, in their order, from that of `output`. Those that the
/// output does not depend on are not reached.
std::vector<Cotangent> propagate_to(std::span<const ir::Value> with_respect_to,
                                    const ir::Value& output, const Cotangent& start);

// Rules of reductions, of scans, of movement and of boundaries.

void vjp_reduce_sum(const VjpContext& context);
void vjp_reduce_prod(const VjpContext& context);
void vjp_reduce_max_min(const VjpContext& context);
void vjp_contraction(const VjpContext& context);
void vjp_cumulative_sum(const VjpContext& context);
void vjp_cumulative_max(const VjpContext& context);
void vjp_linear_recurrence(const VjpContext& context);
void vjp_permute(const VjpContext& context);
void vjp_reshape(const VjpContext& context);
void vjp_broadcast(const VjpContext& context);
void vjp_slice(const VjpContext& context);
void vjp_flip(const VjpContext& context);
void vjp_window(const VjpContext& context);
void vjp_pad(const VjpContext& context);
void vjp_concat(const VjpContext& context);
void vjp_interleave(const VjpContext& context);
void vjp_gather(const VjpContext& context);
void vjp_fold(const VjpContext& context);
void vjp_scatter_add(const VjpContext& context);
void vjp_custom(const VjpContext& context);

}  // namespace latent::passes
