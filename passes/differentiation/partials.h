#pragma once

#include <optional>

#include "ir/node.h"
#include "passes/term.h"

// Derivatives that forward and reverse mode share. Internal to the gradient passes.

namespace latent::passes {

/// A cotangent on its way down or a tangent on its way up.
struct Differential {
    ir::Value value;         ///< empty: zero
    bool masked = false;     ///< some elements may be zero because an op dropped or lacked them
    bool unbounded = false;  ///< a tangent: some may be infinite through an unbounded derivative
};

/// `incoming`, which is not zero, times the derivative of an elementwise node with respect to an
/// operand. The Jacobian of an elementwise op is diagonal, hence its own transpose: forward and
/// reverse mode multiply by the same.
Differential times_derivative(const ir::Node& node, std::size_t operand,
                              const Differential& incoming);

/// One derivative of an elementwise node, as its rule sees it.
class Partial {
  public:
    Partial(const ir::Node& node, std::size_t which, const Differential& incoming)
        : node_(node), which_(which), incoming_(incoming), outgoing_(incoming) {}

    const ir::Node& node() const { return node_; }
    /// The operand that the derivative is taken with respect to.
    std::size_t which() const { return which_; }
    Term incoming() const { return {incoming_.value, node_.location()}; }
    Term operand(std::size_t i) const { return {node_.operand(i), node_.location()}; }
    Term result() const { return {{ir::NodeRef::share(node_)}, node_.location()}; }

    /// The incoming value times a derivative that is bounded at finite operands: guarded where an
    /// op dropped elements, which may be infinite or NaN.
    Term times(const Term& derivative) const {
        return guard(incoming() * derivative, incoming_.masked, derivative);
    }
    Term over(const Term& divisor) const {
        return guard(incoming() / divisor, incoming_.masked, inverse(divisor));
    }
    /// As `times` and `over`, for a derivative without bound, or not known to have one.
    Term times_unbounded(const Term& derivative) {
        outgoing_.unbounded = true;
        return guard(incoming() * derivative, true, derivative);
    }
    Term over_unbounded(const Term& divisor) {
        return unbounded(incoming() / divisor, inverse(divisor));
    }
    /// A product that was made step by step, with a derivative that is zero where `factor` is.
    Term unbounded(const Term& product, const std::optional<Term>& factor = std::nullopt) {
        outgoing_.unbounded = true;
        return guard(product, true, factor);
    }
    /// The incoming value times a factor known to be finite and not zero.
    Term times_constant(const Term& factor) const { return incoming() * factor; }

    /// The result of the rule. Without one, it is zero.
    void give(const Term& value) { outgoing_.value = value.value(); }
    /// As `give`, of a value with zeros where the op does not use the operand's elements.
    void give_masked(const Term& value) {
        give(value);
        outgoing_.masked = true;
    }
    void give_zero() { outgoing_.value = {}; }
    const Differential& outgoing() const { return outgoing_; }

  private:
    /// The derivative that a division by `divisor` multiplies by, where it is asked for.
    std::optional<Term> inverse(const Term& divisor) const {
        return incoming_.unbounded ? std::optional(divisor.filled(1) / divisor) : std::nullopt;
    }
    Term guard(const Term& product, bool incoming_may_vanish,
               const std::optional<Term>& derivative) const;

    const ir::Node& node_;
    std::size_t which_;
    const Differential& incoming_;
    Differential outgoing_;
};

/// Applies the rule of the node's op.
void apply_partial(Partial& partial);

// Rules of several operands.

void partial_mul(Partial& partial);
void partial_div(Partial& partial);
void partial_remainder(Partial& partial);
void partial_pow(Partial& partial);
void partial_maximum_minimum(Partial& partial);
void partial_atan2(Partial& partial);
void partial_select(Partial& partial);

/// For a reduce_prod, the product of all other reduced elements in place of each element.
Term products_of_others(const ir::Node& node);

/// Where a cumulative maximum takes the element itself: the largest so far, or NaN.
Term is_largest_so_far(const ir::Node& node);
/// `value` moved by one along the axis of a scan: each element takes the place of the one that the
/// scan reaches after it (`later`) or before it, and zero fills the gap.
Term moved(const ir::Node& scan, const Term& value, bool later);
/// The elements of a reduce_max or reduce_min that are its result.
Term chosen_elements(const ir::Node& node);
/// Dimension permutation[i] goes back to i.
ir::Axes inverse_permutation(const ir::Axes& permutation);
/// The sum over the axes of a reduction.
Term sum_over_reduced(const ir::Node& reduction, const Term& value);
/// A value of the reduced shape, repeated to the shape of the operand of a reduction.
Term spread(const ir::Node& reduction, const ir::Value& value);

}  // namespace latent::passes
