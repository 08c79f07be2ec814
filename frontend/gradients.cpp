#include <latent/gradients.h>

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "frontend/arguments.h"
#include "frontend/graph_lock.h"
#include "passes/gradient.h"

namespace latent {

namespace detail {

namespace {

using ir::Value;

/// The cotangent of an output that has one element and is given none.
Value ones_like(const Value& output, std::string_view op, const std::source_location& location) {
    const ir::Type& type = output.type();
    if (type.element_count() != 1) {
        ir::raise<GradientError>(
            location,
            fmt::format("{}: a value of shape {} needs a cotangent; only one with a single "
                        "element starts from one",
                        op, to_string(type.shape)));
    }
    return ir::full(ir::Literal::one(type.dtype), type.shape.span(), location);
}

std::vector<Tensor> checked_gradients(const Value& output, const Value& cotangent,
                                      const std::vector<Tensor>& inputs, std::string_view op,
                                      const std::source_location& location) {
    const std::vector<Value> values = values_of(inputs, location);
    const std::shared_lock lock(graph_mutex());
    const std::vector<Value> found = passes::gradients(output, cotangent, values, location);
    std::vector<Tensor> result;
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (!found[i]) {
            ir::raise<GradientError>(
                location,
                fmt::format(
                    "{}: {} does not depend on input {}, {}, through differentiable operations", op,
                    to_string(output.type()), i, to_string(values[i].type())));
        }
        result.push_back(wrap(found[i]));
    }
    return result;
}

}  // namespace

/// Where gradients start, and what was built from there.
class DifferentiatedOutput {
  public:
    DifferentiatedOutput(Value output, Value cotangent, const std::source_location& location)
        : output_(std::move(output)), cotangent_(std::move(cotangent)), location_(location) {}

    /// Null where there is no gradient.
    Value gradient(const Value& value) {
        const std::lock_guard lock(mutex_);
        const std::shared_lock graph_lock(graph_mutex());
        if (!built_) {
            built_ = passes::vjp(output_, cotangent_, location_);
        }
        return built_->find(value);
    }

  private:
    Value output_;
    Value cotangent_;
    std::source_location location_;
    std::mutex mutex_;
    std::optional<passes::GradientMap> built_;
};

/// What `Gradients` shares among its copies: the outputs whose gradients it adds up.
class BackwardPass {
  public:
    BackwardPass(const Value& output, const Value& cotangent, const std::source_location& location)
        : outputs_{std::make_shared<DifferentiatedOutput>(output, cotangent, location)} {}
    BackwardPass(const BackwardPass& first, const BackwardPass& second) : outputs_(first.outputs_) {
        outputs_.insert(outputs_.end(), second.outputs_.begin(), second.outputs_.end());
    }

    /// Null where there is no gradient.
    const Tensor* find(const Value& value) {
        const std::lock_guard lock(mutex_);
        const auto known = gradients_.find(value.node->id());
        if (known != gradients_.end()) {
            return &known->second;
        }
        Value sum;
        for (const std::shared_ptr<DifferentiatedOutput>& output : outputs_) {
            if (const Value part = output->gradient(value)) {
                sum = sum ? ir::make(ir::Op::add, {sum, part}, part.node->location()) : part;
            }
        }
        return sum ? &gradients_.emplace(value.node->id(), wrap(sum)).first->second : nullptr;
    }

  private:
    std::vector<std::shared_ptr<DifferentiatedOutput>> outputs_;
    std::mutex mutex_;
    /// By node id. References into it stay valid.
    std::unordered_map<std::uint64_t, Tensor> gradients_;
};

std::vector<Tensor> differentiable(std::span<const Tensor> tensors,
                                   const std::source_location& location) {
    std::vector<Tensor> result;
    for (const Tensor& tensor : tensors) {
        const Expression value = expression(tensor, location);
        result.push_back(value.value().node->requires_grad()
                             ? tensor
                             : wrap(gradient_leaf(value, "value_and_grad")));
    }
    return result;
}

}  // namespace detail

namespace {

const ir::Value& differentiable_output(const Tensor& tensor, const std::source_location& location) {
    const ir::Value& output = detail::value_of(tensor, location);
    if (!output.node->requires_grad()) {
        ir::raise<GradientError>(
            location,
            fmt::format("backward: {} does not depend on anything that requires a gradient",
                        to_string(output.type())));
    }
    return output;
}

}  // namespace

Gradients Tensor::backward(std::source_location location) const {
    const ir::Value& output = differentiable_output(*this, location);
    const ir::Value start = detail::ones_like(output, "backward", location);
    return Gradients(std::make_shared<detail::BackwardPass>(output, start, location));
}

Gradients Tensor::backward(const Tensor& cotangent, std::source_location location) const {
    const ir::Value& output = differentiable_output(*this, location);
    const ir::Value& start = detail::value_of(cotangent, location);
    if (start.type() != output.type()) {
        ir::raise<GradientError>(location,
                                 fmt::format("backward: a cotangent {} does not fit {}",
                                             to_string(start.type()), to_string(output.type())));
    }
    return Gradients(std::make_shared<detail::BackwardPass>(output, start, location));
}

Tensor Tensor::detach(std::source_location location) const {
    return detail::wrap(detail::stop_gradient(detail::expression(*this, location)));
}

const Tensor& Gradients::operator[](const detail::WithRespectTo& leaf) const {
    const ir::Value& value = detail::value_of(leaf.tensor(), leaf.location());
    if (const Tensor* gradient = pass_->find(value)) {
        return *gradient;
    }
    const std::string type = to_string(value.type());
    if (!value.node->requires_grad()) {
        ir::raise<GradientError>(leaf.location(),
                                 fmt::format("{} does not require a gradient", type));
    }
    ir::raise<GradientError>(
        leaf.location(),
        fmt::format("no gradient reaches {}: the value that was differentiated does not depend on "
                    "it through differentiable operations",
                    type));
}

bool Gradients::contains(const detail::WithRespectTo& leaf) const {
    return pass_->find(detail::value_of(leaf.tensor(), leaf.location())) != nullptr;
}

Gradients operator+(const Gradients& a, const Gradients& b) {
    return Gradients(std::make_shared<detail::BackwardPass>(*a.pass_, *b.pass_));
}

std::vector<Tensor> grad(const Tensor& output, const std::vector<Tensor>& inputs,
                         std::source_location location) {
    const ir::Value& value = detail::value_of(output, location);
    return detail::checked_gradients(value, detail::ones_like(value, "grad", location), inputs,
                                     "grad", location);
}

std::vector<Tensor> vjp(const Tensor& output, const std::vector<Tensor>& inputs,
                        const Tensor& cotangent, std::source_location location) {
    return detail::checked_gradients(detail::value_of(output, location),
                                     detail::value_of(cotangent, location), inputs, "vjp",
                                     location);
}

}  // namespace latent
