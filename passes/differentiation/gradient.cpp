#include "passes/differentiation/gradient.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/builder.h"
#include "ir/graph.h"
#include "passes/differentiation/vjp.h"

namespace latent::passes {

namespace {

using ir::Node;
using ir::NodeMap;
using ir::Op;
using ir::Value;

Value seed(const Value& output, const Value& cotangent, const std::source_location& location) {
    const ir::Type& type = output.type();
    if (!is_floating(type.dtype)) {
        ir::raise<GradientError>(
            location, fmt::format("only floating values have a gradient, and {} of {} is none",
                                  to_string(type), ir::name(output.op())));
    }
    if (cotangent) {
        if (cotangent.type() != type) {
            ir::raise<GradientError>(location,
                                     fmt::format("a cotangent {} does not fit the output {}",
                                                 to_string(cotangent.type()), to_string(type)));
        }
        return cotangent;
    }
    if (type.rank() != 0) {
        ir::raise<GradientError>(location, fmt::format("the gradient of a value of shape {} needs "
                                                       "a cotangent; only a scalar starts from one",
                                                       to_string(type.shape)));
    }
    return ir::constant(ir::Literal::one(type.dtype), location);
}

void accumulate(Cotangent& sum, const Differential& part, const Node& node) {
    sum.reached = true;
    sum.masked |= part.masked;
    sum.unbounded |= part.unbounded;
    if (!sum.value) {
        sum.value = part.value;
    } else if (part.value) {
        sum.value = ir::make(Op::add, {sum.value, part.value}, node.location());
    }
}

/// Walks from users to operands. Every node to differentiate has an entry in `cotangents`; users
/// have larger ids than operands, so a cotangent is complete when its node is visited.
void propagate(std::span<const Node* const> order, NodeMap<Cotangent>& cotangents) {
    std::vector<Contribution> contributions;
    for (std::size_t position = order.size(); position-- > 0;) {
        const Node& node = *order[position];
        const Cotangent* cotangent = cotangents.find(&node);
        if (cotangent == nullptr || !cotangent->reached || !is_differentiable(node.op())) {
            continue;
        }
        contributions.clear();
        for (const Value& operand : node.operands()) {
            contributions.push_back({cotangents.contains(operand.node.get()), {}});
        }
        // A cotangent that is zero everywhere reaches the operands as zero without a single node.
        const bool any_needed = std::ranges::any_of(contributions, &Contribution::needed);
        if (cotangent->value && any_needed) {
            apply_vjp(VjpContext(node, *cotangent, contributions));
        }
        for (std::size_t i = 0; i < contributions.size(); ++i) {
            if (contributions[i].needed) {
                const Node& operand = *node.operand(i).node;
                accumulate(*cotangents.find(&operand), contributions[i].part, operand);
            }
        }
    }
}

bool carries_gradient(const Node& node) {
    return is_floating(node.type().dtype) && is_differentiable(node.op());
}

Value gradient_of(const Node& node, const Cotangent* cotangent) {
    if (cotangent == nullptr || !cotangent->reached) {
        return {};
    }
    return cotangent->value ? cotangent->value
                            : ir::full(ir::Literal::zero(node.type().dtype),
                                       node.type().shape.span(), node.location());
}

}  // namespace

Value GradientMap::find(const Value& value) const {
    return gradient_of(*value.node, cotangents_.find(value.node.get()));
}

GradientMap vjp(const Value& output, const Value& cotangent, const std::source_location& location) {
    const Value start = seed(output, cotangent, location);
    const auto order = ir::topological_order(std::span(&output, 1), [](const Node& node) {
        return !node.requires_grad() || !is_differentiable(node.op());
    });
    NodeMap<Cotangent> cotangents(order.size());
    for (const Node* node : order) {
        if (node->requires_grad()) {
            cotangents.insert(node, {});
        }
    }
    if (Cotangent* first = cotangents.find(output.node.get())) {
        *first = {start, true, false};
    }
    propagate(order, cotangents);
    return {output, std::move(cotangents)};
}

std::vector<Cotangent> propagate_to(std::span<const Value> with_respect_to, const Value& output,
                                    const Cotangent& start) {
    std::uint64_t oldest = output.node->id();
    NodeMap<bool> wanted(with_respect_to.size());
    for (const Value& value : with_respect_to) {
        wanted.insert(value.node.get(), true);
        oldest = std::min(oldest, value.node->id());
    }
    // Nothing older than the oldest wanted node can depend on one.
    const auto order = ir::topological_order(std::span(&output, 1), [oldest](const Node& node) {
        return node.id() <= oldest || !carries_gradient(node);
    });
    NodeMap<Cotangent> cotangents(order.size());
    for (const Node* node : order) {
        const bool depends = std::ranges::any_of(node->operands(), [&](const Value& operand) {
            return cotangents.contains(operand.node.get());
        });
        const bool target = wanted.contains(node) && is_floating(node->type().dtype);
        if (target || (depends && carries_gradient(*node))) {
            cotangents.insert(node, {});
        }
    }
    if (Cotangent* first = cotangents.find(output.node.get())) {
        *first = start;
    }
    propagate(order, cotangents);
    std::vector<Cotangent> result;
    result.reserve(with_respect_to.size());
    for (const Value& value : with_respect_to) {
        const Cotangent* found = cotangents.find(value.node.get());
        result.push_back(found == nullptr ? Cotangent{} : *found);
    }
    return result;
}

std::vector<Value> gradients(const Value& output, const Value& cotangent,
                             std::span<const Value> with_respect_to,
                             const std::source_location& location) {
    const auto found =
        propagate_to(with_respect_to, output, {seed(output, cotangent, location), true, false});
    std::vector<Value> result;
    for (std::size_t i = 0; i < found.size(); ++i) {
        result.push_back(gradient_of(*with_respect_to[i].node, &found[i]));
    }
    return result;
}

std::optional<std::string_view> no_gradient_reason(Op op) {
    switch (op) {
        case Op::constant:
        case Op::scalar:
        case Op::shape_number:
        case Op::parameter:
        case Op::buffer:
        case Op::iota:
            return "a leaf: gradients end here";
        case Op::stop_gradient:
            return "stops the gradient: that is its meaning";
        case Op::bitwise_not:
        case Op::bitwise_and:
        case Op::bitwise_or:
        case Op::bitwise_xor:
        case Op::shift_left:
        case Op::shift_right:
        case Op::random_bits:
            return "integers and booleans only";
        case Op::equal:
        case Op::not_equal:
        case Op::less:
        case Op::less_equal:
        case Op::greater:
        case Op::greater_equal:
            return "the result is boolean";
        case Op::reduce_argmax:
        case Op::reduce_argmin:
        case Op::argsort:
            return "the result is positions";
        case Op::neg:
        case Op::abs:
        case Op::sign:
        case Op::floor:
        case Op::ceil:
        case Op::round:
        case Op::trunc:
        case Op::sqrt:
        case Op::exp:
        case Op::expm1:
        case Op::log:
        case Op::log2:
        case Op::log10:
        case Op::log1p:
        case Op::sin:
        case Op::cos:
        case Op::tan:
        case Op::asin:
        case Op::acos:
        case Op::atan:
        case Op::sinh:
        case Op::cosh:
        case Op::tanh:
        case Op::asinh:
        case Op::acosh:
        case Op::atanh:
        case Op::sigmoid:
        case Op::erf:
        case Op::erfc:
        case Op::erfinv:
        case Op::lgamma:
        case Op::cast:
        case Op::add:
        case Op::sub:
        case Op::mul:
        case Op::div:
        case Op::floor_divide:
        case Op::remainder:
        case Op::pow:
        case Op::maximum:
        case Op::minimum:
        case Op::atan2:
        case Op::select:
        case Op::cumulative_sum:
        case Op::cumulative_max:
        case Op::linear_recurrence:
        case Op::reduce_sum:
        case Op::reduce_prod:
        case Op::reduce_max:
        case Op::reduce_min:
        case Op::contraction:
        case Op::permute:
        case Op::reshape:
        case Op::broadcast:
        case Op::slice:
        case Op::flip:
        case Op::window:
        case Op::optimization_barrier:
        case Op::pad:
        case Op::concat:
        case Op::interleave:
        case Op::gather:
        case Op::fold:
        case Op::scatter_add:
        case Op::custom_vjp:
            return std::nullopt;
    }
    throw InternalError("an op without a row in ir/ops.def");
}

}  // namespace latent::passes
