#include "ir/print.h"

#include <fmt/format.h>

#include <iterator>

namespace latent::ir {

namespace {

void print_values(std::string& text, std::span<const Value> values,
                  const NodeMap<std::size_t>& numbers) {
    std::string_view separator = " %";
    for (const Value& value : values) {
        text += separator;
        fmt::format_to(std::back_inserter(text), "{}", numbers.at(value.node.get()));
        separator = ", %";
    }
}

}  // namespace

NodeMap<std::size_t> number_nodes(std::span<const Node* const> order) {
    NodeMap<std::size_t> numbers(order.size());
    for (const Node* node : order) {
        numbers.insert(node, numbers.size());
    }
    return numbers;
}

void print_node(std::string& text, const Node& node, const NodeMap<std::size_t>& numbers,
                const PrintOptions& options) {
    fmt::format_to(std::back_inserter(text), "%{} = {}", numbers.at(&node), name(node.op()));
    print_values(text, node.operands(), numbers);
    if (const std::string attributes = to_string(node.attributes()); !attributes.empty()) {
        text += ' ';
        text += attributes;
    }
    text += " : ";
    text += to_string(node.type());
    if (options.locations) {
        if (const std::string location = to_string(node.location()); !location.empty()) {
            text += "  # ";
            text += location;
        }
    }
}

std::string print(const Graph& graph, const PrintOptions& options) {
    const std::vector<const Node*> order = topological_order(graph.results);
    const NodeMap<std::size_t> numbers = number_nodes(order);
    std::string text;
    for (const Node* node : order) {
        print_node(text, *node, numbers, options);
        text += '\n';
    }
    text += "return";
    print_values(text, graph.results, numbers);
    text += '\n';
    return text;
}

}  // namespace latent::ir
