#pragma once

#include <optional>
#include <source_location>
#include <span>
#include <string_view>
#include <vector>

#include "ir/node.h"
#include "ir/node_map.h"

namespace latent::passes {

/// Differentiation: a graph in, more graph out. One rule per primitive gives the vector-Jacobian
/// product, one the Jacobian-vector product, built of the same primitives, so gradients have
/// gradients.
///
/// What the rules promise:
/// - A zero cotangent contributes zero where the local derivative is infinite or NaN, in every
///   rule with an unbounded derivative, and in every elementwise rule below an op that drops
///   elements (select, maximum, minimum, reduce_max, reduce_min, slice, gather, ...). Contractions
///   are the exception: there a zero times infinity is NaN, forward and backward.
/// - Ties of maximum and minimum share the cotangent equally, those of reduce_max and reduce_min
///   among all equal elements; where the result is NaN, the NaN elements get it.
/// - abs'(0) = 0. sign, floor, ceil, round, trunc and floor_divide have the gradient zero.
/// - pow is right at zero and at negative bases; reduce_prod is exact with any number of zeros,
///   and so are its higher derivatives.

/// What a node of a differentiated graph has received from its users.
struct Cotangent {
    ir::Value value;       ///< empty: zero
    bool reached = false;  ///< the output depends on the node, be it with gradient zero everywhere
    bool masked = false;   ///< some elements may be zero because a later op dropped them
    /// A tangent, on a walk that stands for forward mode: some elements may be infinite.
    bool unbounded = false;
};

/// The cotangents of one backward pass.
class GradientMap {
  public:
    /// The gradient with respect to `value`, of its type. Empty if the output does not depend on
    /// it through differentiable operations; never zeros in place of that.
    ir::Value find(const ir::Value& value) const;

  private:
    friend GradientMap vjp(const ir::Value&, const ir::Value&, const std::source_location&);
    GradientMap(ir::Value output, ir::NodeMap<Cotangent> cotangents)
        : output_(std::move(output)), cotangents_(std::move(cotangents)) {}

    ir::Value output_;  // keeps the keys of the map alive
    ir::NodeMap<Cotangent> cotangents_;
};

/// The vector-Jacobian product of `output` with `cotangent` for every node that requires a gradient
/// and that `output` is made of. What leaves (`buffer`, and `stop_gradient` where it requires a
/// gradient itself) are made of is not looked at. Without a cotangent (an empty Value) that of a
/// rank-0 output is one. Linear in the number of nodes; each is visited once. New nodes carry the
/// location of the forward node they come from. Throws GradientError where the output is not
/// floating, where the cotangent is missing for an output of another shape than [], and where its
/// type is not the output's.
GradientMap vjp(const ir::Value& output, const ir::Value& cotangent,
                const std::source_location& location);

/// The gradients with respect to the given values, in their order, which need not require one.
/// Only what lies on a path from them to `output` is differentiated. An empty Value stands for one
/// that `output` does not depend on. Cotangent and errors as for `vjp`.
std::vector<ir::Value> gradients(const ir::Value& output, const ir::Value& cotangent,
                                 std::span<const ir::Value> with_respect_to,
                                 const std::source_location& location);

/// Forward mode, the Jacobian-vector product: the tangents of `outputs`, in their order, where each
/// of `with_respect_to` moves along its tangent and nothing else moves. An empty tangent is zero;
/// an empty Value in the result stands for an output that does not depend on `with_respect_to`
/// through differentiable operations. One rule per primitive, linear in the number of nodes.
///
/// A zero tangent contributes zero as a zero cotangent does in reverse mode; and, since it is then
/// reverse mode's cotangent that is zero, a derivative of zero does so to an infinite tangent.
/// Throws GradientError where a tangent is not of its value's type, or that is not floating.
std::vector<ir::Value> jvp(std::span<const ir::Value> outputs,
                           std::span<const ir::Value> with_respect_to,
                           std::span<const ir::Value> tangents,
                           const std::source_location& location);

/// Why no gradient flows through `op`; nothing for an op that has a gradient rule.
std::optional<std::string_view> no_gradient_reason(ir::Op op);

inline bool is_differentiable(ir::Op op) {
    return !no_gradient_reason(op).has_value();
}

}  // namespace latent::passes
