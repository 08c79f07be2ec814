#include "rewrite_testing.h"

using namespace latent;
using namespace latent::passes;
using namespace latent::passes::testing;

namespace {

void becomes(std::string_view before, std::string_view after) {
    check_rewrite(canonicalise, before, after);
}
void stays(std::string_view text) {
    check_unchanged(canonicalise, text);
}

}  // namespace

TEST_CASE("Constants move to the right of ops whose operands may be exchanged") {
    const std::string two =
        "%c = constant {value=f32:2}\n%two = broadcast %c {shape=[4,6], axes=[]}\n";
    becomes(two + "%r = add %two, %x\n return %r", two + "%r = add %x, %two\n return %r");
    becomes(two + "%r = less %two, %x\n return %r", two + "%r = greater %x, %two\n return %r");
    becomes(two + "%r = greater_equal %two, %x\n return %r",
            two + "%r = less_equal %x, %two\n return %r");
    stays(two + "%r = sub %two, %x\n return %r");
    stays(two + "%r = add %two, %two\n return %r");
    stays(two + "%r = maximum %two, %x\n return %r");
    const std::string three =
        "%c = constant {value=i32:3}\n%three = broadcast %c {shape=[4,6], axes=[]}\n";
    becomes(three + "%r = maximum %three, %i\n return %r",
            three + "%r = maximum %i, %three\n return %r");
}

TEST_CASE("A scalar is no constant and stays on the left") {
    stays("%f = broadcast %s {shape=[4,6], axes=[]}\n %r = add %f, %x\n return %r");
}

TEST_CASE("stop_gradient disappears") {
    becomes("%a = stop_gradient %x\n %r = exp %a\n return %r", "%r = exp %x\n return %r");
}

TEST_CASE("A cast goes around one that lost nothing") {
    becomes("%a = cast %x {dtype=f64}\n %r = cast %a {dtype=f32}\n return %r", "return %x");
    becomes("%a = cast %i {dtype=f64}\n %r = cast %a {dtype=f32}\n return %r",
            "%r = cast %i {dtype=f32}\n return %r");
    becomes("%r = cast %i {dtype=i32}\n return %r", "return %i");
    stays("%a = cast %i {dtype=f32}\n %r = cast %a {dtype=i32}\n return %r");
    stays("%a = cast %d {dtype=f32}\n %r = cast %a {dtype=f64}\n return %r");
}

TEST_CASE("Adjacent permutes merge and cancel") {
    becomes(
        "%a = permute %b {permutation=[1,2,0]}\n %r = permute %a {permutation=[1,2,0]}\n return %r",
        "%r = permute %b {permutation=[2,0,1]}\n return %r");
    becomes(
        "%a = permute %b {permutation=[1,2,0]}\n %r = permute %a {permutation=[2,0,1]}\n return %r",
        "return %b");
    becomes("%r = permute %b {permutation=[0,1,2]}\n return %r", "return %b");
    stays("%r = permute %b {permutation=[2,0,1]}\n return %r");
}

TEST_CASE("A permute that only moves dimensions of extent 1 is a reshape") {
    becomes("%a = reshape %x {shape=[4,1,6]}\n %r = permute %a {permutation=[1,0,2]}\n return %r",
            "%r = reshape %x {shape=[1,4,6]}\n return %r");
}

TEST_CASE("Adjacent reshapes merge and cancel") {
    becomes("%a = reshape %x {shape=[24]}\n %r = reshape %a {shape=[2,12]}\n return %r",
            "%r = reshape %x {shape=[2,12]}\n return %r");
    becomes("%a = reshape %x {shape=[24]}\n %r = reshape %a {shape=[4,6]}\n return %r",
            "return %x");
}

TEST_CASE("Adjacent broadcasts merge") {
    becomes(
        "%a = broadcast %v {shape=[4,6], axes=[1]}\n"
        "%r = broadcast %a {shape=[3,4,2,6], axes=[1,3]}\n return %r",
        "%r = broadcast %v {shape=[3,4,2,6], axes=[3]}\n return %r");
    becomes("%r = broadcast %x {shape=[4,6], axes=[0,1]}\n return %r", "return %x");
}

TEST_CASE("A broadcast that repeats nothing is a reshape") {
    becomes("%r = broadcast %v {shape=[1,6], axes=[1]}\n return %r",
            "%r = reshape %v {shape=[1,6]}\n return %r");
    stays("%r = broadcast %s {shape=[1,1], axes=[]}\n return %r");
}

TEST_CASE("Dimensions of extent 1 are made by the broadcast, not by a reshape under it") {
    becomes(
        "%a = reshape %v {shape=[1,6]}\n %r = broadcast %a {shape=[1,4,6], axes=[0,2]}\n return %r",
        "%r = broadcast %v {shape=[1,4,6], axes=[2]}\n return %r");
    stays(
        "%a = reshape %v {shape=[2,3]}\n %r = broadcast %a {shape=[4,2,3], axes=[1,2]}\n return "
        "%r");
}

TEST_CASE("A reshape sinks below a broadcast that it does not mix up") {
    becomes(
        "%a = broadcast %x {shape=[2,3,4,6], axes=[2,3]}\n %r = reshape %a {shape=[6,24]}\n return "
        "%r",
        "%a = reshape %x {shape=[24]}\n %r = broadcast %a {shape=[6,24], axes=[1]}\n return %r");
    becomes(
        "%a = broadcast %v {shape=[4,1,6], axes=[2]}\n %r = reshape %a {shape=[4,6]}\n return %r",
        "%r = broadcast %v {shape=[4,6], axes=[1]}\n return %r");
    becomes(
        "%a = broadcast %v {shape=[4,6], axes=[1]}\n %r = reshape %a {shape=[4,1,6,1]}\n return %r",
        "%r = broadcast %v {shape=[4,1,6,1], axes=[2]}\n return %r");
    stays("%a = broadcast %v {shape=[4,6], axes=[1]}\n %r = reshape %a {shape=[24]}\n return %r");
}

TEST_CASE("A permute sinks below a broadcast") {
    becomes(
        "%a = broadcast %v {shape=[4,6], axes=[1]}\n %r = permute %a {permutation=[1,0]}\n return "
        "%r",
        "%r = broadcast %v {shape=[6,4], axes=[0]}\n return %r");
    becomes(
        "%a = broadcast %x {shape=[4,3,6], axes=[0,2]}\n"
        "%r = permute %a {permutation=[2,1,0]}\n return %r",
        "%a = permute %x {permutation=[1,0]}\n"
        "%r = broadcast %a {shape=[6,3,4], axes=[0,2]}\n return %r");
}

TEST_CASE("A pad sinks below a permute, so that what it stores lies as it did") {
    becomes(
        "%a = permute %x {permutation=[1,0]}\n"
        "%r = pad %a, %s {low=[1,0], high=[2,-1], interior=[0,3]}\n return %r",
        "%a = pad %x, %s {low=[0,1], high=[-1,2], interior=[3,0]}\n"
        "%r = permute %a {permutation=[1,0]}\n return %r");
}

TEST_CASE("Slices and flips in a row become one slice and one flip above it") {
    becomes(
        "%a = slice %x {start=[0,1], stop=[4,6], step=[1,1]}\n"
        "%r = slice %a {start=[1,0], stop=[3,5], step=[1,2]}\n return %r",
        "%r = slice %x {start=[1,1], stop=[3,6], step=[1,2]}\n return %r");
    becomes("%a = flip %x {axes=[0]}\n %r = flip %a {axes=[0,1]}\n return %r",
            "%r = flip %x {axes=[1]}\n return %r");
    becomes("%a = flip %x {axes=[1]}\n %r = flip %a {axes=[1]}\n return %r", "return %x");
    becomes(
        "%a = flip %x {axes=[1]}\n %r = slice %a {start=[0,0], stop=[4,5], step=[1,2]}\n return %r",
        "%a = slice %x {start=[0,1], stop=[4,6], step=[1,2]}\n %r = flip %a {axes=[1]}\n return "
        "%r");
    becomes("%r = slice %x {start=[0,0], stop=[4,6], step=[1,1]}\n return %r", "return %x");
    becomes("%r = slice %x {start=[0,0], stop=[4,6], step=[1,2]}\n return %r",
            "%r = slice %x {start=[0,0], stop=[4,5], step=[1,2]}\n return %r");
    becomes("%r = flip %x {axes=[]}\n return %r", "return %x");
    stays(
        "%a = slice %x {start=[0,1], stop=[4,6], step=[1,2]}\n %r = flip %a {axes=[1]}\n return "
        "%r");
}

TEST_CASE("Every view of equal elements is a broadcast of the element") {
    const std::string_view after = "%r = broadcast %s {shape=[2,3], axes=[]}\n return %r";
    becomes(
        "%f = broadcast %s {shape=[4,6], axes=[]}\n"
        "%r = slice %f {start=[0,1], stop=[4,6], step=[2,2]}\n return %r",
        after);
    becomes(
        "%f = broadcast %s {shape=[3,2], axes=[]}\n %r = permute %f {permutation=[1,0]}\n return "
        "%r",
        after);
    becomes("%f = broadcast %s {shape=[6], axes=[]}\n %r = reshape %f {shape=[2,3]}\n return %r",
            after);
    becomes("%f = broadcast %s {shape=[1,1], axes=[]}\n %r = reshape %f {shape=[]}\n return %r",
            "return %s");
    becomes(
        "%f = broadcast %s {shape=[4], axes=[]}\n"
        "%r = window %f {axes=[0], size=[3], stride=[1], dilation=[1]}\n return %r",
        after);
}

TEST_CASE("Windows and folds of no axes disappear") {
    becomes("%r = window %x {axes=[], size=[], stride=[], dilation=[]}\n return %r", "return %x");
    becomes("%r = fold %x {axes=[], size=[], stride=[], dilation=[], extent=[]}\n return %r",
            "return %x");
}

TEST_CASE("Views of empty tensors keep their types") {
    const std::string empty = "%e = parameter {index=0, dtype=f32, shape=[0,3]}\n";
    becomes(
        empty + "%a = permute %e {permutation=[1,0]}\n %r = reshape %a {shape=[5,0]}\n return %r",
        empty + "%a = permute %e {permutation=[1,0]}\n %r = reshape %a {shape=[5,0]}\n return %r");
    const ir::Graph graph = ir::parse(
        empty +
        "%a = broadcast %e {shape=[2,0,3], axes=[1,2]}\n %r = reshape %a {shape=[0]}\n"
        "%f = flip %a {axes=[1]}\n %s = slice %f {start=[0,0,1], stop=[2,0,3], step=[1,1,2]}\n"
        "return %r, %s");
    const ir::Graph result = run(canonicalise, graph);
    CHECK(result.results[0].type() == graph.results[0].type());
    CHECK(result.results[1].type() == graph.results[1].type());
}
