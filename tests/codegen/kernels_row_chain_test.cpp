#include "tests/support/kernels.h"

using namespace latent;
using namespace latent::test;

namespace {

enum class Mask { none, later, not_earlier, ahead, added };

/// Attention of `batch` heads: (queries x depth) by (keys x depth), weights by (keys x width).
struct Attention {
    int batch = 2;
    int queries = 8;
    int keys = 8;
    int depth = 2;
    int width = 3;
    Mask mask = Mask::none;
    const char* dtype = "f32";
    bool transposed_keys = false;
    bool transposed_values = false;
    bool one_head_of_keys = false;
};

/// Terms are hidden where the position of the key is past that of the query (`later`), not before
/// it (`not_earlier`), or more than two past it (`ahead`).
std::string hidden(const Attention& a, const std::string& scores) {
    if (a.mask == Mask::none) {
        return "";
    }
    if (a.mask == Mask::added) {
        return fmt::format(
            "%p3 = parameter {{index=3, dtype={0}, shape=[{1},{2}]}}\n"
            "%pb = broadcast %p3 {{shape=[{3}], axes=[1,2]}}\n"
            "%seen = add %s, %pb\n",
            a.dtype, a.queries, a.keys, scores);
    }
    const bool inclusive = a.mask == Mask::not_earlier;
    const int first_key = a.mask == Mask::ahead ? 2 : 0;
    return fmt::format(
        "%key = iota {{dtype=i32, extent={1}}}\n"
        "%keyb = broadcast %key {{shape=[{2}], axes=[2]}}\n"
        "%query = iota {{dtype=i32, extent={6}}}\n"
        "%queries = slice %query {{start=[{5}], stop=[{6}], step=[1]}}\n"
        "%queryb = broadcast %queries {{shape=[{2}], axes=[1]}}\n"
        "%hide = {3} %queryb, %keyb\n"
        "%inf = constant {{value={4}:-inf}}\n"
        "%infb = broadcast %inf {{shape=[{2}], axes=[]}}\n"
        "%seen = select %hide, %infb, %s\n",
        0, a.keys, scores, inclusive ? "less_equal" : "less", a.dtype, first_key,
        a.queries + first_key);
}

std::string text_of(const Attention& a) {
    const std::string scores = fmt::format("{},{},{}", a.batch, a.queries, a.keys);
    std::string text = fmt::format(
        "%p0 = parameter {{index=0, dtype={0}, shape=[{1},{2},{3}]}}\n"
        "%p1 = parameter {{index=1, dtype={0}, shape=[{4}]}}\n"
        "%p2 = parameter {{index=2, dtype={0}, shape=[{1},{5}]}}\n"
        "%s = contraction %p0, %p1 {{lhs=[0,1,3], rhs=[{6}], out=[0,1,2]}}\n",
        a.dtype, a.batch, a.queries, a.depth,
        (a.one_head_of_keys ? "" : std::to_string(a.batch) + ",") +
            (a.transposed_keys ? fmt::format("{},{}", a.depth, a.keys)
                               : fmt::format("{},{}", a.keys, a.depth)),
        a.transposed_values ? fmt::format("{},{}", a.width, a.keys)
                            : fmt::format("{},{}", a.keys, a.width),
        (a.one_head_of_keys ? std::string() : "0,") + (a.transposed_keys ? "3,2" : "2,3"));
    text += hidden(a, scores);
    text += fmt::format(
        "%max = reduce_max %{0} {{axes=[2]}}\n"
        "%maxb = broadcast %max {{shape=[{1}], axes=[0,1]}}\n"
        "%shifted = sub %{0}, %maxb\n"
        "%e = exp %shifted\n"
        "%sum = reduce_sum %e {{axes=[2]}}\n"
        "%sumb = broadcast %sum {{shape=[{1}], axes=[0,1]}}\n"
        "%w = div %e, %sumb\n"
        "%r = contraction %w, %p2 {{lhs=[0,1,2], rhs=[{2}], out=[0,1,3]}}\n"
        "return %r\n",
        a.mask == Mask::none ? "s" : "seen", scores, a.transposed_values ? "0,3,2" : "0,2,3");
    return text;
}

void check_one_kernel(const Attention& a, const Tolerance& tolerance) {
    check_kernels(text_of(a), {.tolerance = tolerance, .kernels = 1});
}

constexpr Tolerance single{1e-5, 1e-4};

}  // namespace

TEST_CASE("rows of weights between two products take one kernel, whatever the sizes", "[kernels]") {
    for (const int queries : {5, 24, 61}) {
        for (const int keys : {8, 31, 33, 64, 100}) {
            for (const Mask mask : {Mask::none, Mask::later, Mask::added}) {
                check_one_kernel(
                    {.queries = queries, .keys = keys, .depth = 2, .width = 3, .mask = mask},
                    single);
            }
        }
    }
}

TEST_CASE("rows that end at a position of their own keep all that is seen", "[kernels]") {
    for (const Mask mask : {Mask::later, Mask::ahead}) {
        for (const int queries : {30, 64, 150}) {
            check_one_kernel(
                {.queries = queries, .keys = 64, .depth = 5, .width = 18, .mask = mask}, single);
            check_one_kernel(
                {.queries = queries, .keys = 150, .depth = 5, .width = 18, .mask = mask}, single);
        }
    }
    // The last tile of the values' columns is a narrow one.
    for (const int width : {33, 41, 66}) {
        check_one_kernel(
            {.queries = 150, .keys = 150, .depth = 5, .width = width, .mask = Mask::later}, single);
    }
    // The first query sees nothing: its weights are no numbers, as everywhere.
    check_one_kernel(
        {.queries = 40, .keys = 40, .depth = 5, .width = 18, .mask = Mask::not_earlier}, single);
}

TEST_CASE("a chain of rows reads its operands in any order of dimensions", "[kernels]") {
    for (const bool transposed_keys : {false, true}) {
        for (const bool transposed_values : {false, true}) {
            for (const bool one_head_of_keys : {false, true}) {
                check_one_kernel({.batch = 3,
                                  .queries = 50,
                                  .keys = 47,
                                  .depth = 9,
                                  .width = 20,
                                  .mask = Mask::later,
                                  .transposed_keys = transposed_keys,
                                  .transposed_values = transposed_values,
                                  .one_head_of_keys = one_head_of_keys},
                                 single);
            }
        }
    }
}

TEST_CASE("a chain of rows in other dtypes", "[kernels]") {
    const Attention attention{
        .queries = 50, .keys = 47, .depth = 9, .width = 20, .mask = Mask::later};
    Attention wide = attention;
    wide.dtype = "f64";
    check_one_kernel(wide, {1e-12, 1e-11});
    Attention narrow = attention;
    narrow.dtype = "bf16";
    check_one_kernel(narrow, {2e-2, 2e-2});
}

TEST_CASE("a chain of rows takes in several products, any reduction, and what follows the sum",
          "[kernels]") {
    for (const int size : {40, 67}) {
        const std::string operands = fmt::format(
            "%p0 = parameter {{index=0, dtype=f32, shape=[2,{0},7]}}\n"
            "%p1 = parameter {{index=1, dtype=f32, shape=[2,{0},7]}}\n"
            "%p2 = parameter {{index=2, dtype=f32, shape=[2,{0},9]}}\n"
            "%s = contraction %p0, %p1 {{lhs=[0,1,3], rhs=[0,2,3], out=[0,1,2]}}\n",
            size);
        const std::string sum = "contraction %w, %p2 {lhs=[0,1,2], rhs=[0,2,3], out=[0,1,3]}\n";
        // No reduction, and a bias and an activation after the sum.
        check_kernels(operands + "%w = abs %s\n%r = " + sum +
                          fmt::format("%p3 = parameter {{index=3, dtype=f32, shape=[9]}}\n"
                                      "%b = broadcast %p3 {{shape=[2,{0},9], axes=[2]}}\n"
                                      "%rb = add %r, %b\n"
                                      "%y = tanh %rb\n"
                                      "return %y\n",
                                      size),
                      {.tolerance = single, .kernels = 1});
        // Two products, and two reductions that are no sum.
        check_kernels(
            operands +
                fmt::format("%p3 = parameter {{index=3, dtype=f32, shape=[2,{0},5]}}\n"
                            "%p4 = parameter {{index=4, dtype=f32, shape=[2,{0},5]}}\n"
                            "%t = contraction %p3, %p4 {{lhs=[0,1,3], rhs=[0,2,3], out=[0,1,2]}}\n"
                            "%st = mul %s, %t\n"
                            "%least = reduce_min %st {{axes=[2]}}\n"
                            "%leastb = broadcast %least {{shape=[2,{0},{0}], axes=[0,1]}}\n"
                            "%most = reduce_max %st {{axes=[2]}}\n"
                            "%mostb = broadcast %most {{shape=[2,{0},{0}], axes=[0,1]}}\n"
                            "%m = sub %st, %leastb\n"
                            "%w = add %m, %mostb\n"
                            "%r = {1}"
                            "return %r\n",
                            size, sum),
            {.tolerance = {1e-4, 1e-4}, .kernels = 1});
        // The values come first in the product.
        check_kernels(operands + "%w = abs %s\n" +
                          "%r = contraction %p2, %w {lhs=[0,2,3], rhs=[0,1,2], out=[0,1,3]}\n" +
                          "return %r\n",
                      {.tolerance = single, .kernels = 1});
    }
}

TEST_CASE("weights that others need are stored, and products that do not fit a chain stay apart",
          "[kernels]") {
    const std::string operands =
        "%p0 = parameter {index=0, dtype=f32, shape=[2,40,7]}\n"
        "%p1 = parameter {index=1, dtype=f32, shape=[2,40,7]}\n"
        "%p2 = parameter {index=2, dtype=f32, shape=[2,40,9]}\n"
        "%s = contraction %p0, %p1 {lhs=[0,1,3], rhs=[0,2,3], out=[0,1,2]}\n"
        "%w = abs %s\n";
    const std::string sum = "%r = contraction %w, %p2 {lhs=[0,1,2], rhs=[0,2,3], out=[0,1,3]}\n";
    check_kernels(operands + sum + "return %r, %w\n", {.tolerance = single, .kernels = 2});
    // A sum over the rows, not along them.
    check_kernels(operands +
                      "%n = reduce_sum %w {axes=[1]}\n"
                      "%nb = broadcast %n {shape=[2,40,40], axes=[0,2]}\n"
                      "%v = div %w, %nb\n"
                      "%r = contraction %v, %p2 {lhs=[0,1,2], rhs=[0,2,3], out=[0,1,3]}\n"
                      "return %r\n",
                  {.tolerance = single});
    // A reduction of the row that is needed after the sum.
    check_kernels(operands + "%n = reduce_sum %w {axes=[2]}\n" + sum +
                      "%nb = broadcast %n {shape=[2,40,9], axes=[0,1]}\n"
                      "%y = div %r, %nb\n"
                      "return %y\n",
                  {.tolerance = single});
    // Weights of two dimensions that are summed.
    check_kernels(
        "%p0 = parameter {index=0, dtype=f32, shape=[30,3]}\n"
        "%p1 = parameter {index=1, dtype=f32, shape=[6,8,3]}\n"
        "%p2 = parameter {index=2, dtype=f32, shape=[6,8,4]}\n"
        "%s = contraction %p0, %p1 {lhs=[0,3], rhs=[1,2,3], out=[0,1,2]}\n"
        "%w = abs %s\n"
        "%r = contraction %w, %p2 {lhs=[0,1,2], rhs=[1,2,4], out=[0,4]}\n"
        "return %r\n",
        {.tolerance = single});
}
