
#include "rewrite_testing.h"

using namespace latent;
using namespace latent::passes;
using namespace latent::passes::testing;

namespace {

void becomes(std::string_view before, std::string_view after) {
    check_rewrite(eliminate_common_subexpressions, before, after);
}
void stays(std::string_view text) {
    check_unchanged(eliminate_common_subexpressions, text);
}

}  // namespace

TEST_CASE("Equal expressions become one, whole chains of them") {
    becomes("%a = exp %x\n %e = neg %a\n %f = exp %x\n %g = neg %f\n %r = mul %e, %g\n return %r",
            "%a = exp %x\n %e = neg %a\n %r = mul %e, %e\n return %r");
    becomes(
        "%a = constant {value=f32:2}\n %c = constant {value=f32:2}\n %r = add %a, %c\n return %r",
        "%a = constant {value=f32:2}\n %r = add %a, %a\n return %r");
}

TEST_CASE("Exchanged operands are equal where the op allows") {
    becomes("%a = add %x, %y\n %e = add %y, %x\n %r = mul %a, %e\n return %r",
            "%a = add %x, %y\n %r = mul %a, %a\n return %r");
    stays("%a = sub %x, %y\n %e = sub %y, %x\n %r = mul %a, %e\n return %r");
    stays("%a = maximum %x, %y\n %e = maximum %y, %x\n %r = mul %a, %e\n return %r");
}

TEST_CASE("Expressions that differ in op, attributes or operands stay apart") {
    stays("%a = log %x\n %e = log1p %x\n %r = mul %a, %e\n return %r");
    stays(
        "%a = reduce_sum %b {axes=[0]}\n %e = reduce_max %b {axes=[0]}\n %r = mul %a, %e\n return "
        "%r");
    stays("%a = flip %x {axes=[0]}\n %e = flip %x {axes=[1]}\n %r = mul %a, %e\n return %r");
    stays(
        "%a = constant {value=f32:0}\n %c = constant {value=f32:-0}\n %r = add %a, %c\n return %r");
}

TEST_CASE("Random bits are equal for the same key and counter, and not for others") {
    const std::string draw =
        "%k = parameter {index=10, dtype=i64, shape=[8]}\n"
        "%l = parameter {index=11, dtype=i64, shape=[8]}\n %n = iota {dtype=i64, extent=8}\n";
    becomes(
        draw + "%a = random_bits %k, %n\n %e = random_bits %k, %n\n %r = add %a, %e\n return %r",
        draw + "%a = random_bits %k, %n\n %r = add %a, %a\n return %r");
    stays(draw + "%a = random_bits %k, %n\n %e = random_bits %l, %n\n %r = add %a, %e\n return %r");
}

TEST_CASE("Scalars of equal value are not merged, for their values may change from call to call") {
    stays("%t = scalar {value=f32:0}\n %r = add %s, %t\n return %r");
}

TEST_CASE("Buffers and parameters are not merged") {
    const std::source_location here = std::source_location::current();
    const ir::Type type{DType::f32, {0}};
    for (const bool buffers : {false, true}) {
        const auto leaf = [&] {
            return buffers ? ir::make_buffer(type, nullptr, false, here)
                           : ir::parameter(0, type, here);
        };
        const ir::Graph graph{{ir::make(ir::Op::add, {leaf(), leaf()}, here)}};
        PassContext context;
        CHECK(eliminate_common_subexpressions(graph, context).results == graph.results);
    }
}

TEST_CASE("The node that was created first stays, with its location") {
    const auto line = [](const std::source_location& location = std::source_location::current()) {
        return location;
    };
    const ir::Value x = ir::parameter(0, {DType::f32, {4}}, line());
    const ir::Value first = ir::make(ir::Op::exp, {x}, line());
    const ir::Value second = ir::make(ir::Op::exp, {x}, line());
    const ir::Graph result =
        run(eliminate_common_subexpressions, {{ir::make(ir::Op::add, {second, first}, line())}});
    CHECK(result.results[0].node->operand(0) == first);
    CHECK(result.results[0].node->operand(1) == first);
}
