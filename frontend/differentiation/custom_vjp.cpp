#include <latent/custom_vjp.h>

#include <fmt/format.h>

#include "frontend/tensor/arguments.h"
#include "frontend/tensor/graph_lock.h"
#include "ir/gradient_rule.h"
#include "passes/differentiation/checkpoint.h"
#include "passes/differentiation/known_gradients.h"

namespace latent {

namespace detail {

namespace {

using ir::Value;

std::vector<Tensor> wrapped(std::span<const Value> values) {
    std::vector<Tensor> tensors;
    for (const Value& value : values) {
        tensors.push_back(wrap(value));
    }
    return tensors;
}

/// A backward rule of the user.
class FunctionRule final : public ir::GradientRule {
  public:
    explicit FunctionRule(BackwardRule rule) : rule_(std::move(rule)) {}

    std::vector<Cotangent> cotangents(const ir::Node& node,
                                      const Cotangent& cotangent) const override {
        const auto inputs = node.operands().subspan(1);
        const std::vector<Tensor> parts =
            rule_(wrapped(inputs), wrap(Value{ir::NodeRef::share(node)}), wrap(cotangent.value));
        if (parts.size() != inputs.size()) {
            ir::raise<GradientError>(
                node.location(),
                fmt::format("custom_vjp: the backward rule returned {} tensors for {} inputs",
                            parts.size(), inputs.size()));
        }
        std::vector<Cotangent> result;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            // The rule may have dropped elements.
            result.push_back({part(parts[i], inputs[i].type(), i, node.location()), true});
        }
        return result;
    }

  private:
    static Value part(const Tensor& tensor, const ir::Type& type, std::size_t i,
                      const std::source_location& location) {
        if (!tensor.is_defined() || !is_floating(type.dtype)) {
            return {};
        }
        Value value = value_of(tensor, location);
        if (value.type() != type) {
            ir::raise<GradientError>(
                location, fmt::format("custom_vjp: the backward rule returned {} for input {}, {}",
                                      to_string(value.type()), i, to_string(type)));
        }
        return value;
    }

    BackwardRule rule_;
};

}  // namespace

std::vector<Tensor> stop_gradients(std::span<const Tensor> tensors,
                                   const std::source_location& location) {
    std::vector<Tensor> stopped;
    for (const Tensor& tensor : tensors) {
        stopped.push_back(latent::stop_gradient(tensor, location));
    }
    return stopped;
}

Tensor with_backward_rule(const Tensor& result, std::span<const Tensor> inputs, BackwardRule rule,
                          const std::source_location& location) {
    return wrap(passes::with_gradient_rule(value_of(result, location), values_of(inputs, location),
                                           std::make_shared<FunctionRule>(std::move(rule)),
                                           location));
}

std::vector<Tensor> checkpoint_leaves(std::span<const Tensor> inputs,
                                      const std::source_location& location) {
    if (inputs.empty()) {
        ir::raise<ValueError>(location, "checkpoint: needs an input, got none");
    }
    return wrapped(passes::checkpoint_leaves(values_of(inputs, location), location));
}

std::vector<Tensor> checkpointed(std::span<const Tensor> results, std::span<const Tensor> leaves,
                                 std::span<const Tensor> inputs,
                                 const std::source_location& location) {
    const std::vector<Value> leaf_values = values_of(leaves, location);
    const std::vector<Value> input_values = values_of(inputs, location);
    const GraphReader reader;
    std::vector<Tensor> tensors;
    for (const Value& result : values_of(results, location)) {
        tensors.push_back(wrap(passes::checkpoint(result, leaf_values, input_values, location)));
    }
    return tensors;
}

}  // namespace detail

Tensor stop_gradient(const Tensor& x, std::source_location location) {
    return x.detach(location);
}

}  // namespace latent
