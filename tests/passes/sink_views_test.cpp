#include "rewrite_testing.h"

using namespace latent;
using namespace latent::passes;
using namespace latent::passes::testing;

namespace {

void becomes(std::string_view before, std::string_view after) {
    check_rewrite(sink_views, before, after);
}
void stays(std::string_view text) {
    check_unchanged(sink_views, text);
}

}  // namespace

TEST_CASE("A slice sinks through a chain of elementwise ops to the leaves") {
    becomes(
        "%a = mul %x, %y\n %e = exp %a\n"
        "%r = slice %e {start=[1,0], stop=[3,6], step=[1,2]}\n return %r",
        "%k = slice %x {start=[1,0], stop=[3,5], step=[1,2]}\n"
        "%l = slice %y {start=[1,0], stop=[3,5], step=[1,2]}\n"
        "%a = mul %k, %l\n %r = exp %a\n return %r");
}

TEST_CASE("A flip sinks like a slice, and a slice and a flip that meet are composed") {
    becomes("%a = neg %x\n %r = flip %a {axes=[0]}\n return %r",
            "%k = flip %x {axes=[0]}\n %r = neg %k\n return %r");
    becomes(
        "%a = neg %x\n %f = flip %a {axes=[1]}\n %e = exp %f\n"
        "%r = slice %e {start=[0,0], stop=[4,2], step=[1,1]}\n return %r",
        "%k = slice %x {start=[0,4], stop=[4,6], step=[1,1]}\n %l = flip %k {axes=[1]}\n"
        "%a = neg %l\n %r = exp %a\n return %r");
}

TEST_CASE("What several users want to see in one way sinks with its users") {
    becomes(
        "%a = exp %x\n %m = mul %a, %a\n %t = tanh %m\n %e = add %t, %a\n"
        "%r = slice %e {start=[0,2], stop=[4,6], step=[1,1]}\n return %r",
        "%k = slice %x {start=[0,2], stop=[4,6], step=[1,1]}\n"
        "%a = exp %k\n %m = mul %a, %a\n %t = tanh %m\n %r = add %t, %a\n return %r");
}

TEST_CASE("What users want to see in different ways is computed once, whole") {
    stays("%a = exp %x\n %r = slice %a {start=[0,2], stop=[4,6], step=[1,1]}\n return %r, %a");
    stays(
        "%a = exp %x\n %r = slice %a {start=[0,2], stop=[4,6], step=[1,1]}\n"
        "%t = slice %a {start=[0,0], stop=[4,2], step=[1,1]}\n return %r, %t");
    becomes(
        "%a = exp %x\n %e = neg %a\n %r = slice %e {start=[0,2], stop=[4,6], step=[1,1]}\n"
        "return %r, %a",
        "%a = exp %x\n %k = slice %a {start=[0,2], stop=[4,6], step=[1,1]}\n"
        "%r = neg %k\n return %r, %a");
}

TEST_CASE("Slices of leaves stay where they are") {
    stays("%a = slice %x {start=[0,2], stop=[4,6], step=[1,1]}\n %r = exp %a\n return %r");
    stays("%r = flip %x {axes=[1]}\n return %r");
}

TEST_CASE("A slice passes permutes and broadcasts") {
    becomes(
        "%a = exp %v\n %e = broadcast %a {shape=[4,6], axes=[1]}\n"
        "%t = permute %e {permutation=[1,0]}\n"
        "%r = slice %t {start=[2,1], stop=[5,2], step=[1,1]}\n return %r",
        "%k = slice %v {start=[2], stop=[5], step=[1]}\n %a = exp %k\n"
        "%e = broadcast %a {shape=[1,3], axes=[1]}\n"
        "%r = permute %e {permutation=[1,0]}\n return %r");
    becomes("%e = broadcast %v {shape=[4,6], axes=[1]}\n %r = flip %e {axes=[0]}\n return %r",
            "%r = broadcast %v {shape=[4,6], axes=[1]}\n return %r");
}

TEST_CASE("A slice passes a reshape of other dimensions, and the outermost part of a split one") {
    becomes(
        "%a = exp %x\n %e = reshape %a {shape=[4,1,2,3]}\n"
        "%r = slice %e {start=[1,0,1,0], stop=[3,1,2,3], step=[1,1,1,1]}\n return %r",
        "%k = slice %x {start=[1,3], stop=[3,6], step=[1,1]}\n %a = exp %k\n"
        "%r = reshape %a {shape=[2,1,1,3]}\n return %r");
    stays(
        "%a = exp %x\n %e = reshape %a {shape=[4,2,3]}\n"
        "%r = slice %e {start=[0,0,1], stop=[4,2,3], step=[1,1,1]}\n return %r");
    stays(
        "%a = exp %x\n %e = reshape %a {shape=[24]}\n"
        "%r = slice %e {start=[3], stop=[20], step=[1]}\n return %r");
}

TEST_CASE("A slice of a reduction or contraction is one of fewer elements") {
    becomes(
        "%a = exp %b\n %e = reduce_sum %a {axes=[1]}\n"
        "%r = slice %e {start=[1,0], stop=[2,6], step=[1,1]}\n return %r",
        "%k = slice %b {start=[1,0,0], stop=[2,4,6], step=[1,1,1]}\n %a = exp %k\n"
        "%r = reduce_sum %a {axes=[1]}\n return %r");
    becomes(
        "%a = cast %b {dtype=i32}\n %e = reduce_argmax %b, %a {axes=[1]}\n"
        "%r = slice %e {start=[1,0], stop=[2,6], step=[1,1]}\n return %r",
        "%k = slice %b {start=[1,0,0], stop=[2,4,6], step=[1,1,1]}\n"
        "%l = slice %b {start=[1,0,0], stop=[2,4,6], step=[1,1,1]}\n %a = cast %l {dtype=i32}\n"
        "%r = reduce_argmax %k, %a {axes=[1]}\n return %r");
    becomes(
        "%a = contraction %x, %w {lhs=[0,1], rhs=[1,2], out=[0,2]}\n"
        "%r = slice %a {start=[3,0], stop=[4,5], step=[1,1]}\n return %r",
        "%k = slice %x {start=[3,0], stop=[4,6], step=[1,1]}\n"
        "%r = contraction %k, %w {lhs=[0,1], rhs=[1,2], out=[0,2]}\n return %r");
    stays(
        "%a = contraction %x, %w {lhs=[0,1], rhs=[1,2], out=[0,2]}\n"
        "%r = flip %a {axes=[0]}\n return %r");
}

TEST_CASE("A slice stops above what moves elements by more than a view") {
    stays(
        "%a = pad %x, %s {low=[1,1], high=[0,0], interior=[0,0]}\n"
        "%r = slice %a {start=[0,0], stop=[5,4], step=[1,1]}\n return %r");
}

TEST_CASE("A slice of operands that take turns begins with whose turn it is") {
    const std::string turns = "%e = exp %x\n%a = interleave %e, %y {axis=1}\n";
    becomes(turns + "%r = slice %a {start=[1,3], stop=[3,8], step=[1,1]}\n return %r",
            "%k = slice %y {start=[1,1], stop=[3,4], step=[1,1]}\n"
            "%l = slice %x {start=[1,2], stop=[3,4], step=[1,1]}\n%e = exp %l\n"
            "%r = interleave %k, %e {axis=1}\n return %r");
    becomes(turns + "%r = slice %a {start=[0,4], stop=[4,5], step=[1,1]}\n return %r",
            "%k = slice %x {start=[0,2], stop=[4,3], step=[1,1]}\n%e = exp %k\n"
            "%l = slice %y {start=[0,0], stop=[4,0], step=[1,1]}\n"
            "%r = interleave %e, %l {axis=1}\n return %r");
    stays(turns + "%r = slice %a {start=[0,0], stop=[4,12], step=[1,2]}\n return %r");
}

TEST_CASE("A slice of windows is windows of a slice, unless it takes windows apart") {
    const std::string windows =
        "%a = exp %x\n"
        "%e = window %a {axes=[1], size=[2], stride=[2], dilation=[1]}\n";
    becomes(windows + "%r = slice %e {start=[1,1,0], stop=[3,3,2], step=[1,1,1]}\n return %r",
            "%k = slice %x {start=[1,2], stop=[3,6], step=[1,1]}\n %a = exp %k\n"
            "%r = window %a {axes=[1], size=[2], stride=[2], dilation=[1]}\n return %r");
    stays(windows + "%r = slice %e {start=[0,0,1], stop=[4,3,2], step=[1,1,1]}\n return %r");
    stays(windows + "%r = slice %e {start=[0,0,0], stop=[4,3,2], step=[1,2,1]}\n return %r");
    stays(windows + "%r = slice %e {start=[0,2,0], stop=[4,2,2], step=[1,1,1]}\n return %r");
}

TEST_CASE("Rank-0 operands have nothing to slice") {
    becomes(
        "%e = exp %s\n %f = broadcast %e {shape=[4,6], axes=[]}\n %a = mul %x, %f\n"
        "%r = slice %a {start=[0,2], stop=[4,6], step=[1,1]}\n return %r",
        "%k = slice %x {start=[0,2], stop=[4,6], step=[1,1]}\n %e = exp %s\n"
        "%f = broadcast %e {shape=[4,4], axes=[]}\n %r = mul %k, %f\n return %r");
}

TEST_CASE("A slice to nothing sinks too") {
    becomes("%a = exp %x\n %r = slice %a {start=[4,0], stop=[4,6], step=[1,1]}\n return %r",
            "%k = slice %x {start=[0,0], stop=[0,6], step=[1,1]}\n %r = exp %k\n return %r");
}
