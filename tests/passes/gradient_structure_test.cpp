#include <catch2/catch.hpp>

#include "ir/builder.h"
#include "ir/parse.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "passes/differentiation/gradient.h"

using namespace latent;

namespace {

/// The gradient graph, as text, of the first result of `text` with respect to the other results.
std::string gradient_text(std::string_view text) {
    const ir::Graph graph = ir::parse(text);
    const std::span<const ir::Value> wanted = std::span(graph.results).subspan(1);
    const ir::Graph result{passes::gradients(graph.results.front(), {}, wanted, {})};
    ir::verify(result);
    return "\n" + ir::print(result);
}

}  // namespace

TEST_CASE("the gradient of a broadcast bias is a reduce_sum over the added axes") {
    CHECK(gradient_text(R"(
        %x = parameter {index=0, dtype=f32, shape=[5,10]}
        %b = parameter {index=1, dtype=f32, shape=[10]}
        %bb = broadcast %b {shape=[5,10], axes=[1]}
        %y = add %x, %bb
        %loss = reduce_sum %y {axes=[0,1]}
        return %loss, %x, %b
    )") == R"(
%0 = constant {value=f32:1} : f32[]
%1 = broadcast %0 {shape=[5,10], axes=[]} : f32[5,10]
%2 = reduce_sum %1 {axes=[0]} : f32[10]
return %1, %2
)");
}

TEST_CASE("the gradients of a contraction are two contractions with labels exchanged") {
    CHECK(gradient_text(R"(
        %a = parameter {index=0, dtype=f32, shape=[7,2,3]}
        %b = parameter {index=1, dtype=f32, shape=[3,7,4]}
        %c = contraction %a, %b {lhs=[0,1,2], rhs=[2,0,3], out=[0,3,1]}
        %loss = reduce_sum %c {axes=[0,1,2]}
        return %loss, %a, %b
    )") == R"(
%0 = parameter {index=0, dtype=f32, shape=[7,2,3]} : f32[7,2,3]
%1 = parameter {index=1, dtype=f32, shape=[3,7,4]} : f32[3,7,4]
%2 = constant {value=f32:1} : f32[]
%3 = broadcast %2 {shape=[7,4,2], axes=[]} : f32[7,4,2]
%4 = contraction %3, %1 {lhs=[0,3,1], rhs=[2,0,3], out=[0,1,2]} : f32[7,2,3]
%5 = contraction %0, %3 {lhs=[0,1,2], rhs=[0,3,1], out=[2,0,3]} : f32[3,7,4]
return %4, %5
)");
}

TEST_CASE("the gradient of a window is a fold, and that of a fold a window") {
    CHECK(gradient_text(R"(
        %x = parameter {index=0, dtype=f32, shape=[2,9]}
        %w = window %x {axes=[1], size=[3], stride=[2], dilation=[1]}
        %loss = reduce_sum %w {axes=[0,1,2]}
        return %loss, %x
    )") == R"(
%0 = constant {value=f32:1} : f32[]
%1 = broadcast %0 {shape=[2,4,3], axes=[]} : f32[2,4,3]
%2 = fold %1 {axes=[1], size=[3], stride=[2], dilation=[1], extent=[9]} : f32[2,9]
return %2
)");
}

TEST_CASE("only paths to the wanted values are differentiated") {
    CHECK(gradient_text(R"(
        %x = parameter {index=0, dtype=f32, shape=[]}
        %y = parameter {index=1, dtype=f32, shape=[]}
        %z = mul %x, %y
        return %z, %x
    )") == R"(
%0 = parameter {index=1, dtype=f32, shape=[]} : f32[]
%1 = constant {value=f32:1} : f32[]
%2 = mul %1, %0 : f32[]
return %2
)");
}

TEST_CASE("a value between the wanted one and the output can be wanted too") {
    CHECK(gradient_text(R"(
        %x = parameter {index=0, dtype=f32, shape=[]}
        %y = sin %x
        %z = neg %y
        return %z, %y, %x, %z
    )") == R"(
%0 = parameter {index=0, dtype=f32, shape=[]} : f32[]
%1 = constant {value=f32:1} : f32[]
%2 = neg %1 : f32[]
%3 = cos %0 : f32[]
%4 = mul %2, %3 : f32[]
return %2, %4, %1
)");
}

TEST_CASE("a product below a select is guarded against infinite factors, any other is not") {
    const auto count_selects = [](std::string_view text) {
        const std::string gradient = gradient_text(text);
        std::size_t count = 0;
        for (std::size_t at = gradient.find("= select"); at != std::string::npos;
             at = gradient.find("= select", at + 1)) {
            ++count;
        }
        return count;
    };
    CHECK(count_selects(R"(
        %x = parameter {index=0, dtype=f32, shape=[]}
        %y = parameter {index=1, dtype=f32, shape=[]}
        %z = mul %x, %y
        return %z, %x
    )") == 0);
    CHECK(count_selects(R"(
        %c = parameter {index=0, dtype=bool, shape=[]}
        %x = parameter {index=1, dtype=f32, shape=[]}
        %y = parameter {index=2, dtype=f32, shape=[]}
        %z = mul %x, %y
        %s = select %c, %z, %y
        return %s, %x
    )") == 2);
    CHECK(count_selects(R"(
        %c = parameter {index=0, dtype=bool, shape=[]}
        %x = parameter {index=1, dtype=f32, shape=[]}
        %two = constant {value=f32:2}
        %z = mul %x, %two
        %s = select %c, %z, %x
        return %s, %z
    )") == 1);
}

TEST_CASE("an output that does not depend on a value has no gradient for it, not zero") {
    const auto absent = [](std::string_view text) {
        const ir::Graph graph = ir::parse(text);
        const auto wanted = std::span(graph.results).subspan(1);
        return !passes::gradients(graph.results.front(), {}, wanted, {}).front();
    };
    CHECK(absent(R"(
        %x = parameter {index=0, dtype=f32, shape=[]}
        %y = parameter {index=1, dtype=f32, shape=[]}
        %z = exp %x
        return %z, %y)"));
    CHECK(absent(R"(
        %x = parameter {index=0, dtype=f32, shape=[]}
        %s = stop_gradient %x
        %z = exp %s
        return %z, %x)"));
    CHECK(absent(R"(
        %x = parameter {index=0, dtype=f32, shape=[]}
        %i = cast %x {dtype=i32}
        %z = cast %i {dtype=f32}
        return %z, %x)"));
    CHECK(absent(R"(
        %x = parameter {index=0, dtype=f32, shape=[3]}
        %i = parameter {index=1, dtype=i32, shape=[]}
        %z = gather %x, %i {axis=0}
        return %z, %i)"));
}

TEST_CASE("a piecewise constant op has zero gradients, which cost no nodes on the way") {
    CHECK(gradient_text(R"(
        %x = parameter {index=0, dtype=f32, shape=[2]}
        %e = exp %x
        %f = floor %e
        %loss = reduce_sum %f {axes=[0]}
        return %loss, %x
    )") == R"(
%0 = constant {value=f32:0} : f32[]
%1 = broadcast %0 {shape=[2], axes=[]} : f32[2]
return %1
)");
    CHECK(gradient_text(R"(
        %x = parameter {index=0, dtype=f32, shape=[]}
        %f = floor %x
        %y = add %x, %f
        return %y, %x
    )") == R"(
%0 = constant {value=f32:1} : f32[]
return %0
)");
}

TEST_CASE("a cotangent is needed unless the output has rank 0, and must have the output's type") {
    const ir::Value x = ir::parameter(0, {DType::f32, {2, 3}}, {});
    const ir::Value y = ir::make(ir::Op::neg, {x}, {});
    const auto differentiate = [](const ir::Value& output, const ir::Value& cotangent) {
        return passes::gradients(output, cotangent, std::span(&output.operands()[0], 1), {});
    };
    CHECK_THROWS_WITH(differentiate(y, {}), Catch::Contains("[2,3]"));
    CHECK_THROWS_AS(differentiate(y, {}), GradientError);
    const ir::Value other = ir::parameter(1, {DType::f32, {3}}, {});
    CHECK_THROWS_AS(differentiate(y, other), GradientError);
    CHECK_THROWS_WITH(differentiate(y, other),
                      Catch::Contains("f32[3]") && Catch::Contains("f32[2,3]"));
    const ir::Value wider = ir::parameter(1, {DType::f64, {2, 3}}, {});
    CHECK_THROWS_AS(differentiate(y, wider), GradientError);
    const ir::Value integer = ir::make(ir::Op::neg, {ir::parameter(2, {DType::i64, {}}, {})}, {});
    CHECK_THROWS_AS(differentiate(integer, {}), GradientError);
    CHECK_THROWS_AS(passes::vjp(y, {}, {}), GradientError);
}

TEST_CASE("an error of differentiation names the caller's line") {
    const auto here = std::source_location::current();
    const ir::Value x = ir::parameter(0, {DType::f32, {2}}, {});
    CHECK_THROWS_WITH(passes::vjp(x, {}, here), Catch::Contains(ir::to_string(here)));
}

TEST_CASE("gradient nodes carry the location of the forward node they come from") {
    const ir::Value x = ir::parameter(0, {DType::f32, {}}, {});
    const auto forward = std::source_location::current();
    const ir::Value y = ir::make(ir::Op::sin, {x}, forward);
    const ir::Value gradient = passes::gradients(y, {}, std::span(&x, 1), {}).front();
    CHECK(gradient.node->location().line() == forward.line());
}

TEST_CASE("vjp reaches every node that requires a gradient") {
    const ir::Value w = ir::make_buffer({DType::f32, {3}}, nullptr, true, {});
    const ir::Value x = ir::make_buffer({DType::f32, {3}}, nullptr, false, {});
    const ir::Value product = ir::make(ir::Op::mul, {w, x}, {});
    const std::int64_t axis = 0;
    const ir::Value loss = ir::reduce(ir::Op::reduce_sum, product, std::span(&axis, 1), {});
    const passes::GradientMap map = passes::vjp(loss, {}, {});
    CHECK(map.find(w).type() == w.type());
    CHECK(map.find(product).type() == product.type());
    CHECK(map.find(loss).op() == ir::Op::constant);
    CHECK_FALSE(map.find(x));
    const ir::Value stranger = ir::make_buffer({DType::f32, {3}}, nullptr, true, {});
    CHECK_FALSE(map.find(stranger));
}

TEST_CASE("vjp of an output that requires no gradient reaches nothing") {
    const ir::Value x = ir::make_buffer({DType::f32, {}}, nullptr, false, {});
    const ir::Value y = ir::make(ir::Op::exp, {x}, {});
    const passes::GradientMap map = passes::vjp(y, {}, {});
    CHECK_FALSE(map.find(x));
    CHECK_FALSE(map.find(y));
}

TEST_CASE("a stop_gradient that requires a gradient is a leaf: its history is not differentiated") {
    const ir::Value past = ir::make_buffer({DType::f32, {}}, nullptr, true, {});
    const ir::Value updated = ir::make(ir::Op::exp, {past}, {});
    const ir::Value leaf{ir::Node::create({ir::Op::stop_gradient,
                                           ir::NoAttributes{},
                                           std::span(&updated, 1),
                                           updated.type(),
                                           {},
                                           true})};
    const ir::Value loss = ir::make(ir::Op::sin, {leaf}, {});
    const passes::GradientMap map = passes::vjp(loss, {}, {});
    CHECK(map.find(leaf));
    CHECK_FALSE(map.find(updated));
    CHECK_FALSE(map.find(past));
}

TEST_CASE("gradients require gradients where the operands do, so they can be differentiated") {
    const ir::Value w = ir::make_buffer({DType::f32, {}}, nullptr, true, {});
    const ir::Value loss = ir::make(ir::Op::exp, {w}, {});
    const ir::Value gradient = passes::vjp(loss, {}, {}).find(w);
    CHECK(gradient.node->requires_grad());
    CHECK(passes::vjp(gradient, {}, {}).find(w));
}

TEST_CASE("every op has a gradient rule or a stated reason for having none") {
    for (const ir::OpInfo& row : ir::all_ops()) {
        INFO(row.name);
        const auto reason = passes::no_gradient_reason(row.op);
        CHECK(passes::is_differentiable(row.op) == !reason.has_value());
        if (reason) {
            CHECK_FALSE(reason->empty());
        }
    }
}
