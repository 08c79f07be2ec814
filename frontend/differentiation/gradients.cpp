#include <latent/creation.h>
#include <latent/gradients.h>
#include <latent/manipulation.h>

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "frontend/tensor/arguments.h"
#include "frontend/tensor/graph_lock.h"
#include "passes/differentiation/gradient.h"

namespace latent {

namespace detail {

namespace {

using ir::Value;

/// GradientError unless `part` has the type of `value`.
void require_fit(const Value& part, const Value& value, std::string_view what, std::string_view op,
                 const std::source_location& location) {
    if (part.type() != value.type()) {
        ir::raise<GradientError>(
            location, fmt::format("{}: a {} {} does not fit {}", op, what, to_string(part.type()),
                                  to_string(value.type())));
    }
}

void require_floating(const Value& value, std::string_view op,
                      const std::source_location& location) {
    if (!is_floating(value.type().dtype)) {
        ir::raise<GradientError>(
            location, fmt::format("{}: only floating values have derivatives, not {}", op,
                                  to_string(value.type())));
    }
}

/// The cotangent of an output that has one element and is given none.
Value ones_like(const Value& output, std::string_view op, const std::source_location& location) {
    const ir::Type& type = output.type();
    require_floating(output, op, location);
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
    require_fit(cotangent, output, "cotangent", op, location);
    const GraphReader reader;
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
        const GraphReader reader;
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

namespace detail {

namespace {

/// One at that element in row-major order, and zeros, of the type of `value`.
Tensor unit_like(const Value& value, std::int64_t element, const std::source_location& location) {
    const ir::Type& type = value.type();
    const Expression index = {ir::iota(DType::i64, type.element_count(), location), location};
    const Expression chosen =
        index == index.with(ir::scalar(ir::Literal(DType::i64, element), location));
    return wrap(reshape(cast(chosen, type.dtype), type.shape.span()));
}

/// Rows or columns of a Jacobian, in the shape of `y` followed by that of `x`. ShapeError names
/// `op` where these are too many dimensions.
Tensor joined(const std::vector<Tensor>& parts, const Tensor& y, const Tensor& x, bool rows,
              std::string_view op, const std::source_location& location) {
    Shape shape = y.shape();
    require_rank(shape.size() + x.shape().size(), op, location);
    for (const std::int64_t extent : x.shape()) {
        shape.push_back(extent, location);
    }
    if (parts.empty()) {
        return zeros(shape, {.dtype = y.dtype()}, location);
    }
    std::vector<Tensor> flat;
    for (const Tensor& part : parts) {
        flat.push_back(part.flatten(location));
    }
    const Tensor matrix = stack(flat, 0, location);
    return (rows ? matrix : matrix.transpose(location)).reshape(shape, location);
}

}  // namespace

std::vector<Tensor> tangents_of(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                                std::span<const Tensor> tangents, Independent independent,
                                std::string_view op, const std::source_location& location) {
    const std::vector<Value> values = values_of(outputs, location);
    const std::vector<Value> from = values_of(inputs, location);
    const std::vector<Value> along = values_of(tangents, location);
    if (from.size() != along.size()) {
        ir::raise<GradientError>(location, fmt::format("{}: {} tangents given for {} inputs", op,
                                                       along.size(), from.size()));
    }
    for (std::size_t i = 0; i < from.size(); ++i) {
        require_floating(from[i], op, location);
        require_fit(along[i], from[i], "tangent", op, location);
    }
    const GraphReader reader;
    std::vector<Value> found = passes::jvp(values, from, along, location);
    std::vector<Tensor> result;
    for (std::size_t i = 0; i < found.size(); ++i) {
        const ir::Type& type = values[i].type();
        if (!found[i] && independent == Independent::error) {
            ir::raise<GradientError>(
                location, fmt::format("{}: result {}, {}, does not depend on the inputs through "
                                      "differentiable operations",
                                      op, i, to_string(type)));
        }
        result.push_back(
            wrap(found[i] ? found[i]
                          : ir::full(ir::Literal::zero(type.dtype), type.shape.span(), location)));
    }
    return result;
}

}  // namespace detail

namespace {

ir::Value differentiable_output(const Tensor& tensor, const std::source_location& location) {
    ir::Value output = detail::value_of(tensor, location);
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
    const ir::Value output = differentiable_output(*this, location);
    const ir::Value start = detail::ones_like(output, "backward", location);
    return Gradients(std::make_shared<detail::BackwardPass>(output, start, location));
}

Gradients Tensor::backward(const Tensor& cotangent, std::source_location location) const {
    const ir::Value output = differentiable_output(*this, location);
    const ir::Value start = detail::value_of(cotangent, location);
    detail::require_fit(start, output, "cotangent", "backward", location);
    return Gradients(std::make_shared<detail::BackwardPass>(output, start, location));
}

Tensor Tensor::detach(std::source_location location) const {
    return detail::wrap(detail::stop_gradient(detail::expression(*this, location)));
}

const Tensor& Gradients::operator[](const detail::WithRespectTo& leaf) const {
    const ir::Value value = detail::value_of(leaf.tensor(), leaf.location());
    if (const Tensor* gradient = pass_->find(value)) {
        return *gradient;
    }
    const std::string type = to_string(value.type());
    if (!value.node->requires_grad()) {
        ir::raise<GradientError>(leaf.location(),
                                 fmt::format("Gradients: {} does not require a gradient", type));
    }
    ir::raise<GradientError>(
        leaf.location(),
        fmt::format("Gradients: none reaches {}; the value that was differentiated does not depend "
                    "on it through differentiable operations",
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
    const ir::Value value = detail::value_of(output, location);
    return detail::checked_gradients(value, detail::ones_like(value, "grad", location), inputs,
                                     "grad", location);
}

std::vector<Tensor> vjp(const Tensor& output, const std::vector<Tensor>& inputs,
                        const Tensor& cotangent, std::source_location location) {
    return detail::checked_gradients(detail::value_of(output, location),
                                     detail::value_of(cotangent, location), inputs, "vjp",
                                     location);
}

Tensor jacobian(const std::function<Tensor(const Tensor&)>& function, const Tensor& x,
                std::source_location location) {
    const std::vector<Tensor> input = detail::differentiable(std::span(&x, 1), location);
    const Tensor y = function(input[0]);
    const bool by_rows = y.numel() <= x.numel();
    const std::int64_t passes = by_rows ? y.numel() : x.numel();
    const Tensor& moved = by_rows ? y : x;
    std::vector<Tensor> parts;
    for (std::int64_t i = 0; i < passes; ++i) {
        const Tensor unit = detail::unit_like(detail::value_of(moved, location), i, location);
        parts.push_back(by_rows ? vjp(y, input, unit, location)[0]
                                : detail::tangents_of(std::span(&y, 1), input, std::span(&unit, 1),
                                                      detail::Independent::error, "jacobian",
                                                      location)[0]);
    }
    return detail::joined(parts, y, x, by_rows, "jacobian", location);
}

Tensor hessian(const std::function<Tensor(const Tensor&)>& function, const Tensor& x,
               std::source_location location) {
    const std::vector<Tensor> input = detail::differentiable(std::span(&x, 1), location);
    const std::vector<Tensor> gradient = grad(function(input[0]), input, location);
    std::vector<Tensor> columns;
    for (std::int64_t i = 0; i < x.numel(); ++i) {
        const Tensor unit = detail::unit_like(detail::value_of(x, location), i, location);
        columns.push_back(detail::tangents_of(gradient, input, std::span(&unit, 1),
                                              detail::Independent::zero, "hessian", location)[0]);
    }
    return detail::joined(columns, gradient[0], x, false, "hessian", location);
}

}  // namespace latent
