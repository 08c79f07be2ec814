#include "passes/differentiation/known_gradients.h"

#include <utility>
#include <vector>

#include "ir/builder.h"
#include "passes/differentiation/partials.h"

namespace latent::passes {

using ir::Op;
using ir::Value;

namespace {

/// A rule written with terms, for the first input of a node, whose Jacobian is symmetric. What
/// comes in is a cotangent or a tangent.
class KnownGradient : public ir::GradientRule {
  public:
    std::vector<Cotangent> cotangents(const ir::Node& node,
                                      const Cotangent& cotangent) const final {
        std::vector<Cotangent> parts(node.operands().size() - 1);
        parts[0] = along(node, cotangent);
        return parts;
    }
    std::optional<Cotangent> tangent(const ir::Node& node,
                                     std::span<const Cotangent> tangents) const final {
        return tangents[0].value ? along(node, tangents[0]) : Cotangent{};
    }

  protected:
    /// A node with what comes in.
    class At {
      public:
        At(const ir::Node& node, const Cotangent& incoming) : node_(node), incoming_(incoming) {}
        Term input(std::size_t i) const { return {node_.operand(i + 1), node_.location()}; }
        Term result() const { return {{ir::NodeRef::share(node_)}, node_.location()}; }
        Term incoming() const { return {incoming_.value, node_.location()}; }
        /// `of`, which is linear in what comes in, times a factor that is finite where the operands
        /// are, with the guards that the rules of elementwise ops have.
        Term times(const Term& of, const Term& factor) const {
            const Differential part = with(of);
            return Partial(node_, 1, part).times(factor);
        }
        /// As `times`, for a factor that may be NaN.
        Term times_unbounded(const Term& of, const Term& factor) const {
            const Differential part = with(of);
            return Partial(node_, 1, part).times_unbounded(factor);
        }

      private:
        Differential with(const Term& of) const {
            return {of.value(), incoming_.masked, incoming_.unbounded};
        }

        const ir::Node& node_;
        const Cotangent& incoming_;
    };

    virtual Term gradient(const At& at) const = 0;

  private:
    Cotangent along(const ir::Node& node, const Cotangent& incoming) const {
        return {gradient({node, incoming}).value(), incoming.masked, incoming.unbounded};
    }
};

/// The sum along `axes`, repeated along them.
Term repeated_sum(const Term& x, const ir::Axes& axes) {
    const Value sum = ir::reduce(Op::reduce_sum, x.value(), axes.span(), x.location());
    return {ir::broadcast_over(sum, x.type().shape.span(), axes.span(), x.location()),
            x.location()};
}

/// y (w - sum(w y)). A row may be NaN where what comes in is zero: that of a mask of everything.
class SoftmaxGradient final : public KnownGradient {
  public:
    explicit SoftmaxGradient(const ir::Axes& axes) : axes_(axes) {}

  private:
    Term gradient(const At& at) const override {
        const Term y = at.result();
        const Term w = at.incoming();
        return at.times_unbounded(w - repeated_sum(at.times_unbounded(w, y), axes_), y);
    }

    ir::Axes axes_;
};

constexpr double gelu_cubic = 0.044715;
constexpr double gelu_scale = 1.5957691216057308;  // 2 sqrt(2 / pi)

/// -2 v of the v that gelu_tanh has the tangent of. (1 + tanh(v)) / 2 is 1 / (1 + exp(-2 v)), which
/// keeps its digits where v is negative.
Term gelu_exponent(const Term& x) {
    return x * (-gelu_scale + -gelu_scale * gelu_cubic * (x * x));
}

/// With e = exp(-2 v) and s = 1 / (1 + e), s + x 2 v' e s^2. Where e or its reciprocal overflows,
/// the second term is nothing beside the first.
class GeluGradient final : public KnownGradient {
    Term gradient(const At& at) const override {
        const Term x = at.input(0);
        const Term exponent = gelu_exponent(x);
        const Term e = apply(Op::exp, exponent);
        const Term s = e.filled(1) / (1.0 + e);
        const Term slope = gelu_scale + 3 * gelu_scale * gelu_cubic * (x * x);
        const Term largest = x.filled(x.type().dtype == DType::f64 ? 700 : 80);
        const Term is_finite = apply(Op::less, apply(Op::abs, exponent), largest);
        const Term rest = select(is_finite, x * slope * (e * s) * s, x.filled(0));
        return at.times(at.incoming(), s + rest);
    }
};

}  // namespace

Value with_gradient_rule(const Value& result, std::span<const Value> inputs,
                         std::shared_ptr<const ir::GradientRule> rule,
                         const std::source_location& location) {
    std::vector<Value> operands{ir::make(Op::stop_gradient, {result}, location)};
    operands.insert(operands.end(), inputs.begin(), inputs.end());
    return ir::make(Op::custom_vjp, ir::CustomVjpAttributes{std::move(rule)}, operands, location);
}

Value with_gradient_of_softmax(const Value& softmax, const Value& x, const ir::Axes& axes,
                               const std::source_location& location) {
    return with_gradient_rule(softmax, std::span(&x, 1), std::make_shared<SoftmaxGradient>(axes),
                              location);
}

Value gelu_tanh(const Value& x, const std::source_location& location) {
    const Term input(x, location);
    const Term result = input / (1.0 + apply(Op::exp, gelu_exponent(input)));
    return with_gradient_rule(result.value(), std::span(&x, 1), std::make_shared<GeluGradient>(),
                              location);
}

}  // namespace latent::passes
