#pragma once

#include <functional>
#include <span>
#include <vector>

#include "ir/builder.h"
#include "ir/node_map.h"

namespace latent::ir {

/// Values asked for, with all that they are made of. Passes take a Graph and give another.
struct Graph {
    std::vector<Value> results;
};

/// The nodes that `results` need, operands before users. Stops above nodes for which `stop` is true
/// (they are included). The order is that of creation, so it does not depend on how the graph is
/// walked.
std::vector<const Node*> topological_order(std::span<const Value> results,
                                           const std::function<bool(const Node&)>& stop = nullptr);

/// Rebuilds a graph bottom-up. `rule` sees each node once, in topological order, with its already
/// rewritten operands, and returns a replacement, or an empty Value to keep the node (on the
/// rewritten operands). Nodes are shared with the old graph where nothing below them changed.
using RewriteRule = std::function<Value(const Node& node, std::span<const Value> operands)>;
Graph rewrite(const Graph& graph, const RewriteRule& rule);

/// A node like `node` on other operands; `node` itself if they are the same.
Value with_operands(const Node& node, std::span<const Value> operands);

}  // namespace latent::ir
