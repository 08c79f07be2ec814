#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "ir/hash.h"
#include "ir/parse.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "passes/pass.h"

namespace latent::passes::testing {

/// Leaves for the texts of tests; parsing drops those that a text does not use.
inline constexpr std::string_view leaves = R"(
    %x = parameter {index=0, dtype=f32, shape=[4,6]}
    %y = parameter {index=1, dtype=f32, shape=[4,6]}
    %i = parameter {index=2, dtype=i32, shape=[4,6]}
    %j = parameter {index=3, dtype=i32, shape=[4,6]}
    %p = parameter {index=4, dtype=bool, shape=[4,6]}
    %q = parameter {index=5, dtype=bool, shape=[4,6]}
    %v = parameter {index=6, dtype=f32, shape=[6]}
    %b = parameter {index=7, dtype=f32, shape=[3,4,6]}
    %w = parameter {index=8, dtype=f32, shape=[6,5]}
    %d = parameter {index=9, dtype=f64, shape=[4,6]}
    %s = scalar {value=f32:0}
)";

using PassFunction = ir::Graph (*)(const ir::Graph&, PassContext&);

/// The same graph with its nodes created in an order that depends on structure alone, so that equal
/// graphs print alike.
inline std::string canonical_text(const ir::Graph& graph) {
    const std::vector<ir::CanonicalNode> order = ir::canonical_order(graph.results);
    ir::NodeMap<ir::Value> copies(order.size());
    for (const ir::CanonicalNode& entry : order) {
        std::vector<ir::Value> operands;
        for (const ir::Value& operand : entry.node->operands()) {
            operands.push_back(copies.at(operand.node.get()));
        }
        copies[entry.node] =
            ir::make(entry.node->op(), entry.node->attributes(), operands, entry.node->location());
    }
    ir::Graph copy;
    for (const ir::Value& result : graph.results) {
        copy.results.push_back(copies.at(result.node.get()));
    }
    return ir::print(copy);
}

inline ir::Graph parse_with_leaves(std::string_view text) {
    return ir::parse(std::string(leaves) + std::string(text));
}

inline ir::Graph run(PassFunction pass, const ir::Graph& graph,
                     FloatMode float_mode = FloatMode::strict) {
    PassContext context(float_mode);
    ir::Graph result = pass(graph, context);
    ir::verify(result);
    return result;
}

/// `pass` makes of the graph `before` the graph `after`, and leaves that alone.
inline void check_rewrite(PassFunction pass, std::string_view before, std::string_view after,
                          FloatMode float_mode = FloatMode::strict) {
    const ir::Graph result = run(pass, parse_with_leaves(before), float_mode);
    CHECK(canonical_text(result) == canonical_text(parse_with_leaves(after)));
    CHECK(run(pass, result, float_mode).results == result.results);
}

/// `pass` returns the very nodes that it was given.
inline void check_unchanged(PassFunction pass, std::string_view text,
                            FloatMode float_mode = FloatMode::strict) {
    const ir::Graph graph = parse_with_leaves(text);
    const ir::Graph result = run(pass, graph, float_mode);
    INFO(ir::print(result));
    CHECK(result.results == graph.results);
}

}  // namespace latent::passes::testing
