#include <catch2/catch.hpp>

#include "ir/gradient_rule.h"
#include "tests/passes/gradient_testing.h"

using namespace latent;
using namespace latent::testing;

namespace {

/// Gives the second operand three times the cotangent.
class Tripled final : public ir::GradientRule {
  public:
    std::vector<Cotangent> cotangents(const ir::Node& node,
                                      const Cotangent& cotangent) const override {
        const ir::Value three = ir::constant(ir::Literal(DType::f64, 3.0), node.location());
        return {{ir::make(ir::Op::mul, {cotangent.value, three}, node.location()), false}};
    }
};

}  // namespace

TEST_CASE("both modes pass a custom_vjp by its rule") {
    const ir::Value x = ir::parameter(0, {DType::f64, {}}, {});
    const ir::Value hidden = ir::make(ir::Op::stop_gradient, {ir::make(ir::Op::exp, {x}, {})}, {});
    const std::vector<ir::Value> operands{hidden, x};
    const ir::Value y = ir::make(
        ir::Op::custom_vjp, ir::CustomVjpAttributes{std::make_shared<Tripled>()}, operands, {});
    const Arrays inputs{Array::from<double>(std::vector{2.0}, {})};
    CHECK(evaluate(y, inputs).front() == Approx(std::exp(2.0)));
    const ir::Value gradient = passes::gradients(y, {}, std::span(&x, 1), {}).front();
    CHECK(evaluate(gradient, inputs).front() == 3);
    const ir::Value tangent = ir::constant(ir::Literal(DType::f64, 5.0), {});
    const ir::Value moved =
        passes::jvp(std::span(&y, 1), std::span(&x, 1), std::span(&tangent, 1), {}).front();
    CHECK(evaluate(moved, inputs).front() == 15);
}
