#include "tests/support/kernels.h"

using namespace latent;
using namespace latent::test;

namespace {

/// What a query does not see, and whether it counts for something none the less.
enum class Hidden { later, not_earlier, later_but_counted };

/// Attention and its gradients, long enough that no scores are stored.
struct LongAttention {
    int heads = 1;
    int queries = 1460;
    int keys = 1450;
    int depth = 5;
    int width = 7;
    Hidden hidden = Hidden::later;
    const char* dtype = "f32";
};

std::string scores_and_mask(const LongAttention& a) {
    return fmt::format(
        "%q = parameter {{index=0, dtype={0}, shape=[{6},{1},{3}]}}\n"
        "%k = parameter {{index=1, dtype={0}, shape=[{6},{2},{3}]}}\n"
        "%v = parameter {{index=2, dtype={0}, shape=[{6},{2},{4}]}}\n"
        "%g = parameter {{index=3, dtype={0}, shape=[{6},{1},{4}]}}\n"
        "%s = contraction %q, %k {{lhs=[0,1,3], rhs=[0,2,3], out=[0,1,2]}}\n"
        "%key = iota {{dtype=i32, extent={2}}}\n"
        "%keyb = broadcast %key {{shape=[{6},{1},{2}], axes=[2]}}\n"
        "%query = iota {{dtype=i32, extent={1}}}\n"
        "%queryb = broadcast %query {{shape=[{6},{1},{2}], axes=[1]}}\n"
        "%hide = {5} %keyb, %queryb\n"
        "%inf = constant {{value={0}:-inf}}\n"
        "%infb = broadcast %inf {{shape=[{6},{1},{2}], axes=[]}}\n"
        "%seen = select %hide, %infb, %s\n",
        a.dtype, a.queries, a.keys, a.depth, a.width,
        a.hidden == Hidden::not_earlier ? "greater_equal" : "greater", a.heads);
}

/// The greatest score is at least -100, and the sum at least 1, so that the weights are numbers
/// where a query sees nothing.
std::string weights(const LongAttention& a) {
    return fmt::format(
        "%max = reduce_max %seen {{axes=[2]}}\n"
        "%low = constant {{value={0}:-100}}\n"
        "%lowb = broadcast %low {{shape=[{4},{1}], axes=[]}}\n"
        "%most = maximum %max, %lowb\n"
        "%mostb = broadcast %most {{shape=[{4},{1},{2}], axes=[0,1]}}\n"
        "%shifted = sub %seen, %mostb\n"
        "%exp = exp %shifted\n"
        "{3}"
        "%sum = reduce_sum %e {{axes=[2]}}\n"
        "%one = constant {{value={0}:1}}\n"
        "%oneb = broadcast %one {{shape=[{4},{1}], axes=[]}}\n"
        "%total = add %sum, %oneb\n"
        "%totalb = broadcast %total {{shape=[{4},{1},{2}], axes=[0,1]}}\n"
        "%w = div %e, %totalb\n"
        "%o = contraction %w, %v {{lhs=[0,1,2], rhs=[0,2,3], out=[0,1,3]}}\n",
        a.dtype, a.queries, a.keys,
        a.hidden == Hidden::later_but_counted
            ? fmt::format("%few = constant {{value={0}:0.0625}}\n"
                          "%fewb = broadcast %few {{shape=[{3},{1},{2}], axes=[]}}\n"
                          "%e = add %exp, %fewb\n",
                          a.dtype, a.queries, a.keys, a.heads)
            : "%e = stop_gradient %exp\n",
        a.heads);
}

std::string gradients(const LongAttention& a) {
    return fmt::format(
        "%dw = contraction %g, %v {{lhs=[0,1,3], rhs=[0,2,3], out=[0,1,2]}}\n"
        "%wdw = mul %w, %dw\n"
        "%mean = reduce_sum %wdw {{axes=[2]}}\n"
        "%meanb = broadcast %mean {{shape=[{2},{0},{1}], axes=[0,1]}}\n"
        "%rest = sub %dw, %meanb\n"
        "%ds = mul %w, %rest\n"
        "%dq = contraction %ds, %k {{lhs=[0,1,2], rhs=[0,2,3], out=[0,1,3]}}\n"
        "%dk = contraction %ds, %q {{lhs=[0,1,2], rhs=[0,1,3], out=[0,2,3]}}\n"
        "%dv = contraction %w, %g {{lhs=[0,1,2], rhs=[0,1,3], out=[0,2,3]}}\n",
        a.queries, a.keys, a.heads);
}

std::string text_of(const LongAttention& a) {
    return scores_and_mask(a) + weights(a) + gradients(a);
}

constexpr Tolerance single{1e-5, 1e-4};

}  // namespace

TEST_CASE("rows that several sums need are computed again by each, and never stored", "[kernels]") {
    for (const Hidden hidden : {Hidden::later, Hidden::not_earlier, Hidden::later_but_counted}) {
        check_kernels(text_of({.hidden = hidden}) + "return %o, %dq, %dk, %dv\n",
                      {.tolerance = single, .kernels = 4});
    }
    check_kernels(text_of({.queries = 1100, .keys = 1950, .depth = 18, .width = 3}) +
                      "return %o, %dq, %dk, %dv\n",
                  {.tolerance = single, .kernels = 4});
    check_kernels(
        text_of({.queries = 1950, .keys = 1100, .dtype = "f64"}) + "return %o, %dq, %dk, %dv\n",
        {.tolerance = {1e-12, 1e-11}, .kernels = 4});
}

TEST_CASE("the numbers of rows are stored by the one chain that makes them, whichever it is",
          "[kernels]") {
    // No attention beside its gradients: that of the queries makes all numbers.
    check_kernels(text_of({}) + "return %dq, %dk, %dv\n", {.tolerance = single, .kernels = 3});
    check_kernels(text_of({}) + "return %o, %dv\n", {.tolerance = single, .kernels = 2});
    // Results whose rows are stored in another order than their numbers.
    const LongAttention heads{.heads = 2, .queries = 1030, .keys = 1020, .width = 5};
    check_kernels(text_of(heads) +
                      "%t = permute %dq {permutation=[1,0,2]}\n"
                      "return %t, %dk, %dv\n",
                  {.tolerance = single, .kernels = 2});
    // Numbers that the user wants too.
    check_kernels(text_of({}) + "return %o, %total, %mean, %dq\n",
                  {.tolerance = single, .kernels = 2});
    // No chain makes them: then rows are stored.
    check_kernels(text_of({}) + "return %dk\n", {.tolerance = single});
    check_kernels(text_of({}) + "return %o, %w\n", {.tolerance = single});
}

TEST_CASE("sums of one shape that need the same product are one kernel, with weights for each",
          "[kernels]") {
    for (const Hidden hidden : {Hidden::later, Hidden::not_earlier, Hidden::later_but_counted}) {
        for (const int depth : {7, 40}) {
            check_kernels(text_of({.depth = depth, .width = depth, .hidden = hidden}) +
                              "return %o, %dq, %dk, %dv\n",
                          {.tolerance = single, .kernels = 3});
        }
    }
    const LongAttention wide{.queries = 1100, .keys = 1950, .width = 5, .dtype = "f64"};
    check_kernels(text_of(wide) + "return %o, %dq, %dk, %dv\n",
                  {.tolerance = {1e-12, 1e-11}, .kernels = 3});
    // What follows one of the sums.
    check_kernels(text_of({.width = 5}) + "%y = neg %dk\nreturn %o, %dq, %y, %dv\n",
                  {.tolerance = single, .kernels = 3});
}

TEST_CASE("sums that need each other, or lie differently, are kernels of their own", "[kernels]") {
    const LongAttention square{.width = 5};
    check_kernels(text_of(square) + "%y = add %dk, %dv\nreturn %o, %dq, %y\n",
                  {.tolerance = single, .kernels = 4});
    check_kernels(text_of(square) +
                      "%gt = parameter {index=4, dtype=f32, shape=[1,5,1460]}\n"
                      "%dt = contraction %w, %gt {lhs=[0,1,2], rhs=[0,3,1], out=[0,2,3]}\n"
                      "return %o, %dq, %dk, %dt\n",
                  {.tolerance = single, .kernels = 4});
}

TEST_CASE("rows of few elements are stored where several sums need them", "[kernels]") {
    check_kernels(text_of({.queries = 60, .keys = 50}) + "return %o, %dq, %dk, %dv\n",
                  {.tolerance = single});
}
