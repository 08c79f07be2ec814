#include "tests/fuzz/minimise.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string>

#include "ir/parse.h"
#include "ir/print.h"

namespace latent::fuzz {

namespace {

/// The graphs that are one step smaller.
using Steps = std::function<std::vector<ir::Graph>(const ir::Graph&)>;

std::int64_t unused_index(const ir::Graph& graph) {
    std::int64_t index = 0;
    for (const ir::Node* node : ir::topological_order(graph.results)) {
        if (node->op() == ir::Op::parameter) {
            index = std::max(index, node->attributes_as<ir::ParameterAttributes>().index + 1);
        }
    }
    return index;
}

ir::Graph replaced(const ir::Graph& graph, const ir::Node* wanted, const ir::Value& replacement) {
    return ir::rewrite(graph, [&](const ir::Node& node, std::span<const ir::Value>) {
        return &node == wanted ? replacement : ir::Value{};
    });
}

/// Graphs with one result less.
std::vector<ir::Graph> without_results(const ir::Graph& graph) {
    std::vector<ir::Graph> smaller;
    for (std::size_t i = 0; graph.results.size() > 1 && i < graph.results.size(); ++i) {
        smaller.push_back({{graph.results[i]}});
    }
    for (std::size_t i = 0; graph.results.size() > 2 && i < graph.results.size(); ++i) {
        smaller.push_back(graph);
        smaller.back().results.erase(smaller.back().results.begin() +
                                     static_cast<std::ptrdiff_t>(i));
    }
    return smaller;
}

/// Graphs with the operands of a result in its place.
std::vector<ir::Graph> with_operands_as_results(const ir::Graph& graph) {
    std::vector<ir::Graph> smaller;
    for (std::size_t i = 0; i < graph.results.size(); ++i) {
        for (const ir::Value& operand : graph.results[i].operands()) {
            smaller.push_back(graph);
            smaller.back().results[i] = operand;
        }
    }
    return smaller;
}

/// Graphs with one node less: a parameter or an operand of its type in its place.
std::vector<ir::Graph> without_nodes(const ir::Graph& graph) {
    std::vector<ir::Graph> smaller;
    const std::int64_t index = unused_index(graph);
    std::vector<const ir::Node*> order = ir::topological_order(graph.results);
    std::ranges::reverse(order);  // Below a node near the results there is more that goes.
    for (const ir::Node* node : order) {
        if (ir::category(node->op()) == ir::Category::leaf) {
            continue;
        }
        for (const ir::Value& operand : node->operands()) {
            if (operand.type() == node->type()) {
                smaller.push_back(replaced(graph, node, operand));
            }
        }
        smaller.push_back(replaced(graph, node, ir::parameter(index, node->type(), {})));
    }
    return smaller;
}

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '%' || c == '.';
}

/// The text with each whole number `from` in brackets or after `extent=` as `to`.
std::string with_extent(const std::string& text, const std::string& from, const std::string& to) {
    std::string result;
    for (std::size_t i = 0; i < text.size();) {
        std::size_t end = i;
        while (end < text.size() && is_word(text[end])) {
            ++end;
        }
        if (end == i) {
            result += text[i++];
            continue;
        }
        const std::string word = text.substr(i, end - i);
        const bool is_extent =
            i > 0 && (text[i - 1] == '[' || text[i - 1] == ',' || result.ends_with("extent="));
        result += word == from && is_extent ? to : word;
        i = end;
    }
    return result;
}

/// Graphs with one extent made smaller wherever it occurs, as far as they are valid.
std::vector<ir::Graph> with_smaller_extents(const ir::Graph& graph) {
    std::set<std::int64_t> extents;
    for (const ir::Node* node : ir::topological_order(graph.results)) {
        extents.insert(node->type().shape.begin(), node->type().shape.end());
    }
    const std::string text = ir::print(graph, {.locations = false});
    std::vector<ir::Graph> smaller;
    for (const std::int64_t extent : extents) {
        for (const std::int64_t other : {std::int64_t{1}, extent / 2, extent - 1}) {
            if (other > 0 && other < extent) {
                try {
                    smaller.push_back(ir::parse(
                        with_extent(text, std::to_string(extent), std::to_string(other))));
                } catch (const Error&) {
                    // Shapes do not meet any more.
                }
            }
        }
    }
    return smaller;
}

}  // namespace

Case minimise(const Case& example, const std::function<bool(const Case&)>& fails, int attempts) {
    Case smallest = example;
    // Behind a step that succeeds, those that failed before it are not tried again at once.
    const auto improve = [&](const Steps& steps) {
        bool improved = false;
        std::vector<ir::Graph> candidates = steps(smallest.graph);
        for (std::size_t i = 0; i < candidates.size() && attempts > 0; --attempts) {
            Case smaller = smallest;
            smaller.graph = candidates[i];
            if (fails(smaller)) {
                smallest = std::move(smaller);
                candidates = steps(smallest.graph);
                improved = true;
            } else {
                ++i;
            }
        }
        return improved;
    };
    const std::array<Steps, 4> kinds = {without_results, with_operands_as_results, without_nodes,
                                        with_smaller_extents};
    while (std::ranges::count_if(kinds, improve) > 0) {
    }
    return smallest;
}

}  // namespace latent::fuzz
