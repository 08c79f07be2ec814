#include "rewrite_testing.h"

using namespace latent;
using namespace latent::passes;
using namespace latent::passes::testing;

namespace {

void becomes(std::string_view before, std::string_view after) {
    check_rewrite(simplify_contractions, before, after);
}
void stays(std::string_view text) {
    check_unchanged(simplify_contractions, text);
}

}  // namespace

TEST_CASE("A contraction reads permuted operands by their labels") {
    becomes(
        "%t = permute %w {permutation=[1,0]}\n"
        "%r = contraction %x, %t {lhs=[0,1], rhs=[2,1], out=[0,2]}\n return %r",
        "%r = contraction %x, %w {lhs=[0,1], rhs=[1,2], out=[0,2]}\n return %r");
    becomes(
        "%t = permute %b {permutation=[2,0,1]}\n %e = permute %w {permutation=[1,0]}\n"
        "%r = contraction %t, %e {lhs=[0,1,2], rhs=[3,0], out=[1,2,3]}\n return %r",
        "%r = contraction %b, %w {lhs=[0,1,2], rhs=[2,3], out=[0,1,3]}\n return %r");
}

TEST_CASE("A contraction writes a permuted result by its labels") {
    const std::string contraction =
        "%a = contraction %x, %w {lhs=[0,1], rhs=[1,2], out=[0,2]}\n"
        "%r = permute %a {permutation=[1,0]}\n";
    becomes(contraction + "return %r",
            "%r = contraction %x, %w {lhs=[0,1], rhs=[1,2], out=[2,0]}\n return %r");
    stays(contraction + "return %r, %a");
}

TEST_CASE("Labels are numbered as they occur") {
    becomes("%r = contraction %x, %w {lhs=[7,3], rhs=[3,5], out=[7,5]}\n return %r",
            "%r = contraction %x, %w {lhs=[0,1], rhs=[1,2], out=[0,2]}\n return %r");
}

TEST_CASE("A repeated operand loses the dimension, where the other operand has it") {
    becomes(
        "%e = broadcast %w {shape=[3,6,5], axes=[1,2]}\n"
        "%r = contraction %b, %e {lhs=[0,1,2], rhs=[0,2,3], out=[0,1,3]}\n return %r",
        "%r = contraction %b, %w {lhs=[0,1,2], rhs=[2,3], out=[0,1,3]}\n return %r");
}

TEST_CASE("A dimension along which the result is repeated is put back by a broadcast") {
    becomes(
        "%e = broadcast %v {shape=[4,6], axes=[1]}\n"
        "%r = contraction %e, %w {lhs=[0,1], rhs=[1,2], out=[0,2]}\n return %r",
        "%a = contraction %v, %w {lhs=[0], rhs=[0,1], out=[1]}\n"
        "%r = broadcast %a {shape=[4,5], axes=[1]}\n return %r");
    becomes(
        "%e = broadcast %x {shape=[3,4,6], axes=[1,2]}\n"
        "%f = broadcast %w {shape=[3,6,5], axes=[1,2]}\n"
        "%r = contraction %e, %f {lhs=[0,1,2], rhs=[0,2,3], out=[0,1,3]}\n return %r",
        "%a = contraction %x, %w {lhs=[0,1], rhs=[1,2], out=[0,2]}\n"
        "%r = broadcast %a {shape=[3,4,5], axes=[1,2]}\n return %r");
}

TEST_CASE("A repeated dimension that is summed stays") {
    stays(
        "%e = broadcast %s {shape=[6], axes=[]}\n"
        "%r = contraction %e, %w {lhs=[0], rhs=[0,1], out=[1]}\n return %r");
}

TEST_CASE("A sum over a dimension of both operands is contracted") {
    const std::string batched =
        "%g = parameter {index=10, dtype=f32, shape=[3,4,5]}\n"
        "%a = contraction %b, %g {lhs=[0,1,2], rhs=[0,1,3], out=[0,2,3]}\n";
    becomes(batched + "%r = reduce_sum %a {axes=[0]}\n return %r",
            "%g = parameter {index=10, dtype=f32, shape=[3,4,5]}\n"
            "%r = contraction %b, %g {lhs=[0,1,2], rhs=[0,1,3], out=[2,3]}\n return %r");
    becomes(batched + "%r = reduce_sum %a {axes=[0,2]}\n return %r",
            "%g = parameter {index=10, dtype=f32, shape=[3,4,5]}\n"
            "%a = contraction %b, %g {lhs=[0,1,2], rhs=[0,1,3], out=[2,3]}\n"
            "%r = reduce_sum %a {axes=[1]}\n return %r");
    stays(batched + "%r = reduce_sum %a {axes=[1]}\n return %r");
    stays(batched + "%r = reduce_sum %a {axes=[0]}\n return %r, %a");
    stays(batched + "%r = reduce_max %a {axes=[0]}\n return %r");
}

TEST_CASE("Dimensions of one element that were added to an operand leave the sum") {
    becomes(
        "%e = reshape %x {shape=[4,6,1]}\n %k = parameter {index=10, dtype=f32, shape=[5,6,1]}\n"
        "%r = contraction %e, %k {lhs=[0,1,2], rhs=[3,1,2], out=[0,3]}\n return %r",
        "%k = parameter {index=10, dtype=f32, shape=[5,6,1]}\n %e = reshape %k {shape=[5,6]}\n"
        "%r = contraction %x, %e {lhs=[0,1], rhs=[2,1], out=[0,2]}\n return %r");
    becomes(
        "%e = reshape %v {shape=[1,6]}\n"
        "%r = contraction %e, %w {lhs=[0,1], rhs=[1,2], out=[0,2]}\n return %r",
        "%a = contraction %v, %w {lhs=[0], rhs=[0,1], out=[1]}\n"
        "%r = reshape %a {shape=[1,5]}\n return %r");
    stays(
        "%e = reshape %x {shape=[2,2,6]}\n"
        "%r = contraction %e, %w {lhs=[0,1,2], rhs=[2,3], out=[0,1,3]}\n return %r");
}

TEST_CASE("Dimensions of one element that the result's user takes away leave the sum") {
    becomes(
        "%k = parameter {index=10, dtype=f32, shape=[1,6]}\n"
        "%a = contraction %x, %k {lhs=[0,1], rhs=[2,1], out=[0,2]}\n"
        "%r = reshape %a {shape=[4]}\n return %r",
        "%k = parameter {index=10, dtype=f32, shape=[1,6]}\n %e = reshape %k {shape=[6]}\n"
        "%r = contraction %x, %e {lhs=[0,1], rhs=[1], out=[0]}\n return %r");
}

TEST_CASE("A contraction that sums nothing is a multiplication") {
    check_rewrite(multiply_outer_products,
                  "%r = contraction %x, %v {lhs=[0,1], rhs=[1], out=[0,1]}\n return %r",
                  "%e = broadcast %v {shape=[4,6], axes=[1]}\n %r = mul %x, %e\n return %r");
    check_rewrite(multiply_outer_products,
                  "%r = contraction %x, %v {lhs=[0,1], rhs=[2], out=[2,1,0]}\n return %r",
                  "%t = permute %x {permutation=[1,0]}\n"
                  "%e = broadcast %t {shape=[6,6,4], axes=[1,2]}\n"
                  "%f = broadcast %v {shape=[6,6,4], axes=[0]}\n %r = mul %e, %f\n return %r");
    // A matrix and a vector: nothing is used twice.
    check_rewrite(multiply_outer_products,
                  "%r = contraction %x, %v {lhs=[0,1], rhs=[1], out=[0]}\n return %r",
                  "%e = broadcast %v {shape=[4,6], axes=[1]}\n %m = mul %x, %e\n"
                  "%r = reduce_sum %m {axes=[1]}\n return %r");
    check_unchanged(multiply_outer_products,
                    "%r = contraction %x, %w {lhs=[0,1], rhs=[1,2], out=[0,2]}\n return %r");
}

TEST_CASE("A product with one column is a sum of rows, where these lie along what is summed") {
    const std::string column = "%k = parameter {index=10, dtype=f32, shape=[6,1]}\n";
    check_rewrite(multiply_outer_products,
                  column + "%r = contraction %x, %k {lhs=[0,1], rhs=[1,2], out=[0,2]}\n return %r",
                  column +
                      "%e = reshape %k {shape=[6]}\n %f = broadcast %e {shape=[4,6], axes=[1]}\n"
                      "%m = mul %x, %f\n %t = reduce_sum %m {axes=[1]}\n"
                      "%r = reshape %t {shape=[4,1]}\n return %r");
    // What is computed for the column is stored first, not computed again for each row.
    check_unchanged(multiply_outer_products,
                    column +
                        "%e = exp %k\n"
                        "%r = contraction %x, %e {lhs=[0,1], rhs=[1,2], out=[0,2]}\n return %r");
    // One row of a matrix that lies along its columns, or of windows, is streamed.
    const std::string row = "%k = parameter {index=10, dtype=f32, shape=[1,4]}\n";
    check_unchanged(multiply_outer_products,
                    row + "%r = contraction %k, %x {lhs=[2,0], rhs=[0,1], out=[2,1]}\n return %r");
    const std::string filter = "%k = parameter {index=10, dtype=f32, shape=[1,2,3]}\n";
    check_unchanged(multiply_outer_products,
                    filter +
                        "%o = window %x {axes=[0,1], size=[2,3], stride=[1,1], dilation=[1,1]}\n"
                        "%r = contraction %o, %k {lhs=[0,1,2,3], rhs=[4,2,3], out=[4,0,1]}\n"
                        " return %r");
    const std::string taps = "%k = parameter {index=10, dtype=f32, shape=[1,3]}\n";
    check_unchanged(
        multiply_outer_products,
        taps +
            "%o = window %x {axes=[1], size=[3], stride=[1], dilation=[1]}\n"
            "%r = contraction %o, %k {lhs=[0,1,2], rhs=[3,2], out=[3,0,1]}\n return %r");
}

TEST_CASE("A contraction over single elements is a multiplication") {
    const std::string leaves =
        "%k = parameter {index=10, dtype=f32, shape=[4,1]}\n"
        "%l = parameter {index=11, dtype=f32, shape=[1,6]}\n";
    check_rewrite(multiply_outer_products,
                  leaves + "%r = contraction %k, %l {lhs=[0,1], rhs=[1,2], out=[0,2]}\n return %r",
                  leaves +
                      "%g = reshape %k {shape=[4]}\n %h = reshape %l {shape=[6]}\n"
                      "%e = broadcast %g {shape=[4,6], axes=[0]}\n"
                      "%f = broadcast %h {shape=[4,6], axes=[1]}\n"
                      "%r = mul %e, %f\n return %r");
}

TEST_CASE("The products that a contraction sums are not rounded to a narrow dtype") {
    check_rewrite(multiply_outer_products,
                  "%h = parameter {index=10, dtype=f16, shape=[4,6]}\n"
                  "%n = parameter {index=11, dtype=f16, shape=[6]}\n"
                  "%r = contraction %h, %n {lhs=[0,1], rhs=[1], out=[0]}\n return %r",
                  "%h = parameter {index=10, dtype=f16, shape=[4,6]}\n"
                  "%n = parameter {index=11, dtype=f16, shape=[6]}\n"
                  "%a = cast %h {dtype=f32}\n %c = cast %n {dtype=f32}\n"
                  "%e = broadcast %c {shape=[4,6], axes=[1]}\n %m = mul %a, %e\n"
                  "%t = reduce_sum %m {axes=[1]}\n %r = cast %t {dtype=f16}\n return %r");
    check_rewrite(multiply_outer_products,
                  "%h = parameter {index=10, dtype=bf16, shape=[4,6]}\n"
                  "%n = parameter {index=11, dtype=bf16, shape=[6]}\n"
                  "%r = contraction %h, %n {lhs=[0,1], rhs=[1], out=[0,1]}\n return %r",
                  "%h = parameter {index=10, dtype=bf16, shape=[4,6]}\n"
                  "%n = parameter {index=11, dtype=bf16, shape=[6]}\n"
                  "%e = broadcast %n {shape=[4,6], axes=[1]}\n %r = mul %h, %e\n return %r");
}

TEST_CASE("The gradient of a convolution with respect to its input is a convolution") {
    // Input [2,f,9], weights [4,f,3], stride 2, dilation 1: gradient [2,4,4].
    const auto leaves_of_convolution = [](const std::string& features) {
        return "%g = parameter {index=10, dtype=f32, shape=[2,4,4]}\n"
               "%k = parameter {index=11, dtype=f32, shape=[4," +
               features + ",3]}\n";
    };
    const std::string products =
        "%a = contraction %g, %k {lhs=[0,1,2], rhs=[1,3,4], out=[0,3,2,4]}\n"
        "%r = fold %a {axes=[2], size=[3], stride=[2], dilation=[1], extent=[10]}\n";
    const std::string padded =
        "%z = constant {value=f32:0}\n"
        "%o = pad %g, %z {low=[0,0,1], high=[0,0,1], interior=[0,0,0]}\n";
    // Each phase has elements of its own of a window.
    becomes(leaves_of_convolution("3") + products + "return %r",
            leaves_of_convolution("3") + padded +
                "%n = window %o {axes=[2], size=[2], stride=[1], dilation=[1]}\n"
                "%k0 = slice %k {start=[0,0,0], stop=[4,3,3], step=[1,1,2]}\n"
                "%f = flip %k0 {axes=[2]}\n"
                "%c0 = contraction %n, %f {lhs=[0,1,2,3], rhs=[1,4,3], out=[0,4,2]}\n"
                "%o1 = slice %o {start=[0,0,1], stop=[2,4,6], step=[1,1,1]}\n"
                "%k1 = slice %k {start=[0,0,1], stop=[4,3,2], step=[1,1,1]}\n"
                "%e = reshape %k1 {shape=[4,3]}\n"
                "%c1 = contraction %o1, %e {lhs=[0,1,2], rhs=[1,3], out=[0,3,2]}\n"
                "%r = interleave %c0, %c1 {axis=2}\n return %r");
    // Few features make one dimension with the phases.
    becomes(leaves_of_convolution("2") + products + "return %r",
            leaves_of_convolution("2") + padded +
                "%n = window %o {axes=[2], size=[2], stride=[1], dilation=[1]}\n"
                "%whole = pad %k, %z {low=[0,0,0], high=[0,0,1], interior=[0,0,0]}\n"
                "%split = reshape %whole {shape=[4,2,2,2]}\n"
                "%f = flip %split {axes=[2]}\n"
                "%order = permute %f {permutation=[0,2,1,3]}\n"
                "%one = reshape %order {shape=[4,2,4]}\n"
                "%c = contraction %n, %one {lhs=[0,1,2,3], rhs=[1,3,4], out=[0,4,2]}\n"
                "%apart = reshape %c {shape=[2,2,2,5]}\n"
                "%between = permute %apart {permutation=[0,1,3,2]}\n"
                "%r = reshape %between {shape=[2,2,10]}\n return %r");
    // Phases along the last axis take turns in rows, which are short.
    const auto phases = [](const std::string& stride) {
        const ir::Graph graph = parse_with_leaves(
            "%g = parameter {index=10, dtype=f32, shape=[2,4,4]}\n"
            "%k = parameter {index=11, dtype=f32, shape=[4,3,9]}\n"
            "%a = contraction %g, %k {lhs=[0,1,2], rhs=[1,3,4], out=[0,3,2,4]}\n"
            "%r = fold %a {axes=[2], size=[9], stride=[" +
            stride + "], dilation=[1], extent=[33]}\nreturn %r");
        return ir::print(run(simplify_contractions, graph));
    };
    CHECK(phases("7").find("interleave") != std::string::npos);
    CHECK(phases("8").find("interleave") == std::string::npos);
    stays(leaves_of_convolution("3") + products + "return %r, %a");
}

TEST_CASE("A fold whose windows are not told apart by the operands stays") {
    stays(
        "%g = parameter {index=10, dtype=f32, shape=[2,4,3]}\n"
        "%k = parameter {index=11, dtype=f32, shape=[2,3]}\n"
        "%a = contraction %g, %k {lhs=[0,1,2], rhs=[0,2], out=[0,1,2]}\n"
        "%r = fold %a {axes=[1], size=[3], stride=[1], dilation=[1], extent=[6]}\n return %r");
}
