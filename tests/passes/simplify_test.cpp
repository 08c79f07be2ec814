#include <fmt/format.h>

#include "rewrite_testing.h"

using namespace latent;
using namespace latent::passes;
using namespace latent::passes::testing;

namespace {

/// A constant of that value in the shape of the leaf %x.
std::string full(std::string_view name, std::string_view literal) {
    return fmt::format(
        "%{0}0 = constant {{value={1}}}\n%{0} = broadcast %{0}0 {{shape=[4,6], axes=[]}}\n", name,
        literal);
}

/// `%r = <expression>` over the leaves and the constant %c.
std::string with_constant(std::string_view literal, std::string_view expression) {
    return full("c", literal) + fmt::format("%r = {}\nreturn %r", expression);
}

void becomes(std::string_view before, std::string_view after) {
    check_rewrite(simplify, before, after);
}
void stays(std::string_view text) {
    check_unchanged(simplify, text);
}

}  // namespace

TEST_CASE("Neutral operands disappear") {
    for (const auto& [literal, expression] :
         std::vector<std::pair<std::string, std::string>>{{"f32:1", "mul %x, %c"},
                                                          {"f32:1", "div %x, %c"},
                                                          {"f32:1", "pow %x, %c"},
                                                          {"f32:0", "sub %x, %c"},
                                                          {"f32:-0", "add %x, %c"}}) {
        CAPTURE(expression);
        becomes(with_constant(literal, expression), "return %x");
    }
    for (const auto& [literal, expression] :
         std::vector<std::pair<std::string, std::string>>{{"i32:0", "add %i, %c"},
                                                          {"i32:1", "mul %i, %c"},
                                                          {"i32:1", "floor_divide %i, %c"},
                                                          {"i32:-1", "bitwise_and %i, %c"},
                                                          {"i32:0", "bitwise_or %i, %c"},
                                                          {"i32:0", "bitwise_xor %i, %c"},
                                                          {"i32:0", "shift_left %i, %c"}}) {
        CAPTURE(expression);
        becomes(with_constant(literal, expression), "return %i");
    }
    becomes(with_constant("bool:1", "bitwise_and %p, %c"), "return %p");
}

TEST_CASE("What a signed zero, an infinity or a NaN can tell stays") {
    stays(with_constant("f32:0", "add %x, %c"));
    stays(with_constant("f32:-0", "sub %x, %c"));
    stays(with_constant("f32:0", "mul %x, %c"));
    stays(with_constant("f32:0", "sub %c, %x"));
    stays(with_constant("f32:0.5", "pow %x, %c"));
    stays("%r = sub %x, %x\nreturn %r");
    stays("%r = div %x, %x\nreturn %r");
    stays("%r = equal %x, %x\nreturn %r");
    stays("%r = not_equal %x, %x\nreturn %r");
    stays("%r = less_equal %x, %x\nreturn %r");
    stays("%a = sub %x, %y\n %r = neg %a\n return %r");
    stays("%a = less %x, %y\n %r = bitwise_not %a\n return %r");
}

TEST_CASE("Fast float mode takes zeros for neutral and absorbing") {
    const auto becomes_fast = [](std::string_view before, std::string_view after) {
        check_rewrite(simplify, before, after, FloatMode::fast);
    };
    becomes_fast(with_constant("f32:0", "add %x, %c"), "return %x");
    becomes_fast(with_constant("f32:-0", "sub %x, %c"), "return %x");
    becomes_fast(with_constant("f32:0", "mul %x, %c"), full("c", "f32:0") + "return %c");
    becomes_fast("%r = sub %x, %x\nreturn %r", full("c", "f32:0") + "return %c");
    check_unchanged(simplify, with_constant("f32:0.5", "pow %x, %c"), FloatMode::fast);
}

TEST_CASE("A scalar that happens to be neutral stays") {
    stays("%f = broadcast %s {shape=[4,6], axes=[]}\n %r = sub %x, %f\n return %r");
    stays("%f = broadcast %s {shape=[4,6], axes=[]}\n %r = mul %x, %f\n return %r");
}

TEST_CASE("Integers have the identities that floats lack") {
    const std::string zero = full("c", "i32:0") + "return %c";
    becomes(with_constant("i32:0", "mul %i, %c"), zero);
    becomes(with_constant("i32:0", "bitwise_and %i, %c"), zero);
    becomes(with_constant("i32:1", "remainder %i, %c"), zero);
    becomes("%r = sub %i, %i\nreturn %r", zero);
    becomes("%r = bitwise_xor %i, %i\nreturn %r", zero);
    becomes("%r = bitwise_or %i, %i\nreturn %r", "return %i");
    becomes("%r = equal %i, %i\nreturn %r", full("c", "bool:1") + "return %c");
    becomes("%r = not_equal %i, %i\nreturn %r", full("c", "bool:0") + "return %c");
    becomes("%r = less %i, %i\nreturn %r", full("c", "bool:0") + "return %c");
    becomes("%a = less %i, %j\n %r = bitwise_not %a\n return %r",
            "%r = greater_equal %i, %j\n return %r");
    becomes("%r = floor %i\nreturn %r", "return %i");
}

TEST_CASE("No number is below itself, and the larger of a number and itself is that number") {
    becomes("%r = greater %x, %x\nreturn %r", full("c", "bool:0") + "return %c");
    becomes("%r = maximum %x, %x\nreturn %r", "return %x");
    becomes("%r = minimum %x, %x\nreturn %r", "return %x");
}

TEST_CASE("Signs move into additions, products and constants") {
    becomes(with_constant("f32:-1", "mul %x, %c"), "%r = neg %x\nreturn %r");
    becomes(with_constant("f32:-0", "sub %c, %x"), "%r = neg %x\nreturn %r");
    becomes("%a = neg %y\n %r = add %x, %a\n return %r", "%r = sub %x, %y\n return %r");
    becomes("%a = neg %y\n %r = sub %x, %a\n return %r", "%r = add %x, %y\n return %r");
    becomes("%a = neg %x\n %r = add %a, %y\n return %r", "%r = sub %y, %x\n return %r");
    becomes("%a = neg %x\n %e = neg %y\n %r = mul %a, %e\n return %r",
            "%r = mul %x, %y\n return %r");
    becomes(full("c", "f32:3") + "%a = neg %x\n %r = mul %a, %c\n return %r",
            with_constant("f32:-3", "mul %x, %c"));
    becomes("%a = neg %x\n %r = neg %a\n return %r", "return %x");
    becomes("%a = neg %x\n %r = abs %a\n return %r", "%r = abs %x\n return %r");
    becomes("%a = abs %x\n %r = abs %a\n return %r", "%r = abs %x\n return %r");
}

TEST_CASE("A division by a power of two is a multiplication") {
    becomes(with_constant("f32:8", "div %x, %c"), with_constant("f32:0.125", "mul %x, %c"));
    becomes(with_constant("f32:-0.25", "div %x, %c"), with_constant("f32:-4", "mul %x, %c"));
    stays(with_constant("f32:3", "div %x, %c"));
    stays(with_constant("f32:0", "div %x, %c"));
    stays(with_constant("f32:inf", "div %x, %c"));
    // 2^-128 and 2^127: the reciprocal overflows or is subnormal.
    stays(with_constant("f32:2.938736e-39", "div %x, %c"));
    stays(with_constant("f32:1.7014118e38", "div %x, %c"));
}

TEST_CASE("Small whole powers are products and quotients") {
    becomes(with_constant("f32:2", "pow %x, %c"), "%r = mul %x, %x\nreturn %r");
    becomes(with_constant("f32:-1", "pow %x, %c"),
            full("c", "f32:1") + "%r = div %c, %x\nreturn %r");
    becomes(with_constant("f32:0", "pow %x, %c"), full("c", "f32:1") + "return %c");
    becomes(with_constant("i32:2", "pow %i, %c"), "%r = mul %i, %i\nreturn %r");
    stays(with_constant("i32:-1", "pow %i, %c"));
}

TEST_CASE("A select with nothing to choose disappears") {
    becomes(with_constant("bool:1", "select %c, %x, %y"), "return %x");
    becomes(with_constant("bool:0", "select %c, %x, %y"), "return %y");
    becomes("%r = select %p, %x, %x\nreturn %r", "return %x");
    becomes("%n = bitwise_not %p\n %r = select %n, %x, %y\n return %r",
            "%r = select %p, %y, %x\n return %r");
    becomes("%n = bitwise_not %p\n %r = bitwise_not %n\n return %r", "return %p");
    becomes("%a = equal %x, %y\n %r = bitwise_not %a\n return %r",
            "%r = not_equal %x, %y\n return %r");
}

TEST_CASE("A reduction of single elements is a reshape") {
    becomes("%a = reshape %x {shape=[4,1,6]}\n %r = reduce_sum %a {axes=[1]}\n return %r",
            "%a = reshape %x {shape=[4,1,6]}\n %r = reshape %a {shape=[4,6]}\n return %r");
    becomes("%r = reduce_max %x {axes=[]}\n return %r", "return %x");
    stays("%a = reshape %x {shape=[4,1,6]}\n %r = reduce_sum %a {axes=[1,2]}\n return %r");
    becomes(
        "%a = reshape %x {shape=[4,1,6]}\n %k = reshape %i {shape=[4,1,6]}\n"
        "%r = reduce_argmax %a, %k {axes=[1]}\n return %r",
        "%k = reshape %i {shape=[4,1,6]}\n %r = reshape %k {shape=[4,6]}\n return %r");
}

TEST_CASE("Reductions of a kind merge where their order cannot be told") {
    becomes("%a = reduce_max %b {axes=[1]}\n %r = reduce_max %a {axes=[1]}\n return %r",
            "%r = reduce_max %b {axes=[1,2]}\n return %r");
    becomes("%a = reduce_sum %i {axes=[1]}\n %r = reduce_sum %a {axes=[0]}\n return %r",
            "%r = reduce_sum %i {axes=[0,1]}\n return %r");
    becomes("%a = reduce_min %p {axes=[0]}\n %r = reduce_min %a {axes=[0]}\n return %r",
            "%r = reduce_min %p {axes=[0,1]}\n return %r");
    stays("%a = reduce_sum %x {axes=[1]}\n %r = reduce_sum %a {axes=[0]}\n return %r");
    stays(
        "%a = reduce_argmax %i, %i {axes=[1]}\n %r = reduce_argmax %a, %a {axes=[0]}\n return %r");
    stays("%a = reduce_max %x {axes=[1]}\n %r = reduce_min %a {axes=[0]}\n return %r");
    stays("%a = reduce_max %x {axes=[1]}\n %r = reduce_max %a {axes=[0]}\n return %r, %a");
}

TEST_CASE("The maximum of repeated elements looks at one of them") {
    becomes("%a = broadcast %v {shape=[4,6], axes=[1]}\n %r = reduce_max %a {axes=[0]}\n return %r",
            "return %v");
    becomes(
        "%a = broadcast %x {shape=[3,4,2,6], axes=[1,3]}\n"
        "%r = reduce_min %a {axes=[0,3]}\n return %r",
        "%a = reduce_min %x {axes=[1]}\n %r = broadcast %a {shape=[4,2], axes=[0]}\n return %r");
    stays("%a = broadcast %v {shape=[4,6], axes=[1]}\n %r = reduce_sum %a {axes=[0]}\n return %r");
    stays("%a = broadcast %v {shape=[4,6], axes=[1]}\n %r = reduce_max %a {axes=[1]}\n return %r");
}

TEST_CASE("Slices and flips along other axes than that of a concatenation are of its parts") {
    becomes(
        "%a = concat %x, %y {axis=0}\n %r = slice %a {start=[0,2], stop=[8,6], step=[1,2]}\n"
        " return %r",
        "%a = slice %x {start=[0,2], stop=[4,5], step=[1,2]}\n"
        "%h = slice %y {start=[0,2], stop=[4,5], step=[1,2]}\n"
        "%r = concat %a, %h {axis=0}\n return %r");
    becomes("%a = concat %x, %y {axis=1}\n %r = flip %a {axes=[0]}\n return %r",
            "%a = flip %x {axes=[0]}\n %h = flip %y {axes=[0]}\n"
            "%r = concat %a, %h {axis=1}\n return %r");
    stays(
        "%a = concat %x, %y {axis=0}\n %r = slice %a {start=[2,0], stop=[6,6], step=[1,1]}\n"
        " return %r");
    // What others need whole is stored, and read there, but for small parts.
    stays(
        "%a = concat %x, %y {axis=0}\n %r = slice %a {start=[0,0], stop=[8,1], step=[1,1]}\n"
        " return %r, %a");
    becomes(
        "%a = concat %b, %b {axis=0}\n"
        "%r = slice %a {start=[0,1,1], stop=[6,2,2], step=[1,1,1]}\n return %r, %a",
        "%a = concat %b, %b {axis=0}\n"
        "%g = slice %b {start=[0,1,1], stop=[3,2,2], step=[1,1,1]}\n"
        "%h = slice %b {start=[0,1,1], stop=[3,2,2], step=[1,1,1]}\n"
        "%r = concat %g, %h {axis=0}\n return %r, %a");
}

TEST_CASE("Single elements side by side that are seen across are put one after the other") {
    becomes(
        "%a = reshape %x {shape=[24,1]}\n %c = reshape %y {shape=[24,1]}\n"
        "%g = concat %a, %c {axis=1}\n %r = permute %g {permutation=[1,0]}\n return %r",
        "%a = reshape %x {shape=[24,1]}\n %c = reshape %y {shape=[24,1]}\n"
        "%g = permute %a {permutation=[1,0]}\n %h = permute %c {permutation=[1,0]}\n"
        "%r = concat %g, %h {axis=0}\n return %r");
    stays(
        "%a = reshape %x {shape=[4,6,1]}\n %c = reshape %y {shape=[4,6,1]}\n"
        "%g = concat %a, %c {axis=2}\n %r = permute %g {permutation=[1,0,2]}\n return %r");
    stays("%g = concat %x, %y {axis=1}\n %r = permute %g {permutation=[1,0]}\n return %r");
}

TEST_CASE("Concatenations of one and pads that add nothing disappear") {
    becomes("%r = concat %x {axis=1}\n return %r", "return %x");
    becomes("%r = pad %x, %s {low=[0,0], high=[0,0], interior=[0,0]}\n return %r", "return %x");
    becomes("%r = pad %x, %s {low=[-1,0], high=[0,-2], interior=[0,0]}\n return %r",
            "%r = slice %x {start=[1,0], stop=[4,4], step=[1,1]}\n return %r");
    stays("%r = pad %x, %s {low=[-1,0], high=[0,2], interior=[0,0]}\n return %r");
    stays("%r = pad %x, %s {low=[0,0], high=[0,0], interior=[0,1]}\n return %r");
}

TEST_CASE("A slice of a pad pads less") {
    becomes(
        "%a = pad %x, %s {low=[2,3], high=[1,1], interior=[0,0]}\n"
        "%r = slice %a {start=[2,3], stop=[6,9], step=[1,1]}\n return %r",
        "return %x");
    becomes(
        "%a = pad %x, %s {low=[2,3], high=[1,1], interior=[0,1]}\n"
        "%r = slice %a {start=[1,5], stop=[7,12], step=[1,1]}\n return %r",
        "%r = pad %x, %s {low=[1,-2], high=[1,-2], interior=[0,1]}\n return %r");
    stays(
        "%a = pad %x, %s {low=[2,3], high=[1,1], interior=[0,0]}\n"
        "%r = slice %a {start=[0,0], stop=[2,9], step=[1,1]}\n return %r");
    stays(
        "%a = pad %x, %s {low=[2,3], high=[1,1], interior=[0,0]}\n"
        "%r = slice %a {start=[0,0], stop=[7,10], step=[2,1]}\n return %r");
}

TEST_CASE("Windows and folds of single elements are reshapes") {
    becomes("%r = window %x {axes=[0,1], size=[1,1], stride=[1,1], dilation=[2,1]}\n return %r",
            "%r = reshape %x {shape=[4,6,1,1]}\n return %r");
    becomes("%r = window %x {axes=[0,1], size=[1,3], stride=[1,2], dilation=[1,1]}\n return %r",
            "%a = window %x {axes=[1], size=[3], stride=[2], dilation=[1]}\n"
            "%r = reshape %a {shape=[4,2,1,3]}\n return %r");
    becomes("%r = window %x {axes=[0], size=[1], stride=[2], dilation=[1]}\n return %r",
            "%a = slice %x {start=[0,0], stop=[3,6], step=[2,1]}\n"
            "%r = reshape %a {shape=[2,6,1]}\n return %r");
    becomes(
        "%a = slice %x {start=[0,0], stop=[1,6], step=[1,1]}\n"
        "%r = window %a {axes=[0], size=[1], stride=[2], dilation=[1]}\n return %r",
        "%a = slice %x {start=[0,0], stop=[1,6], step=[1,1]}\n"
        "%r = reshape %a {shape=[1,6,1]}\n return %r");
    becomes(
        "%a = reshape %x {shape=[4,6,1]}\n"
        "%r = fold %a {axes=[1], size=[1], stride=[1], dilation=[1], extent=[6]}\n return %r",
        "%a = reshape %x {shape=[4,6,1]}\n %r = reshape %a {shape=[4,6]}\n return %r");
    becomes(
        "%a = reshape %b {shape=[3,4,1,6]}\n"
        "%r = fold %a {axes=[0,1], size=[1,6], stride=[1,2], dilation=[1,1], extent=[3,12]}\n"
        "return %r",
        "%a = reshape %b {shape=[3,4,1,6]}\n %e = reshape %a {shape=[3,4,6]}\n"
        "%r = fold %e {axes=[1], size=[6], stride=[2], dilation=[1], extent=[12]}\n return %r");
}

TEST_CASE("A fold of single elements with gaps between them is a pad") {
    becomes(
        "%a = reshape %x {shape=[4,6,1]}\n"
        "%r = fold %a {axes=[1], size=[1], stride=[3], dilation=[1], extent=[18]}\n return %r",
        "%a = reshape %x {shape=[4,6,1]}\n %e = reshape %a {shape=[4,6]}\n"
        "%z = constant {value=f32:0}\n"
        "%r = pad %e, %z {low=[0,0], high=[0,2], interior=[0,2]}\n return %r");
    becomes(
        "%a = reshape %b {shape=[3,4,1,6]}\n"
        "%r = fold %a {axes=[0,1], size=[1,6], stride=[2,2], dilation=[1,1], extent=[5,12]}\n"
        "return %r",
        "%a = reshape %b {shape=[3,4,1,6]}\n %e = reshape %a {shape=[3,4,6]}\n"
        "%f = fold %e {axes=[1], size=[6], stride=[2], dilation=[1], extent=[12]}\n"
        "%z = constant {value=f32:0}\n"
        "%r = pad %f, %z {low=[0,0], high=[0,0], interior=[1,0]}\n return %r");
}

TEST_CASE("A slice or flip of a range of integers is arithmetic") {
    becomes(
        "%a = iota {dtype=i64, extent=9}\n %r = slice %a {start=[1], stop=[9], step=[3]}\n return "
        "%r",
        "%a = iota {dtype=i64, extent=3}\n %c = constant {value=i64:3}\n"
        "%t = broadcast %c {shape=[3], axes=[]}\n %m = mul %a, %t\n"
        "%o = constant {value=i64:1}\n %u = broadcast %o {shape=[3], axes=[]}\n"
        "%r = add %m, %u\n return %r");
    stays("%a = iota {dtype=f32, extent=9}\n %r = flip %a {axes=[0]}\n return %r");
}
