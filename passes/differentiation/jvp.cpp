#include "passes/differentiation/jvp.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/graph.h"
#include "passes/differentiation/gradient.h"

namespace latent::passes {

using ir::Node;
using ir::Value;

namespace {

void check_tangents(std::span<const Value> values, std::span<const Value> tangents,
                    const std::source_location& location) {
    if (values.size() != tangents.size()) {
        ir::raise<GradientError>(
            location, fmt::format("{} values, but {} tangents", values.size(), tangents.size()));
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        const ir::Type& type = values[i].type();
        if (!is_floating(type.dtype)) {
            ir::raise<GradientError>(
                location, fmt::format("only floating values have a tangent, and {} is none",
                                      to_string(type)));
        }
        if (tangents[i] && tangents[i].type() != type) {
            ir::raise<GradientError>(location,
                                     fmt::format("a tangent {} does not fit the value {}",
                                                 to_string(tangents[i].type()), to_string(type)));
        }
    }
}

bool carries_tangent(const Node& node) {
    return is_floating(node.type().dtype) && is_differentiable(node.op());
}

Differential tangent_of(const Node& node, const ir::NodeMap<Differential>& known) {
    std::vector<Differential> tangents;
    bool moves = false;
    for (const Value& operand : node.operands()) {
        const Differential* tangent = known.find(operand.node.get());
        tangents.push_back(tangent == nullptr ? Differential{} : *tangent);
        moves = moves || tangents.back().value;
    }
    return moves ? apply_jvp(JvpContext(node, tangents)) : Differential{};
}

}  // namespace

std::vector<std::optional<Differential>> move_along(std::span<const Value> outputs,
                                                    std::span<const Value> with_respect_to,
                                                    std::span<const Differential> tangents) {
    // What has an entry depends on `with_respect_to`; an entry without a value is zero.
    ir::NodeMap<Differential> known;
    std::uint64_t oldest = UINT64_MAX;
    for (std::size_t i = 0; i < with_respect_to.size(); ++i) {
        known[with_respect_to[i].node.get()] = tangents[i];
        oldest = std::min(oldest, with_respect_to[i].node->id());
    }
    // Nothing older than the oldest of them can depend on one.
    const auto order = ir::topological_order(outputs, [&](const Node& node) {
        return node.id() <= oldest || known.contains(&node) || !carries_tangent(node);
    });
    for (const Node* node : order) {
        const bool depends = std::ranges::any_of(node->operands(), [&](const Value& operand) {
            return known.contains(operand.node.get());
        });
        if (depends && !known.contains(node) && carries_tangent(*node)) {
            Differential tangent = tangent_of(*node, known);
            known[node] = std::move(tangent);
        }
    }
    std::vector<std::optional<Differential>> result;
    for (const Value& output : outputs) {
        const Differential* tangent = known.find(output.node.get());
        result.push_back(tangent == nullptr ? std::nullopt : std::optional(*tangent));
    }
    return result;
}

std::vector<Value> jvp(std::span<const Value> outputs, std::span<const Value> with_respect_to,
                       std::span<const Value> tangents, const std::source_location& location) {
    check_tangents(with_respect_to, tangents, location);
    std::vector<Differential> along;
    for (const Value& tangent : tangents) {
        along.push_back({tangent, false, false});
    }
    const auto moved = move_along(outputs, with_respect_to, along);
    std::vector<Value> result;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const ir::Type& type = outputs[i].type();
        result.push_back(!moved[i]         ? Value{}
                         : moved[i]->value ? moved[i]->value
                                           : ir::full(ir::Literal::zero(type.dtype),
                                                      type.shape.span(), location));
    }
    return result;
}

Value JvpContext::tangent_or_zero(std::size_t i) const {
    return moves(i) ? tangents_[i].value : operand(i).filled(0).value();
}

Differential JvpContext::carry(const Value& value) const {
    Differential result{value, false, false};
    for (const Differential& tangent : tangents_) {
        result.masked = result.masked || (tangent.value && tangent.masked);
        result.unbounded = result.unbounded || (tangent.value && tangent.unbounded);
    }
    return result;
}

Differential JvpContext::carry_masked(const Value& value) const {
    Differential result = carry(value);
    result.masked = true;
    return result;
}

Differential JvpContext::same_op(std::span<const Value> operands) const {
    return carry(ir::make(node_.op(), node_.attributes(), operands, location()));
}

Term JvpContext::times(std::size_t i, const Term& tangent, const Term& derivative) const {
    const Differential incoming{tangent.value(), tangents_[i].masked, tangents_[i].unbounded};
    return Partial(node_, i, incoming).times(derivative);
}

}  // namespace latent::passes
