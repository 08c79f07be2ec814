#include "ir/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "ir/default_attributes.h"
#include "ir/print.h"

namespace latent::ir {

namespace {

/// The nodes of a graph by age, found without trusting that operands exist.
std::vector<const Node*> nodes_of(const Graph& graph) {
    std::vector<const Node*> nodes;
    NodeMap<bool> seen;
    const auto visit = [&](const Value& value, const Node* user) {
        if (!value) {
            throw InternalError(user == nullptr
                                    ? std::string("a graph with an empty result")
                                    : fmt::format("an empty operand of {} : {}", name(user->op()),
                                                  to_string(user->type())));
        }
        if (seen.insert(value.node.get(), true).second) {
            nodes.push_back(value.node.get());
        }
    };
    for (const Value& result : graph.results) {
        visit(result, nullptr);
    }
    for (std::size_t next = 0; next < nodes.size(); ++next) {
        const Node* node = nodes[next];
        for (const Value& operand : node->operands()) {
            visit(operand, node);
        }
    }
    std::ranges::sort(nodes, {}, &Node::id);
    return nodes;
}

class Verifier {
  public:
    explicit Verifier(std::span<const Node* const> nodes) : nodes_(nodes) {}

    void check_all(std::span<const Value> results) {
        for (const Node* node : nodes_) {
            check_operands(*node);
            check_type(*node);
            check_gradient(*node);
            check_parameter(*node);
            check_data(*node);
        }
        for (const Value& result : results) {
            check_result_index(result, *result.node);
        }
    }

  private:
    [[noreturn]] void fail(const Node& node, std::string_view problem) const {
        std::string text;
        print_node(text, node, number_nodes(nodes_));
        throw InternalError(fmt::format("{}, in: {}", problem, text));
    }

    void check_result_index(const Value& value, const Node& culprit) const {
        if (value.result != 0) {
            fail(culprit,
                 fmt::format("a use of result {} of a node with one result", value.result));
        }
    }

    void check_operands(const Node& node) const {
        for (const Value& operand : node.operands()) {
            if (operand.node->id() >= node.id()) {
                fail(node, "an operand that is younger than its user");
            }
            check_result_index(operand, node);
        }
    }

    void check_type(const Node& node) const {
        if (node.attributes().index() != default_attributes(node.op()).index()) {
            fail(node, "attributes of another op");
        }
        Type inferred;
        try {
            inferred = infer(node.op(), node.attributes(), node.operands(), node.location());
        } catch (const Error& error) {
            fail(node, error.what());
        }
        if (inferred != node.type()) {
            fail(node, fmt::format("the type should be {}", to_string(inferred)));
        }
    }

    void check_gradient(const Node& node) const {
        if (category(node.op()) == Category::leaf) {
            return;
        }
        const bool required = node.op() != Op::stop_gradient && is_floating(node.type().dtype) &&
                              std::ranges::any_of(node.operands(), [](const Value& v) {
                                  return v.node->requires_grad();
                              });
        if (node.requires_grad() != required) {
            fail(node, required ? "a node that should require a gradient"
                                : "a node that should not require a gradient");
        }
    }

    void check_parameter(const Node& node) {
        if (node.op() != Op::parameter) {
            return;
        }
        const std::int64_t index = node.attributes_as<ParameterAttributes>().index;
        if (index < 0) {
            fail(node, "a parameter with a negative index");
        }
        if (parameters_.emplace(index, node.type()).first->second != node.type()) {
            fail(node, fmt::format("parameter {} has two types", index));
        }
    }

    void check_data(const Node& node) const {
        const StorageRef storage = node.slot().storage();
        if (storage != nullptr && storage->size() < node.type().bytes()) {
            fail(node, fmt::format("data of {} bytes where the type needs {}", storage->size(),
                                   node.type().bytes()));
        }
    }

    std::span<const Node* const> nodes_;
    std::unordered_map<std::int64_t, Type> parameters_;
};

}  // namespace

void verify(const Graph& graph) {
    const std::vector<const Node*> nodes = nodes_of(graph);
    Verifier(nodes).check_all(graph.results);
}

}  // namespace latent::ir
