#pragma once

#include <cstddef>
#include <optional>
#include <source_location>
#include <span>
#include <utility>
#include <vector>

#include "ir/builder.h"
#include "passes/gradient.h"

// What gradient rules are written with. Internal to the gradient pass.

namespace latent::passes {

/// A value together with the location that nodes built on it get, so that rules read as formulas.
class Term {
  public:
    Term(ir::Value value, const std::source_location& location)
        : value_(std::move(value)), location_(location) {}

    const ir::Value& value() const { return value_; }
    const ir::Type& type() const { return value_.type(); }
    const std::source_location& location() const { return location_; }
    /// The number, of this dtype and shape.
    Term filled(double number) const;

  private:
    ir::Value value_;
    std::source_location location_;
};

Term apply(ir::Op op, const Term& a);
Term apply(ir::Op op, const Term& a, const Term& b);
Term select(const Term& condition, const Term& if_true, const Term& if_false);

inline Term operator-(const Term& a) {
    return apply(ir::Op::neg, a);
}
inline Term operator+(const Term& a, const Term& b) {
    return apply(ir::Op::add, a, b);
}
inline Term operator-(const Term& a, const Term& b) {
    return apply(ir::Op::sub, a, b);
}
inline Term operator*(const Term& a, const Term& b) {
    return apply(ir::Op::mul, a, b);
}
inline Term operator/(const Term& a, const Term& b) {
    return apply(ir::Op::div, a, b);
}
inline Term operator+(double a, const Term& b) {
    return b.filled(a) + b;
}
inline Term operator-(double a, const Term& b) {
    return b.filled(a) - b;
}
inline Term operator*(double a, const Term& b) {
    return b.filled(a) * b;
}

/// The number that `value` repeats, where it is a `constant` behind broadcasts and reshapes.
std::optional<ir::Literal> repeated_constant(const ir::Value& value);

/// `product`, linear in `cotangent`, but zero where the cotangent is zero and a factor made the
/// product NaN. For derivatives without bound: cotangents also vanish by saturation, as in
/// 1 / (1 + exp(-x)). Where the factor is finite the product stays as it is, so that its own
/// derivative with respect to the cotangent is right at zero too (a Hessian at a minimum).
Term guarded(const Term& cotangent, const Term& product);

/// What a rule gives one operand.
struct Contribution {
    bool needed = false;
    ir::Value value;  ///< empty: zero
    bool masked = false;
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
    void contribute(std::size_t i, const Term& value) const { set(i, value, cotangent_.masked); }
    /// As `contribute`, of a value with zeros where this op does not use the operand's elements.
    void contribute_masked(std::size_t i, const Term& value) const { set(i, value, true); }

    /// As the function above, for this node's cotangent.
    Term guarded(const Term& product) const { return passes::guarded(cotangent(), product); }

    /// `product` for a derivative that is bounded at finite operands: guarded below an op that
    /// drops elements, which may be infinite or NaN, and as it is elsewhere.
    Term bounded(const Term& product) const {
        return cotangent_.masked ? guarded(product) : product;
    }

  private:
    void set(std::size_t i, const Term& value, bool masked) const {
        if (needs(i)) {
            contributions_[i].value = value.value();
            contributions_[i].masked = masked;
        }
    }

    const ir::Node& node_;
    const Cotangent& cotangent_;
    std::span<Contribution> contributions_;
};

/// Applies the rule of the node's op: for each operand that needs it, the cotangent times the
/// derivative of the node with respect to that operand.
void apply_vjp(const VjpContext& context);

// Rules of more than one operand, of reductions, of scans and of movement.

void vjp_sub(const VjpContext& context);
void vjp_mul(const VjpContext& context);
void vjp_div(const VjpContext& context);
void vjp_remainder(const VjpContext& context);
void vjp_pow(const VjpContext& context);
void vjp_maximum_minimum(const VjpContext& context);
void vjp_atan2(const VjpContext& context);
void vjp_select(const VjpContext& context);
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
void vjp_gather(const VjpContext& context);
void vjp_fold(const VjpContext& context);
void vjp_scatter_add(const VjpContext& context);

/// Dimension permutation[i] goes back to i.
ir::Axes inverse_permutation(const ir::Axes& permutation);

}  // namespace latent::passes
