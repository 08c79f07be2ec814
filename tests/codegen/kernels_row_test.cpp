#include "tests/support/kernels.h"

using namespace latent;
using namespace latent::test;

namespace {

std::string parameter(int index, std::string_view shape, std::string_view dtype = "f32") {
    return fmt::format("%p{} = parameter {{index={}, dtype={}, shape=[{}]}}\n", index, index, dtype,
                       shape);
}

/// softmax(p0) over `axis` of a matrix, as %y; with %max, %shifted, %exp, %sum on the way.
std::string softmax(int rows, int columns, int axis) {
    return fmt::format(
        "%max = reduce_max %p0 {{axes=[{axis}]}}\n"
        "%maxb = broadcast %max {{shape=[{rows},{columns}], axes=[{kept}]}}\n"
        "%shifted = sub %p0, %maxb\n"
        "%exp = exp %shifted\n"
        "%sum = reduce_sum %exp {{axes=[{axis}]}}\n"
        "%sumb = broadcast %sum {{shape=[{rows},{columns}], axes=[{kept}]}}\n"
        "%y = div %exp, %sumb\n",
        fmt::arg("rows", rows), fmt::arg("columns", columns), fmt::arg("axis", axis),
        fmt::arg("kept", 1 - axis));
}

struct Extents {
    int rows;
    int columns;
};
constexpr Extents matrices[] = {{1, 1},   {1, 7},   {7, 1},  {5, 8},     {40, 10},  {70, 17},
                                {20, 31}, {50, 40}, {9, 33}, {33, 1000}, {300, 65}, {3, 5000}};

/// Mean %mean and reciprocal deviation %rstd over the columns, and the normalised %z.
std::string normalised(int rows, int columns) {
    return fmt::format(
        "%n = constant {{value=f32:{columns}}}\n"
        "%nr = broadcast %n {{shape=[{rows}], axes=[]}}\n"
        "%eps = constant {{value=f32:1e-05}}\n"
        "%epsr = broadcast %eps {{shape=[{rows}], axes=[]}}\n"
        "%total = reduce_sum %p0 {{axes=[1]}}\n"
        "%mean = div %total, %nr\n"
        "%meanb = broadcast %mean {{shape=[{rows},{columns}], axes=[0]}}\n"
        "%centred = sub %p0, %meanb\n"
        "%squares = mul %centred, %centred\n"
        "%squaresum = reduce_sum %squares {{axes=[1]}}\n"
        "%var = div %squaresum, %nr\n"
        "%vareps = add %var, %epsr\n"
        "%std = sqrt %vareps\n"
        "%one = constant {{value=f32:1}}\n"
        "%oner = broadcast %one {{shape=[{rows}], axes=[]}}\n"
        "%rstd = div %oner, %std\n"
        "%rstdb = broadcast %rstd {{shape=[{rows},{columns}], axes=[0]}}\n"
        "%z = mul %centred, %rstdb\n",
        fmt::arg("rows", rows), fmt::arg("columns", columns));
}

}  // namespace

TEST_CASE("softmax over rows is one kernel", "[kernels]") {
    for (const auto& [rows, columns] : matrices) {
        check_kernels(parameter(0, fmt::format("{},{}", rows, columns)) +
                          softmax(rows, columns, 1) + "return %y\n",
                      {.tolerance = {1e-5, 1e-7}, .kernels = 1});
    }
}

TEST_CASE("softmax over columns", "[kernels]") {
    for (const auto& [rows, columns] : matrices) {
        check_kernels(parameter(0, fmt::format("{},{}", rows, columns)) +
                          softmax(rows, columns, 0) + "return %y\n",
                      {.tolerance = {1e-5, 1e-7}});
    }
}

TEST_CASE("softmax in double precision, and of NaN and infinities", "[kernels]") {
    for (const auto& [rows, columns] : {Extents{9, 33}, {35, 9}, {40, 16}, {20, 12}}) {
        check_kernels(parameter(0, fmt::format("{},{}", rows, columns), "f64") +
                          softmax(rows, columns, 1) + "return %y\n",
                      {.tolerance = {1e-13, 1e-15}});
    }
    check_kernels(parameter(0, "40,9") + softmax(40, 9, 1) + "return %y\n",
                  {.tolerance = {1e-5, 1e-7}, .values = Values::special});
    check_kernels(parameter(0, "40,9") + softmax(40, 9, 0) + "return %y\n",
                  {.tolerance = {1e-5, 1e-7}, .values = Values::special});
}

TEST_CASE("log softmax and its gradient", "[kernels]") {
    for (const auto& [rows, columns] : matrices) {
        const std::string shape = fmt::format("{},{}", rows, columns);
        check_kernels(parameter(0, shape) + parameter(1, shape) + softmax(rows, columns, 1) +
                          fmt::format("%log = log %sum\n"
                                      "%logb = broadcast %log {{shape=[{0}], axes=[0]}}\n"
                                      "%l = sub %shifted, %logb\n"
                                      "%g = reduce_sum %p1 {{axes=[1]}}\n"
                                      "%gb = broadcast %g {{shape=[{0}], axes=[0]}}\n"
                                      "%gy = mul %gb, %y\n"
                                      "%dx = sub %p1, %gy\n"
                                      "return %l, %dx\n",
                                      shape),
                      {.tolerance = {1e-5, 1e-5}});
    }
}

TEST_CASE("layer normalisation is one kernel", "[kernels]") {
    for (const auto& [rows, columns] : matrices) {
        const std::string shape = fmt::format("{},{}", rows, columns);
        check_kernels(parameter(0, shape) + parameter(1, std::to_string(columns)) +
                          parameter(2, std::to_string(columns)) + normalised(rows, columns) +
                          fmt::format("%scale = broadcast %p1 {{shape=[{0}], axes=[1]}}\n"
                                      "%shift = broadcast %p2 {{shape=[{0}], axes=[1]}}\n"
                                      "%zs = mul %z, %scale\n"
                                      "%y = add %zs, %shift\n"
                                      "return %y\n",
                                      shape),
                      {.tolerance = {1e-4, 1e-4}, .kernels = 1});
    }
}

TEST_CASE("the gradients of layer normalisation", "[kernels]") {
    for (const auto& [rows, columns] : matrices) {
        if (columns == 1) {
            continue;  // the deviation is 0, and its reciprocal magnifies rounding
        }
        const std::string shape = fmt::format("{},{}", rows, columns);
        // dx = rstd * (dz - mean(dz) - z * mean(dz * z)), dscale = sum(dy * z), dshift = sum(dy)
        check_kernels(parameter(0, shape) + parameter(1, std::to_string(columns)) +
                          parameter(2, shape) + normalised(rows, columns) +
                          fmt::format("%scale = broadcast %p1 {{shape=[{0}], axes=[1]}}\n"
                                      "%dz = mul %p2, %scale\n"
                                      "%dzsum = reduce_sum %dz {{axes=[1]}}\n"
                                      "%dzmean = div %dzsum, %nr\n"
                                      "%dzmeanb = broadcast %dzmean {{shape=[{0}], axes=[0]}}\n"
                                      "%dzz = mul %dz, %z\n"
                                      "%dzzsum = reduce_sum %dzz {{axes=[1]}}\n"
                                      "%dzzmean = div %dzzsum, %nr\n"
                                      "%dzzmeanb = broadcast %dzzmean {{shape=[{0}], axes=[0]}}\n"
                                      "%t = sub %dz, %dzmeanb\n"
                                      "%zm = mul %z, %dzzmeanb\n"
                                      "%u = sub %t, %zm\n"
                                      "%dx = mul %u, %rstdb\n"
                                      "%dyz = mul %p2, %z\n"
                                      "%dscale = reduce_sum %dyz {{axes=[0]}}\n"
                                      "%dshift = reduce_sum %p2 {{axes=[0]}}\n"
                                      "return %dx, %dscale, %dshift\n",
                                      shape),
                      {.tolerance = {1e-3, 1e-3}});
    }
}

TEST_CASE("cross entropy of rows against labels", "[kernels]") {
    for (const auto& [rows, columns] : matrices) {
        const std::string shape = fmt::format("{},{}", rows, columns);
        const ir::Graph graph = ir::parse(
            parameter(0, shape) + parameter(1, std::to_string(rows), "i64") + "return %p0, %p1\n");
        std::vector<Array> inputs = fill_parameters(graph);
        for (std::int64_t& label : inputs[1].mutable_data<std::int64_t>()) {
            label = (label + 20) % columns;
        }
        // The mean of logsumexp(x) - x[label], and its gradient (softmax - one hot) / rows.
        check_kernels(parameter(0, shape) + parameter(1, std::to_string(rows), "i64") +
                          softmax(rows, columns, 1) +
                          fmt::format("%log = log %sum\n"
                                      "%lse = add %log, %max\n"
                                      "%i = iota {{dtype=i64, extent={1}}}\n"
                                      "%ib = broadcast %i {{shape=[{2}], axes=[1]}}\n"
                                      "%lb = broadcast %p1 {{shape=[{2}], axes=[0]}}\n"
                                      "%hot = equal %ib, %lb\n"
                                      "%zero = constant {{value=f32:0}}\n"
                                      "%zb = broadcast %zero {{shape=[{2}], axes=[]}}\n"
                                      "%picked = select %hot, %p0, %zb\n"
                                      "%xl = reduce_sum %picked {{axes=[1]}}\n"
                                      "%losses = sub %lse, %xl\n"
                                      "%total = reduce_sum %losses {{axes=[0]}}\n"
                                      "%count = constant {{value=f32:{0}}}\n"
                                      "%loss = div %total, %count\n"
                                      "%oneh = cast %hot {{dtype=f32}}\n"
                                      "%d = sub %y, %oneh\n"
                                      "%cb = broadcast %count {{shape=[{2}], axes=[]}}\n"
                                      "%dx = div %d, %cb\n"
                                      "return %loss, %dx\n",
                                      rows, columns, shape),
                      {.tolerance = {1e-5, 1e-5}, .inputs = inputs});
    }
}

TEST_CASE("rows of several dimensions, and rows that are not innermost", "[kernels]") {
    for (const char* axes : {"1,2", "0,2", "0,1", "1", "0"}) {
        const std::string kept = axes == std::string_view("1,2")   ? "0"
                                 : axes == std::string_view("0,2") ? "1"
                                 : axes == std::string_view("0,1") ? "2"
                                 : axes == std::string_view("1")   ? "0,2"
                                                                   : "1,2";
        check_kernels(parameter(0, "6,5,19") +
                          fmt::format("%s = reduce_max %p0 {{axes=[{0}]}}\n"
                                      "%sb = broadcast %s {{shape=[6,5,19], axes=[{1}]}}\n"
                                      "%d = sub %p0, %sb\n"
                                      "%e = exp %d\n"
                                      "%t = reduce_sum %e {{axes=[{0}]}}\n"
                                      "%tb = broadcast %t {{shape=[6,5,19], axes=[{1}]}}\n"
                                      "%y = div %e, %tb\n"
                                      "return %y\n",
                                      axes, kept),
                      {.tolerance = {1e-5, 1e-7}});
    }
}

TEST_CASE("a row of everything, and rows beside their sums", "[kernels]") {
    check_kernels(parameter(0, "333") +
                      "%s = reduce_sum %p0 {axes=[0]}\n"
                      "%sb = broadcast %s {shape=[333], axes=[]}\n"
                      "%d = div %p0, %sb\n"
                      "return %d\n",
                  {.tolerance = {1e-4, 1e-5}});
    check_kernels(parameter(0, "33,70") + softmax(33, 70, 1) + "return %y, %sum, %max\n",
                  {.tolerance = {1e-5, 1e-6}});
}

// The kernel reads the maximum in two ways, and with one of them alone it would be of a known kind.
TEST_CASE("a maximum divided by how many elements reach it", "[kernels]") {
    check_kernels(parameter(0, "70") +
                  "%max = reduce_max %p0 {axes=[0]}\n"
                  "%root = sqrt %max\n"
                  "%everywhere = broadcast %max {shape=[70], axes=[]}\n"
                  "%reaches = equal %p0, %everywhere\n"
                  "%ones = cast %reaches {dtype=f32}\n"
                  "%count = reduce_sum %ones {axes=[0]}\n"
                  "%share = div %root, %count\n"
                  "return %share\n");
}

TEST_CASE("windows side by side are reduced in vectors across them", "[kernels]") {
    for (const char* dtype : {"f32", "f64", "i32", "f16", "u8"}) {
        for (const int window : {1, 2, 3}) {
            for (const int columns : {1, 3, 8, 13, 56}) {
                const std::string split = fmt::format("3,5,{0},{1},{0}", window, columns);
                const std::string whole = fmt::format("3,{},{}", 5 * window, columns * window);
                check_kernels(parameter(0, whole, dtype) + parameter(1, whole, dtype) +
                              fmt::format("%s = reshape %p0 {{shape=[{0}]}}\n"
                                          "%m = reduce_max %s {{axes=[2,4]}}\n"
                                          "%mb = broadcast %m {{shape=[{0}], axes=[0,1,3]}}\n"
                                          "%e = equal %s, %mb\n"
                                          "%g = reshape %p1 {{shape=[{0}]}}\n"
                                          "%t = select %e, %g, %s\n"
                                          "%r = reshape %t {{shape=[{1}]}}\n"
                                          "return %m, %r\n",
                                          split, whole));
            }
        }
    }
}

TEST_CASE("short rows are unrolled", "[kernels]") {
    for (const int columns : {2, 3, 4, 8, 9, 13, 16, 19, 32}) {
        for (const int rows : {1, 6, 31, 1000}) {
            const std::string shape = fmt::format("{},{}", rows, columns);
            check_kernels(parameter(0, shape) + softmax(rows, columns, 1) + "return %y\n",
                          {.tolerance = {1e-5, 1e-7}, .kernels = 1});
            check_kernels(parameter(0, shape) + normalised(rows, columns) + "return %z, %total\n",
                          {.tolerance = {1e-4, 1e-4}});
        }
    }
}

TEST_CASE("rows that are stored past their ends leave what lies there to the next", "[kernels]") {
    for (const std::string_view dtype : {"f32", "f64", "i32", "f16"}) {
        for (const int columns : {5, 8, 9, 11, 15, 27}) {
            for (const int rows : {16, 47, 4003}) {
                const std::string shape = fmt::format("{},{}", rows, columns);
                check_kernels(parameter(0, shape, dtype) +
                                  fmt::format("%max = reduce_max %p0 {{axes=[1]}}\n"
                                              "%maxb = broadcast %max {{shape=[{}], axes=[0]}}\n"
                                              "%y = sub %p0, %maxb\n"
                                              "%e = equal %p0, %maxb\n"
                                              "%z = select %e, %p0, %y\n"
                                              "return %y, %z\n",
                                              shape),
                              {.kernels = 1});
            }
        }
    }
}
