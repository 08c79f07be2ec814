#include <algorithm>
#include <limits>
#include <numeric>
#include <type_traits>

#include "tests/support/kernels.h"

using namespace latent;
using namespace latent::test;

namespace {

std::string parameter(int index, std::string_view shape, std::string_view dtype = "f32") {
    return fmt::format("%p{} = parameter {{index={}, dtype={}, shape=[{}]}}\n", index, index, dtype,
                       shape);
}

}  // namespace

TEST_CASE("padding, cropping and spreading apart", "[kernels]") {
    for (const char* attributes :
         {"low=[1,2], high=[3,4], interior=[0,0]", "low=[-1,2], high=[0,-3], interior=[0,0]",
          "low=[0,1], high=[1,0], interior=[1,2]", "low=[-2,-1], high=[-1,-4], interior=[2,1]",
          "low=[0,3], high=[0,0], interior=[0,0]"}) {
        for (const char* dtype : {"f32", "i64", "bool"}) {
            const bool spreads = !std::string_view(attributes).ends_with("[0,0]");
            check_kernels(parameter(0, "5,17", dtype) + parameter(1, "", dtype) +
                              fmt::format("%r = pad %p0, %p1 {{{}}}\nreturn %r\n", attributes),
                          {.kernels = spreads ? 2 : 1});
            check_kernels(parameter(0, "5,17", dtype) + parameter(1, "", dtype) +
                              fmt::format("%r = pad %p0, %p1 {{{}}}\n"
                                          "%e = equal %r, %r\nreturn %e\n",
                                          attributes),
                          {.kernels = 1});
        }
    }
    check_kernels(parameter(0, "3,9") +
                  "%c = constant {value=f32:-1.5}\n"
                  "%e = neg %p0\n"
                  "%r = pad %e, %c {low=[1,1], high=[1,1], interior=[0,0]}\n"
                  "%s = mul %r, %r\n"
                  "return %s\n");
}

TEST_CASE("windows of padding are read without storing it", "[kernels]") {
    struct Windows {
        const char* padding;
        int rows, columns;  ///< with padding
        int stride, dilation;
    };
    for (const char* dtype : {"f32", "f64", "f16", "i32"}) {
        for (const auto& [padding, rows, columns, stride, dilation] :
             {Windows{"low=[0,0,1,1], high=[0,0,1,1]", 11, 35, 1, 1},
              Windows{"low=[0,0,2,0], high=[0,0,0,3]", 11, 36, 1, 2},
              Windows{"low=[0,0,0,3], high=[0,0,0,0]", 9, 36, 2, 1},
              Windows{"low=[0,0,1,-2], high=[0,0,-3,1]", 7, 32, 2, 1},
              Windows{"low=[0,0,3,40], high=[0,0,1,0]", 13, 73, 1, 1},
              Windows{"low=[0,0,3,0], high=[0,0,2,0]", 14, 33, 1, 1},
              Windows{"low=[0,0,4,1], high=[0,0,6,1]", 19, 35, 2, 1}}) {
            const auto positions = [&](int extent) {
                return (extent - 2 * dilation - 1) / stride + 1;
            };
            const std::string image = fmt::format("2,3,{},{}", positions(rows), positions(columns));
            const std::string shape = image + ",3,3";
            const std::string windows =
                parameter(0, "2,3,9,33", dtype) + parameter(1, "3,3,3", dtype) +
                parameter(2, image, dtype) + parameter(3, "", dtype) +
                fmt::format(
                    "%p = pad %p0, %p3 {{{0}, interior=[0,0,0,0]}}\n"
                    "%w = window %p {{axes=[2,3], size=[3,3], stride=[{1},{1}], "
                    "dilation=[{2},{2}]}}\n"
                    "%k = broadcast %p1 {{shape=[{3}], axes=[1,4,5]}}\n"
                    "%g = broadcast %p2 {{shape=[{3}], axes=[0,1,2,3]}}\n",
                    padding, stride, dilation, shape);
            const bool single = std::string_view(dtype) == "f32";
            const Tolerance tolerance{single ? 1e-4 : 1e-2, single ? 1e-3 : 1e-2};
            check_kernels(windows + "%m = mul %w, %k\n%r = reduce_sum %m {axes=[4,5]}\nreturn %r\n",
                          {.tolerance = tolerance, .kernels = 1});
            check_kernels(
                windows + "%m = mul %w, %g\n%r = reduce_sum %m {axes=[0,2,3]}\nreturn %r\n",
                {.tolerance = tolerance, .kernels = 1});
            check_kernels(windows + "%r = reduce_max %w {axes=[4,5]}\nreturn %r\n", {.kernels = 1});
            check_kernels(windows + "%r = mul %w, %k\nreturn %r\n",
                          {.tolerance = tolerance, .kernels = 1});
        }
    }
}

TEST_CASE("windows of padding overlap along rows, columns and planes", "[kernels]") {
    for (const char* size : {"2,2,3", "1,3,3", "3,2,1"}) {
        const auto extent = [&](int dimension, int padded) {
            return padded - (size[2 * dimension] - '1');
        };
        const std::string image =
            fmt::format("2,{},{},{}", extent(0, 9), extent(1, 12), extent(2, 36));
        const std::string windows =
            parameter(0, "2,7,10,33") + parameter(1, fmt::format("2,{}", size)) +
            parameter(2, image) +
            fmt::format(
                "%z = constant {{value=f32:0}}\n"
                "%p = pad %p0, %z {{low=[0,1,2,1], high=[0,1,0,2], interior=[0,0,0,0]}}\n"
                "%w = window %p {{axes=[1,2,3], size=[{0}], stride=[1,1,1], dilation=[1,1,1]}}\n"
                "%k = broadcast %p1 {{shape=[{1},{0}], axes=[0,4,5,6]}}\n"
                "%g = broadcast %p2 {{shape=[{1},{0}], axes=[0,1,2,3]}}\n",
                size, image);
        const Tolerance tolerance{1e-4, 1e-3};
        check_kernels(windows +
                          "%m = mul %w, %k\n%s = reduce_sum %m {axes=[4,5,6]}\n"
                          "%r = mul %s, %p2\nreturn %r\n",
                      {.tolerance = tolerance, .kernels = 1});
        check_kernels(windows + "%m = mul %w, %g\n%r = reduce_sum %m {axes=[1,2,3]}\nreturn %r\n",
                      {.tolerance = tolerance, .kernels = 1});
    }
}

TEST_CASE("rows that are summed two at a time for each element of a window may end after one",
          "[kernels]") {
    for (const char* dtype : {"f32", "f64", "f16"}) {
        for (const int rows : {4, 5, 9}) {
            const std::string image = fmt::format("2,6,{},35", rows);
            const std::string windows = fmt::format("{},3,3", image);
            check_kernels(
                parameter(0, image, dtype) + parameter(1, image, dtype) +
                    fmt::format(
                        "%z = constant {{value={0}:0}}\n"
                        "%p = pad %p0, %z {{low=[0,0,1,1], high=[0,0,1,1], interior=[0,0,0,0]}}\n"
                        "%w = window %p {{axes=[2,3], size=[3,3], stride=[1,1], "
                        "dilation=[1,1]}}\n"
                        "%g = broadcast %p1 {{shape=[{1}], axes=[0,1,2,3]}}\n"
                        "%m = mul %w, %g\n%r = reduce_sum %m {{axes=[0,2,3]}}\nreturn %r\n",
                        dtype, windows),
                {.tolerance = {1e-2, 1e-2}, .kernels = 1});
        }
    }
}

TEST_CASE("concatenation along each dimension", "[kernels]") {
    // Stored: a copy for each part. Read by a kernel: inside it.
    for (const bool stored : {true, false}) {
        const std::string end = stored ? "return %r\n" : "%z = mul %r, %r\nreturn %z\n";
        check_kernels(parameter(0, "3,9") + parameter(1, "5,9") + parameter(2, "1,9") +
                          "%r = concat %p0, %p1, %p2 {axis=0}\n" + end,
                      {.kernels = stored ? 3 : 1});
        check_kernels(parameter(0, "4,33") + parameter(1, "4,1") + parameter(2, "4,8") +
                          "%e = exp %p1\n"
                          "%r = concat %p0, %e, %p2, %p0 {axis=1}\n" +
                          end,
                      {.tolerance = {1e-6}, .kernels = stored ? 4 : 2});
        check_kernels(parameter(0, "4,0,3", "i64") + parameter(1, "4,5,3", "i64") +
                          "%r = concat %p0, %p1, %p0, %p1 {axis=1}\n" + end,
                      {.kernels = stored ? 2 : 1});
    }
    check_kernels(parameter(0, "7", "bool") + parameter(1, "9", "bool") +
                  "%r = concat %p0, %p1 {axis=0}\nreturn %r\n");
}

TEST_CASE("operands that take turns along each dimension", "[kernels]") {
    // Stored: a copy for each. Else it is stored before it is read.
    for (const bool stored : {true, false}) {
        const std::string end = stored ? "return %r\n" : "%z = mul %r, %r\nreturn %z\n";
        check_kernels(
            parameter(0, "3,9") + parameter(1, "2,9") + "%r = interleave %p0, %p1 {axis=0}\n" + end,
            {.kernels = stored ? 2 : 3});
        check_kernels(parameter(0, "4,33") + parameter(1, "4,33") + parameter(2, "4,32") +
                          "%e = exp %p1\n"
                          "%r = interleave %p0, %e, %p2 {axis=1}\n" +
                          end,
                      {.tolerance = {1e-6}});
        check_kernels(parameter(0, "4,1,3", "i64") + parameter(1, "4,0,3", "i64") +
                      "%r = interleave %p0, %p1, %p1 {axis=1}\n" + end);
    }
    // Products are stored in their places.
    check_kernels(parameter(0, "8,6") + parameter(1, "6,20") + parameter(2, "7,20") +
                      "%m = contraction %p0, %p1 {lhs=[0,1], rhs=[1,2], out=[0,2]}\n"
                      "%r = interleave %m, %p2 {axis=0}\n"
                      "return %r\n",
                  {.tolerance = {1e-5, 1e-5}, .kernels = 2});
}

TEST_CASE("the parts of a concatenation are computed where they belong", "[kernels]") {
    // A contraction, a row reduction, a sum, a transposed copy and a number, each in its place.
    check_kernels(parameter(0, "8,6") + parameter(1, "6,20") + parameter(2, "8,16") +
                      parameter(3, "16,8") + parameter(4, "8,5,9") +
                      "%m = contraction %p0, %p1 {lhs=[0,1], rhs=[1,2], out=[0,2]}\n"
                      "%t = permute %p3 {permutation=[1,0]}\n"
                      "%s = reduce_sum %p4 {axes=[2]}\n"
                      "%c = constant {value=f32:3}\n"
                      "%n = broadcast %c {shape=[8,2], axes=[]}\n"
                      "%r = concat %m, %n, %p2, %s, %t {axis=1}\n"
                      "return %r\n",
                  {.tolerance = {1e-5, 1e-5}, .kernels = 5});
    // What is stored besides is computed once.
    check_kernels(parameter(0, "8,6") + parameter(1, "8,3") +
                      "%e = exp %p0\n"
                      "%r = concat %p1, %e {axis=1}\n"
                      "return %r, %e\n",
                  {.tolerance = {1e-6}, .kernels = 2});
    // Through views of the result, and of the parts.
    check_kernels(parameter(0, "8,6") + parameter(1, "8,2") +
                  "%a = concat %p0, %p1 {axis=1}\n"
                  "%f = flip %a {axes=[1]}\n"
                  "%r = reshape %f {shape=[8,4,2]}\n"
                  "%t = permute %r {permutation=[2,0,1]}\n"
                  "return %t\n");
    check_kernels(parameter(0, "8,6") + parameter(1, "8,2") +
                      "%a = concat %p0, %p1 {axis=1}\n"
                      "%r = reshape %a {shape=[8,4,2]}\n"
                      "%t = permute %r {permutation=[2,0,1]}\n"
                      "return %t\n",
                  {.kernels = 2});
    // Concatenations of concatenations.
    check_kernels(parameter(0, "3,4") + parameter(1, "3,2") + parameter(2, "2,6") +
                  "%a = concat %p0, %p1 {axis=1}\n"
                  "%r = concat %a, %p2, %a {axis=0}\n"
                  "return %r\n");
    check_kernels(parameter(0, "3,4") + parameter(1, "3,2") + parameter(2, "2,6") +
                      "%a = concat %p0, %p1 {axis=1}\n"
                      "%r = concat %p2, %a {axis=0}\n"
                      "return %r\n",
                  {.kernels = 3});
    // What is added to later is put together first.
    check_kernels(parameter(0, "3,4") + parameter(1, "2,4") + parameter(2, "3", "i64") +
                  parameter(3, "3,4") +
                  "%a = concat %p0, %p1 {axis=0}\n"
                  "%r = scatter_add %a, %p2, %p3 {axis=0}\n"
                  "return %r\n");
}

TEST_CASE("what is spread over a fill may be what the fill is computed from", "[kernels]") {
    check_kernels(parameter(0, "5", "i64") +
                  "%e = cast %p0 {dtype=i32}\n"
                  "%m = reduce_max %e {axes=[0]}\n"
                  "%r = pad %e, %m {low=[0], high=[1], interior=[1]}\n"
                  "return %r, %e\n");
}

TEST_CASE("gathering clamps indices of either integer dtype", "[kernels]") {
    for (const char* dtype : {"i32", "i64"}) {
        for (const char* axis : {"0", "1", "2"}) {
            check_kernels(parameter(0, "6,5,7") + parameter(1, "11", dtype) +
                              fmt::format("%r = gather %p0, %p1 {{axis={}}}\nreturn %r\n", axis),
                          {.kernels = 1});
            check_kernels(
                parameter(0, "6,5,7") + parameter(1, "3,4", dtype) +
                    fmt::format("%r = gather %p0, %p1 {{axis={}}}\n%n = neg %r\nreturn %n\n", axis),
                {.kernels = 1});
        }
        check_kernels(parameter(0, "6,5") + parameter(1, "", dtype) +
                      "%r = gather %p0, %p1 {axis=0}\nreturn %r\n");
    }
    check_kernels(parameter(0, "1000,33") + parameter(1, "70", "i64") +
                      "%two = constant {value=i64:2}\n"
                      "%b = broadcast %two {shape=[70], axes=[]}\n"
                      "%i = mul %p1, %b\n"
                      "%r = gather %p0, %i {axis=0}\n"
                      "%s = reduce_sum %r {axes=[1]}\n"
                      "return %s\n",
                  {.tolerance = {1e-5, 1e-5}});
}

TEST_CASE("scatter adds updates in order, clamping indices", "[kernels]") {
    for (const char* dtype : {"f32", "i64"}) {
        check_kernels(parameter(0, "6,5,7", dtype) + parameter(1, "11", "i64") +
                      parameter(2, "11,5,7", dtype) +
                      "%r = scatter_add %p0, %p1, %p2 {axis=0}\nreturn %r\n");
        check_kernels(parameter(0, "6,5,7", dtype) + parameter(1, "3,4", "i32") +
                      parameter(2, "6,3,4,7", dtype) +
                      "%r = scatter_add %p0, %p1, %p2 {axis=1}\nreturn %r\n");
        check_kernels(parameter(0, "6,5,7", dtype) + parameter(1, "40", "i64") +
                      parameter(2, "6,5,40", dtype) +
                      "%r = scatter_add %p0, %p1, %p2 {axis=2}\nreturn %r\n");
        check_kernels(parameter(0, "9", dtype) + parameter(1, "", "i64") + parameter(2, "", dtype) +
                      "%r = scatter_add %p0, %p1, %p2 {axis=0}\nreturn %r\n");
    }
    check_kernels(parameter(0, "50,33") + parameter(1, "70", "i64") + parameter(2, "70,33") +
                      "%zero = constant {value=f32:0}\n"
                      "%z = broadcast %zero {shape=[50,33], axes=[]}\n"
                      "%u = mul %p2, %p2\n"
                      "%r = scatter_add %z, %p1, %u {axis=0}\n"
                      "%s = add %r, %p0\n"
                      "return %s\n",
                  {.tolerance = {1e-6, 1e-6}});
}

TEST_CASE("no index, however far, reads or writes outside of the operand", "[kernels]") {
    // Around the rows that are indexed there are guard values, in the same memory.
    constexpr std::int64_t guard = -999'999;
    constexpr std::int64_t rows = 6;
    constexpr std::int64_t columns = 5;
    std::vector<std::int64_t> guarded((rows + 4) * columns, guard);
    std::int64_t total = 0;
    for (std::int64_t i = 0; i < rows * columns; ++i) {
        guarded[static_cast<std::size_t>(i + 2 * columns)] = i;
        total += i;
    }
    const auto check = [&]<typename T>(const std::vector<T>& indices, std::string_view dtype) {
        const auto count = static_cast<std::int64_t>(indices.size());
        const std::string shape = fmt::format("{},{}", count, columns);
        const std::string text = parameter(0, "10,5", "i64") +
                                 parameter(1, std::to_string(count), dtype) +
                                 parameter(2, shape, "i64") +
                                 "%x = slice %p0 {start=[2,0], stop=[8,5], step=[1,1]}\n"
                                 "%g = gather %x, %p1 {axis=0}\n"
                                 "%s = scatter_add %x, %p1, %p2 {axis=0}\n"
                                 "return %g, %s\n";
        const std::vector<std::int64_t> ones(static_cast<std::size_t>(count * columns), 1);
        const std::vector<Array> inputs{Array::from<std::int64_t>(guarded, {rows + 4, columns}),
                                        Array::from<T>(indices, {count}),
                                        Array::from<std::int64_t>(ones, {count, columns})};
        check_kernels(text, {.inputs = inputs});
        const detail::Planned planned = plan_kernels(ir::parse(text));
        for (const auto& results : {codegen::reference::interpret(ir::parse(text), inputs),
                                    run_kernels(planned, inputs)}) {
            const auto gathered = results[0].template data<std::int64_t>();
            CHECK(std::ranges::count(gathered, guard) == 0);
            // Every update is somewhere inside, so none is outside.
            const auto summed = results[1].template data<std::int64_t>();
            CHECK(std::accumulate(summed.begin(), summed.end(), std::int64_t{0}) ==
                  total + count * columns);
            for (std::int64_t i = 0; i < count; ++i) {
                const auto row =
                    std::clamp<std::int64_t>(indices[static_cast<std::size_t>(i)], 0, rows - 1);
                CHECK(gathered[static_cast<std::size_t>(i * columns)] == row * columns);
            }
        }
    };
    const auto extremes = []<typename T>(std::type_identity<T>) {
        using Limits = std::numeric_limits<T>;
        std::vector<T> indices{Limits::min(), Limits::max(), 0, 1, 5, 6, 7, 100};
        if constexpr (std::is_signed_v<T>) {
            indices.insert(indices.end(), {-1, -6, -7, -100});
        }
        if constexpr (sizeof(T) == 8) {
            // What 32 bits would take for positions inside.
            for (const std::int64_t wrapped : {std::int64_t{1} << 32, std::int64_t{1} << 33}) {
                indices.insert(indices.end(), {wrapped, wrapped + 3, -wrapped, 3 - wrapped});
            }
        }
        return indices;
    };
    check(extremes(std::type_identity<std::int64_t>()), "i64");
    check(extremes(std::type_identity<std::int32_t>()), "i32");
    check(extremes(std::type_identity<std::int16_t>()), "i16");
    check(extremes(std::type_identity<std::int8_t>()), "i8");
    check(extremes(std::type_identity<std::uint8_t>()), "u8");
}

TEST_CASE("fold sums overlapping windows", "[kernels]") {
    check_kernels(parameter(0, "3,9,4") +
                      "%r = fold %p0 {axes=[1], size=[4], stride=[2], dilation=[1], "
                      "extent=[20]}\nreturn %r\n",
                  {.tolerance = {1e-6, 1e-6}});
    check_kernels(parameter(0, "2,5,6,3,2") +
                      "%r = fold %p0 {axes=[1,2], size=[3,2], stride=[1,3], dilation=[2,1], "
                      "extent=[9,18]}\nreturn %r\n",
                  {.tolerance = {1e-6, 1e-6}});
    check_kernels(parameter(0, "5,6,2,3", "i32") +
                  "%r = fold %p0 {axes=[1,0], size=[2,3], stride=[1,1], dilation=[1,1], "
                  "extent=[7,7]}\nreturn %r\n");
}

TEST_CASE("tensors without elements pass through every kind of op", "[kernels]") {
    check_kernels(parameter(0, "0,5") + parameter(1, "5") +
                  "%b = broadcast %p1 {shape=[0,5], axes=[1]}\n"
                  "%r = add %p0, %b\n"
                  "%t = permute %r {permutation=[1,0]}\n"
                  "%s = reduce_sum %t {axes=[1]}\n"
                  "%c = concat %p0, %r {axis=0}\n"
                  "return %r, %t, %s, %c\n");
    check_kernels(parameter(0, "0,5") + parameter(1, "") +
                  "%r = pad %p0, %p1 {low=[1,0], high=[2,0], interior=[0,0]}\nreturn %r\n");
    check_kernels(parameter(0, "5,6") + parameter(1, "0", "i64") + parameter(2, "0,6") +
                  "%g = gather %p0, %p1 {axis=0}\n"
                  "%s = scatter_add %p0, %p1, %p2 {axis=0}\n"
                  "return %g, %s\n");
}

TEST_CASE("inputs, aliases and repeated results are results too", "[kernels]") {
    check_kernels(parameter(0, "4,6") +
                  "%r = reshape %p0 {shape=[24]}\n"
                  "%n = neg %p0\n"
                  "%m = reshape %n {shape=[3,8]}\n"
                  "return %p0, %r, %n, %m, %n\n");
}

TEST_CASE("one number is added to one element again and again", "[kernels]") {
    check_kernels(parameter(0, "5") + parameter(1, "", "i64") + parameter(2, "") +
                      "%indices = broadcast %p1 {shape=[7], axes=[]}\n"
                      "%updates = broadcast %p2 {shape=[7], axes=[]}\n"
                      "%r = scatter_add %p0, %indices, %updates {axis=0}\n"
                      "return %r\n",
                  {.tolerance = {1e-6, 0}});
}

TEST_CASE("an index is computed from what it reads", "[kernels]") {
    check_kernels(parameter(0, "30", "i64") +
                  "%largest = reduce_max %p0 {axes=[0]}\n"
                  "%r = gather %p0, %largest {axis=0}\n"
                  "return %r\n");
}

// Halide holds these loops for some that change nothing where it sees what is added.
TEST_CASE("what is not a number is counted and added by index", "[kernels]") {
    for (const std::string_view dtype : {"i32", "i8", "f32", "f16"}) {
        check_kernels(parameter(0, "50", dtype) + parameter(1, "50", "i32") + parameter(2, "50") +
                          fmt::format("%nan = not_equal %p2, %p2\n"
                                      "%ones = cast %nan {{dtype={}}}\n"
                                      "%r = scatter_add %p0, %p1, %ones {{axis=0}}\n"
                                      "return %r\n",
                                      dtype),
                      {.values = Values::special});
    }
    check_kernels(parameter(0, "50") + parameter(1, "50", "i32") +
                      "%d = sub %p0, %p0\n"
                      "%r = scatter_add %p0, %p1, %d {axis=0}\n"
                      "return %r\n",
                  {.values = Values::special});
}
