#include <catch2/catch.hpp>

#include "ir/builder.h"
#include "ir/graph.h"
#include "passes/differentiation/gradient.h"

using namespace latent;

namespace {

ir::Value leaf() {
    return ir::make_buffer({DType::f32, {}}, nullptr, true, {});
}

std::size_t node_count(const ir::Value& value) {
    return ir::topological_order(std::span(&value, 1)).size();
}

}  // namespace

TEST_CASE("a diamond sums both contributions, each made once") {
    const ir::Value x = leaf();
    const ir::Value shared = ir::make(ir::Op::sin, {x}, {});
    const ir::Value left = ir::make(ir::Op::neg, {shared}, {});
    const ir::Value right = ir::make(ir::Op::abs, {shared}, {});
    const ir::Value top = ir::make(ir::Op::add, {left, right}, {});
    const ir::Value gradient = passes::vjp(top, {}, {}).find(x);
    // x, sin, cos; one, neg, sign, mul, their sum, and the product with cos.
    CHECK(node_count(gradient) == 9);
    std::size_t cosines = 0;
    for (const ir::Node* node : ir::topological_order(std::span(&gradient, 1))) {
        cosines += node->op() == ir::Op::cos;
    }
    CHECK(cosines == 1);
}

TEST_CASE("an operand used twice by one op gets both contributions") {
    const ir::Value x = leaf();
    const ir::Value square = ir::make(ir::Op::mul, {x, x}, {});
    const ir::Value gradient = passes::vjp(square, {}, {}).find(x);
    REQUIRE(gradient.op() == ir::Op::add);
    CHECK(gradient.operands()[0].op() == ir::Op::mul);
    CHECK(gradient.operands()[1].op() == ir::Op::mul);
}

TEST_CASE("the gradient of a ladder of diamonds grows linearly with its height") {
    const auto gradient_nodes = [](int height) {
        const ir::Value x = leaf();
        ir::Value top = x;
        for (int i = 0; i < height; ++i) {
            const ir::Value side = ir::make(ir::Op::sin, {top}, {});
            top = ir::make(ir::Op::mul, {side, top}, {});
        }
        const std::int64_t before = ir::Node::alive();
        const passes::GradientMap map = passes::vjp(top, {}, {});
        CHECK(map.find(x));
        return ir::Node::alive() - before;
    };
    const std::int64_t thirty = gradient_nodes(30);
    CHECK(gradient_nodes(60) - thirty == thirty - gradient_nodes(0));
    CHECK(thirty < 30 * 10);
}

TEST_CASE("a chain of a million ops differentiates and dies in linear time and constant stack") {
    const std::int64_t before = ir::Node::alive();
    {
        const ir::Value x = leaf();
        ir::Value top = x;
        for (int i = 0; i < 1'000'000; ++i) {
            top = ir::make(i % 2 == 0 ? ir::Op::neg : ir::Op::abs, {top}, {});
        }
        const std::int64_t forward = ir::Node::alive();
        const passes::GradientMap map = passes::vjp(top, {}, {});
        CHECK(map.find(x));
        // neg makes one node; abs makes sign and mul; and the first cotangent is a constant.
        CHECK(ir::Node::alive() - forward == 1'500'001);
        CHECK(passes::gradients(top, {}, std::span(&x, 1), {}).front());
    }
    CHECK(ir::Node::alive() == before);
}
