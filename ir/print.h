#pragma once

#include <string>

#include "ir/graph.h"

namespace latent::ir {

struct PrintOptions {
    /// Ends a line with `  # file:line` of the user's call, where one is known.
    bool locations = true;
};

/// The graph as SSA text, one node a line, operands before users:
///
///     %0 = parameter {index=0, dtype=f32, shape=[5,10]} : f32[5,10]
///     %1 = reduce_sum %0 {axes=[1]} : f32[5]  # train.cpp:42
///     return %1
///
/// `parse` reads it back. Data behind buffers, and whether they require a gradient, are no part of
/// the text.
std::string print(const Graph& graph, const PrintOptions& options = {});

/// The line of one node (without a newline), with its operands named by `numbers`.
void print_node(std::string& text, const Node& node, const NodeMap<std::size_t>& numbers,
                const PrintOptions& options = {});

/// The position of each node in `order`.
NodeMap<std::size_t> number_nodes(std::span<const Node* const> order);

}  // namespace latent::ir
