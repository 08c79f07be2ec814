#pragma once

#include <cstdint>
#include <span>

#include "ir/graph.h"
#include "ir/node_map.h"

namespace latent::passes {

/// Whether `weights`, an operand of `contraction`, should be computed a few rows at a time in the
/// kernel of the contraction: where it comes from a product, by elementwise operations and
/// reductions, that is much larger than what it is made from and what is made of it, as the scores
/// of attention are.
bool begins_row_chain(const ir::Node& contraction, const ir::Node& weights);

/// Of a graph, products and what is computed element by element, of at least `least_elements`, that
/// nothing needs but more of it, reductions, and contractions that begin row chains. Chains compute
/// such values again, rows at a time, however many chains there are: the scores and weights of
/// attention, in it and in its gradients. Where a position hides about half of them, computing them
/// again costs half as much: there a sixteenth of the elements is enough.
class RowsOfChains {
  public:
    RowsOfChains(const ir::Graph& graph, std::span<const ir::Node* const> order,
                 std::int64_t least_elements);

    bool contains(const ir::Node& node) const { return rows_.contains(&node); }

  private:
    ir::NodeMap<bool> rows_;
};

}  // namespace latent::passes
