#include "tests/support/kernels.h"

using namespace latent;
using namespace latent::test;

namespace {

std::string parameter(int index, std::string_view shape, std::string_view dtype = "f32") {
    return fmt::format("%p{} = parameter {{index={}, dtype={}, shape=[{}]}}\n", index, index, dtype,
                       shape);
}

std::string contraction(std::string_view result, std::string_view operands, std::string_view lhs,
                        std::string_view rhs, std::string_view out) {
    return fmt::format("%{} = contraction {} {{lhs=[{}], rhs=[{}], out=[{}]}}\n", result, operands,
                       lhs, rhs, out);
}

constexpr Tolerance single{1e-5, 1e-4};

struct Arrangement {
    const char* what;
    const char* lhs;
    const char* rhs;
    const char* out;
};

/// Shape of an operand with these labels.
std::string shape_of(std::string_view labels, std::span<const int> extents) {
    std::string shape;
    for (const char c : labels) {
        shape += c == ',' ? std::string(",")
                          : std::to_string(extents[static_cast<std::size_t>(c - '0')]);
    }
    return shape;
}

constexpr Arrangement arrangements[] = {
    {"matrix product", "0,1", "1,2", "0,2"},
    {"transposed left", "1,0", "1,2", "0,2"},
    {"transposed right", "0,1", "2,1", "0,2"},
    {"both transposed", "1,0", "2,1", "0,2"},
    {"transposed result", "0,1", "1,2", "2,0"},
    {"transposed result of transposed operands", "1,0", "2,1", "2,0"},
    {"batched", "3,0,1", "3,1,2", "3,0,2"},
    {"batch innermost", "0,1,3", "1,2,3", "0,2,3"},
    {"batch in the middle, as in attention", "0,3,1", "2,3,1", "3,0,2"},
    {"batch of the left only", "3,0,1", "1,2", "3,0,2"},
    {"batch of the right only", "0,1", "3,1,2", "3,0,2"},
    {"two contracted", "0,1,3", "1,3,2", "0,2"},
    {"two contracted, in other orders", "3,0,1", "1,2,3", "2,0"},
    {"two rows", "0,3,1", "1,2", "0,3,2"},
    {"two rows and two columns", "0,3,1", "1,2,4", "0,3,2,4"},
    {"outer product", "0", "2", "0,2"},
    {"outer product of matrices", "0,3", "2,4", "0,2,3,4"},
    {"dot product", "1", "1", ""},
    {"matrix times vector", "0,1", "1", "0"},
    {"vector times matrix", "1", "1,2", "2"},
    {"vector times transposed matrix", "1", "2,1", "2"},
    {"batched dot product", "3,1", "3,1", "3"},
    {"elementwise product", "0,1", "0,1", "0,1"},
};

}  // namespace

TEST_CASE("products of a contraction that sums nothing keep the sign of zero", "[kernels]") {
    for (const char* dtype : {"f32", "f64", "bf16"}) {
        check_kernels(
            fmt::format("%0 = parameter {{index=0, dtype={0}, shape=[37]}}\n"
                        "%1 = constant {{value={0}:0}}\n"
                        "%2 = broadcast %1 {{shape=[5], axes=[]}}\n"
                        "%3 = contraction %0, %2 {{lhs=[0], rhs=[1], out=[1,0]}}\n"
                        "%4 = constant {{value={0}:1}}\n"
                        "%5 = broadcast %4 {{shape=[5,37], axes=[]}}\n"
                        "%6 = div %5, %3\n"
                        "return %3, %6\n",
                        dtype));
    }
}

TEST_CASE("contractions in every arrangement of labels", "[kernels]") {
    constexpr int extents[][5] = {
        {1, 1, 1, 1, 1}, {7, 9, 8, 3, 2}, {33, 40, 17, 2, 5}, {1, 33, 7, 4, 3}, {65, 1, 50, 3, 2}};
    for (const Arrangement& a : arrangements) {
        INFO(a.what);
        for (const auto& extent : extents) {
            check_kernels(parameter(0, shape_of(a.lhs, extent)) +
                              parameter(1, shape_of(a.rhs, extent)) +
                              contraction("r", "%p0, %p1", a.lhs, a.rhs, a.out) + "return %r\n",
                          {.tolerance = single});
        }
    }
}

TEST_CASE("matrix products of many sizes, packed and not", "[kernels]") {
    constexpr int extents[][3] = {{1, 500, 300},   {4, 257, 129},   {8, 64, 64},
                                  {9, 1000, 70},   {100, 100, 100}, {300, 500, 20},
                                  {257, 300, 260}, {30, 3000, 500}, {70, 5000, 40}};
    for (const auto& [m, k, n] : extents) {
        for (const bool a_transposed : {false, true}) {
            for (const bool b_transposed : {false, true}) {
                check_kernels(parameter(0, a_transposed ? fmt::format("{},{}", k, m)
                                                        : fmt::format("{},{}", m, k)) +
                                  parameter(1, b_transposed ? fmt::format("{},{}", n, k)
                                                            : fmt::format("{},{}", k, n)) +
                                  contraction("r", "%p0, %p1", a_transposed ? "1,0" : "0,1",
                                              b_transposed ? "2,1" : "1,2", "0,2") +
                                  "return %r\n",
                              {.tolerance = {1e-4, 1e-3}, .kernels = 1});
            }
        }
    }
}

TEST_CASE("last columns of a product that fill any part of a register tile", "[kernels]") {
    constexpr int rows_and_depth[][2] = {{70, 40}, {300, 500}, {40, 3000}};
    for (const auto& [rows, depth] : rows_and_depth) {
        for (const int columns : {3, 8, 9, 15, 16, 17, 31, 33, 40, 48, 49, 65, 97}) {
            for (const bool b_transposed : {false, true}) {
                check_kernels(
                    parameter(0, fmt::format("{},{}", rows, depth)) +
                        parameter(1, b_transposed ? fmt::format("{},{}", columns, depth)
                                                  : fmt::format("{},{}", depth, columns)) +
                        parameter(2, std::to_string(columns)) +
                        contraction("m", "%p0, %p1", "0,1", b_transposed ? "2,1" : "1,2", "0,2") +
                        fmt::format("%c = broadcast %p2 {{shape=[{},{}], axes=[1]}}\n"
                                    "%r = add %m, %c\nreturn %r, %m\n",
                                    rows, columns),
                    {.tolerance = {1e-4, 1e-3}, .kernels = 1});
            }
        }
    }
}

TEST_CASE("contractions of other dtypes", "[kernels]") {
    for (const auto& [dtype, tolerance] :
         {std::pair("f64", Tolerance{1e-13, 1e-12}), std::pair("i32", Tolerance{}),
          std::pair("i64", Tolerance{})}) {
        for (const char* k : {"33", "700"}) {
            check_kernels(parameter(0, fmt::format("19,{}", k), dtype) +
                              parameter(1, fmt::format("{},45", k), dtype) +
                              contraction("r", "%p0, %p1", "0,1", "1,2", "0,2") + "return %r\n",
                          {.tolerance = tolerance});
            check_kernels(parameter(0, fmt::format("2,{}", k), dtype) +
                              parameter(1, fmt::format("45,{}", k), dtype) +
                              contraction("r", "%p0, %p1", "0,1", "2,1", "0,2") + "return %r\n",
                          {.tolerance = tolerance});
        }
    }
}

TEST_CASE("bias, activation and residual are folded into the store", "[kernels]") {
    for (const auto& [m, k, n] : {std::array{1, 33, 70}, std::array{5, 64, 10},
                                  std::array{33, 17, 65}, std::array{300, 300, 300}}) {
        const std::string shape = fmt::format("{},{}", m, n);
        const std::string product = parameter(0, fmt::format("{},{}", m, k)) +
                                    parameter(1, fmt::format("{},{}", k, n)) +
                                    parameter(2, std::to_string(n)) + parameter(3, shape) +
                                    contraction("c", "%p0, %p1", "0,1", "1,2", "0,2") +
                                    fmt::format(
                                        "%b = broadcast %p2 {{shape=[{0}], axes=[1]}}\n"
                                        "%h = add %c, %b\n"
                                        "%zero = constant {{value=f32:0}}\n"
                                        "%z = broadcast %zero {{shape=[{0}], axes=[]}}\n"
                                        "%pos = greater %h, %z\n"
                                        "%relu = select %pos, %h, %z\n"
                                        "%s = constant {{value=f32:0.70710677}}\n"
                                        "%sb = broadcast %s {{shape=[{0}], axes=[]}}\n"
                                        "%x = mul %h, %sb\n"
                                        "%e = erf %x\n"
                                        "%one = constant {{value=f32:1}}\n"
                                        "%oneb = broadcast %one {{shape=[{0}], axes=[]}}\n"
                                        "%f = add %e, %oneb\n"
                                        "%gelu = mul %h, %f\n"
                                        "%res = add %gelu, %p3\n"
                                        "%nan = not_equal %h, %h\n",
                                        shape);
        for (const Values values : {Values::ordinary, Values::special}) {
            check_kernels(product + "return %h\n",
                          {.tolerance = {1e-4, 1e-3}, .values = values, .kernels = 1});
            check_kernels(product + "return %relu\n",
                          {.tolerance = {1e-4, 1e-3}, .values = values, .kernels = 1});
            check_kernels(product + "return %res\n",
                          {.tolerance = {1e-4, 1e-3}, .values = values, .kernels = 1});
            check_kernels(product + "return %relu, %c, %nan\n",
                          {.tolerance = {1e-4, 1e-3}, .values = values});
        }
    }
}

TEST_CASE("convolution and both of its gradients are contractions over windows", "[kernels]") {
    // x [2,3,H,W], w [5,3,A,B], strides and dilations; then g like y. The narrow image and the wide
    // window have register tiles of several lines, of which the last is incomplete.
    struct Convolution {
        int height, width, window_height, window_width, stride, dilation;
    };
    for (const auto& [height, width, window_height, window_width, stride, dilation] :
         {Convolution{9, 12, 3, 2, 1, 1}, Convolution{16, 17, 3, 2, 2, 1},
          Convolution{15, 20, 3, 2, 1, 2}, Convolution{11, 9, 3, 3, 1, 1},
          Convolution{23, 41, 5, 7, 2, 1}}) {
        const int out_height = (height - dilation * (window_height - 1) - 1) / stride + 1;
        const int out_width = (width - dilation * (window_width - 1) - 1) / stride + 1;
        const std::string window =
            fmt::format("{{axes=[2,3], size=[{2},{3}], stride=[{0},{0}], dilation=[{1},{1}]}}",
                        stride, dilation, window_height, window_width);
        const std::string x = parameter(0, fmt::format("2,3,{},{}", height, width));
        const std::string w = parameter(1, fmt::format("5,3,{},{}", window_height, window_width));
        const std::string g = parameter(2, fmt::format("2,5,{},{}", out_height, out_width));
        // n=0 c=1 i=2 j=3 a=4 b=5 o=6
        check_kernels(x + w + fmt::format("%v = window %p0 {}\n", window) +
                          contraction("y", "%v, %p1", "0,1,2,3,4,5", "6,1,4,5", "0,6,2,3") +
                          "return %y\n",
                      {.tolerance = single, .kernels = 1});
        check_kernels(x + w + g + fmt::format("%v = window %p0 {}\n", window) +
                          contraction("dw", "%p2, %v", "0,6,2,3", "0,1,2,3,4,5", "6,1,4,5") +
                          "return %dw\n",
                      {.tolerance = {1e-4, 1e-3}});
        check_kernels(x + w + g +
                          contraction("dv", "%p2, %p1", "0,6,2,3", "6,1,4,5", "0,1,2,3,4,5") +
                          fmt::format("%dx = fold %dv {{axes=[2,3], size=[{4},{5}], "
                                      "stride=[{0},{0}], dilation=[{1},{1}], "
                                      "extent=[{2},{3}]}}\nreturn %dx\n",
                                      stride, dilation, height, width, window_height, window_width),
                      {.tolerance = {1e-4, 1e-3}});
    }
}

TEST_CASE("filters along all of the depth are read as one run, or packed by transposes",
          "[kernels]") {
    // Few places are summed in vectors along the depth, which ends inside of one; more of them have
    // the filters packed. Rows go on from line to line of each image.
    for (const auto& [height, width] : {std::pair(4, 6), std::pair(4, 5), std::pair(7, 9)}) {
        for (const int stride : {1, 2}) {
            CAPTURE(height, width, stride);
            const std::string window = fmt::format(
                "{{axes=[2,3], size=[3,3], stride=[{0},{0}], dilation=[1,1]}}\n", stride);
            const std::string bias = parameter(2, "40");
            const std::string shape =
                fmt::format("2,40,{},{}", (height - 3) / stride + 1, (width - 3) / stride + 1);
            const std::string sum = fmt::format(
                "%b = broadcast %p2 {{shape=[{}], axes=[1]}}\n%s = add %y, %b\n"
                "%t = tanh %s\nreturn %t\n",
                shape);
            check_kernels(parameter(0, fmt::format("2,33,{},{}", height, width)) +
                              parameter(1, "40,33,3,3") + bias + "%v = window %p0 " + window +
                              contraction("y", "%v, %p1", "0,1,2,3,4,5", "6,1,4,5", "0,6,2,3") +
                              sum,
                          {.tolerance = single});
            check_kernels(parameter(0, fmt::format("2,{},{},100", height, width)) +
                              parameter(1, "40,3,3,100") + bias +
                              "%i = permute %p0 {permutation=[0,3,1,2]}\n%v = window %i " + window +
                              contraction("y", "%v, %p1", "0,1,2,3,4,5", "6,4,5,1", "0,6,2,3") +
                              sum,
                          {.tolerance = single});
        }
    }
}

TEST_CASE("strided one-by-one convolutions read a copy of what the stride leaves", "[kernels]") {
    const std::string operands = parameter(0, "2,6,9,11") + parameter(1, "4,6,1,1");
    check_kernels(
        operands + "%v = window %p0 {axes=[2,3], size=[1,1], stride=[2,2], dilation=[1,1]}\n" +
            contraction("y", "%v, %p1", "0,1,2,3,4,5", "6,1,4,5", "0,6,2,3") + "return %y\n",
        {.tolerance = single});
    check_kernels(operands +
                      "%v = slice %p0 {start=[0,0,0,1], stop=[2,6,9,11], step=[1,1,2,3]}\n"
                      "%w = reshape %p1 {shape=[4,6]}\n" +
                      contraction("y", "%v, %w", "0,1,2,3", "6,1", "0,6,2,3") + "return %y\n",
                  {.tolerance = single, .kernels = 2});
}

TEST_CASE("padded, grouped and one-by-one convolutions", "[kernels]") {
    check_kernels(parameter(0, "2,3,8,11") + parameter(1, "4,3,3,3") +
                      "%zero = constant {value=f32:0}\n"
                      "%x = pad %p0, %zero {low=[0,0,1,1], high=[0,0,1,1], interior=[0,0,0,0]}\n"
                      "%v = window %x {axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}\n" +
                      contraction("y", "%v, %p1", "0,1,2,3,4,5", "6,1,4,5", "0,6,2,3") +
                      "return %y\n",
                  {.tolerance = single});
    // Groups: x [n, group, c, i, j], w [group, o, c, a, b].
    check_kernels(parameter(0, "2,6,8,11") + parameter(1, "4,3,3,3") +
                      "%x = reshape %p0 {shape=[2,2,3,8,11]}\n"
                      "%w = reshape %p1 {shape=[2,2,3,3,3]}\n"
                      "%v = window %x {axes=[3,4], size=[3,3], stride=[1,1], dilation=[1,1]}\n" +
                      contraction("yg", "%v, %w", "0,7,1,2,3,4,5", "7,6,1,4,5", "0,7,6,2,3") +
                      "%y = reshape %yg {shape=[2,4,6,9]}\nreturn %y\n",
                  {.tolerance = single});
    check_kernels(parameter(0, "2,6,5,7") + parameter(1, "4,6") +
                      contraction("y", "%p0, %p1", "0,1,2,3", "6,1", "0,6,2,3") + "return %y\n",
                  {.tolerance = single});
}

TEST_CASE("strided convolutions of many filters store their results along the pixels",
          "[kernels]") {
    // Eight rows of pixels are a square block of f32 and f64, of which the last ones are
    // incomplete.
    for (const auto& [dtype, tolerance] :
         {std::pair("f32", single), std::pair("f64", Tolerance{1e-13, 1e-12})}) {
        for (const auto& [filters, width] : {std::pair(40, 83), std::pair(33, 76)}) {
            const int pixels = (width - 3) / 2 + 1;
            const std::string result = fmt::format("2,{},6,{}", filters, pixels);
            const std::string convolution =
                parameter(0, fmt::format("2,3,13,{}", width), dtype) +
                parameter(1, fmt::format("{},3,3,3", filters), dtype) +
                parameter(2, std::to_string(filters), dtype) +
                "%v = window %p0 {axes=[2,3], size=[3,3], stride=[2,2], dilation=[1,1]}\n" +
                contraction("y", "%v, %p1", "0,1,2,3,4,5", "6,1,4,5", "0,6,2,3") +
                fmt::format(
                    "%b = broadcast %p2 {{shape=[{}], axes=[1]}}\n"
                    "%s = add %y, %b\n%e = mul %s, %s\n",
                    result);
            check_kernels(convolution + "return %y\n", {.tolerance = tolerance, .kernels = 1});
            check_kernels(convolution + "return %e, %y\n", {.tolerance = tolerance, .kernels = 1});
        }
    }
}

TEST_CASE("gradients of filters over many pixels, summed for all windows at a time", "[kernels]") {
    // Depths that are summed by blocks: rows read in place, and rows of strided windows, packed.
    struct Gradient {
        const char* images;
        const char* results;
        const char* window;
    };
    for (const auto& [images, results, window] :
         {Gradient{"2,9,40,62", "2,37,38,60", "size=[3,3], stride=[1,1]"},
          Gradient{"2,3,87,129", "2,41,41,62", "size=[7,7], stride=[2,2]"}}) {
        check_kernels(
            parameter(0, images) + parameter(1, results) +
                fmt::format("%v = window %p0 {{axes=[2,3], {}, dilation=[1,1]}}\n", window) +
                contraction("dw", "%p1, %v", "0,6,2,3", "0,1,2,3,4,5", "6,1,4,5") + "return %dw\n",
            {.tolerance = {1e-3, 1e-3}, .kernels = 1});
    }
}

TEST_CASE("columns that lie along the depth are transposed in blocks", "[kernels]") {
    for (const auto& [dtype, tolerance] :
         {std::pair("f32", Tolerance{1e-4, 1e-3}), std::pair("f64", Tolerance{1e-12, 1e-12}),
          std::pair("bf16", Tolerance{2e-2, 2e-2})}) {
        for (const auto& [m, k, n] :
             {std::array{20, 17, 33}, std::array{40, 531, 70}, std::array{33, 1001, 65}}) {
            check_kernels(parameter(0, fmt::format("{},{}", m, k), dtype) +
                              parameter(1, fmt::format("{},{}", n, k), dtype) +
                              contraction("r", "%p0, %p1", "0,1", "2,1", "0,2") + "return %r\n",
                          {.tolerance = tolerance, .kernels = 1});
        }
    }
}

TEST_CASE("an operand that is computed is stored first", "[kernels]") {
    check_kernels(parameter(0, "33,40") + parameter(1, "40,20") +
                      "%e = exp %p0\n"
                      "%t = permute %p1 {permutation=[1,0]}\n" +
                      contraction("r", "%e, %t", "0,1", "2,1", "0,2") + "return %r\n",
                  {.tolerance = {1e-4, 1e-3}, .kernels = 2});
}

TEST_CASE("operands that are broadcast, flipped or sliced", "[kernels]") {
    check_kernels(parameter(0, "40") + parameter(1, "40,20") +
                      "%b = broadcast %p0 {shape=[33,40], axes=[1]}\n" +
                      contraction("r", "%b, %p1", "0,1", "1,2", "0,2") + "return %r\n",
                  {.tolerance = {1e-4, 1e-3}});
    check_kernels(parameter(0, "33") + parameter(1, "40,20") +
                      "%b = broadcast %p0 {shape=[33,40], axes=[0]}\n" +
                      contraction("r", "%b, %p1", "0,1", "1,2", "0,2") + "return %r\n",
                  {.tolerance = {1e-4, 1e-3}});
    check_kernels(parameter(0, "33") + parameter(1, "20") +
                      "%a = broadcast %p0 {shape=[33,40], axes=[0]}\n"
                      "%b = broadcast %p1 {shape=[40,20], axes=[1]}\n" +
                      contraction("r", "%a, %b", "0,1", "1,2", "0,2") + "return %r\n",
                  {.tolerance = {1e-4, 1e-3}});
    check_kernels(parameter(0, "33,90") + parameter(1, "40,20") +
                      "%f = flip %p1 {axes=[0,1]}\n"
                      "%s = slice %p0 {start=[0,5], stop=[33,85], step=[1,2]}\n" +
                      contraction("r", "%s, %f", "0,1", "1,2", "0,2") + "return %r\n",
                  {.tolerance = {1e-4, 1e-3}});
    check_kernels(parameter(0, "") + parameter(1, "") + contraction("r", "%p0, %p1", "", "", "") +
                  "return %r\n");
}

TEST_CASE("contractions without terms or without elements", "[kernels]") {
    check_kernels(parameter(0, "5,0") + parameter(1, "0,7") +
                  contraction("r", "%p0, %p1", "0,1", "1,2", "0,2") + "return %r\n");
    check_kernels(parameter(0, "50,0") + parameter(1, "0,70") +
                  contraction("r", "%p0, %p1", "0,1", "1,2", "0,2") + "return %r\n");
    check_kernels(parameter(0, "0,5") + parameter(1, "5,7") +
                  contraction("r", "%p0, %p1", "0,1", "1,2", "0,2") + "return %r\n");
    check_kernels(parameter(0, "0") + parameter(1, "0") +
                  contraction("r", "%p0, %p1", "0", "0", "") + "return %r\n");
}
