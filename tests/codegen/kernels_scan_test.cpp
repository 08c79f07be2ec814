#include "tests/support/kernels.h"

using namespace latent;
using namespace latent::test;

namespace {

constexpr std::string_view shapes[] = {"1",      "7",       "1000",   "5,33",   "33,5",
                                       "3,4,65", "2,700,9", "37,101", "3,16,33"};

int rank_of(std::string_view shape) {
    return static_cast<int>(std::ranges::count(shape, ',')) + 1;
}

std::string parameter(int index, std::string_view shape, std::string_view dtype = "f32") {
    return fmt::format("%p{} = parameter {{index={}, dtype={}, shape=[{}]}}\n", index, index, dtype,
                       shape);
}

/// Calls `check` with each shape, axis and direction.
template <typename Check>
void for_each_scan(Check&& check) {
    for (const std::string_view shape : shapes) {
        for (int axis = 0; axis < rank_of(shape); ++axis) {
            for (const bool reverse : {false, true}) {
                check(shape, fmt::format("{{axis={}, reverse={}}}", axis, reverse));
            }
        }
    }
}

}  // namespace

TEST_CASE("sums, maxima and recurrences along every axis, in both directions", "[kernels]") {
    for_each_scan([](std::string_view shape, const std::string& attributes) {
        check_kernels(parameter(0, shape) + parameter(1, shape) +
                          fmt::format("%s = cumulative_sum %p0 {0}\n"
                                      "%m = cumulative_max %p0 {0}\n"
                                      "%l = linear_recurrence %p0, %p1 {0}\n"
                                      "return %s, %m, %l\n",
                                      attributes),
                      {.tolerance = {1e-4, 1e-4}});
    });
}

TEST_CASE("scans in every dtype, and of NaN and infinities", "[kernels]") {
    for (const std::string_view dtype : {"f64", "i32", "i64"}) {
        check_kernels(parameter(0, "9,40", dtype) +
                          "%s = cumulative_sum %p0 {axis=1, reverse=false}\n"
                          "%m = cumulative_max %s {axis=1, reverse=true}\n"
                          "return %m\n",
                      {.tolerance = {1e-12, 1e-12}});
        check_kernels(parameter(0, "19,40", dtype) +
                          "%s = cumulative_sum %p0 {axis=1, reverse=false}\n"
                          "%m = cumulative_max %s {axis=1, reverse=true}\n"
                          "return %m\n",
                      {.tolerance = {1e-12, 1e-12}});
    }
    check_kernels(parameter(0, "9,40") +
                      "%s = cumulative_sum %p0 {axis=0, reverse=false}\n"
                      "%m = cumulative_max %p0 {axis=1, reverse=false}\n"
                      "return %s, %m\n",
                  {.tolerance = {1e-5, 1e-5}, .values = Values::special});
}

TEST_CASE("what comes before and after a scan is computed in its kernel", "[kernels]") {
    for_each_scan([](std::string_view shape, const std::string& attributes) {
        check_kernels(parameter(0, shape) + fmt::format("%e = exp %p0\n"
                                                        "%s = cumulative_sum %e {0}\n"
                                                        "%l = log %s\n"
                                                        "%y = sub %l, %p0\n"
                                                        "return %y\n",
                                                        attributes),
                      {.tolerance = {1e-4, 1e-4}, .kernels = 1});
    });
}

TEST_CASE("a scan of a scan, and one of what does not vary along its axis", "[kernels]") {
    check_kernels(parameter(0, "6,50") +
                      "%s = cumulative_sum %p0 {axis=1, reverse=false}\n"
                      "%t = cumulative_sum %s {axis=1, reverse=true}\n"
                      "%u = cumulative_max %t {axis=0, reverse=true}\n"
                      "return %u\n",
                  {.tolerance = {1e-4, 1e-3}, .kernels = 2});
    check_kernels(parameter(0, "6") +
                      "%b = broadcast %p0 {shape=[6,50], axes=[0]}\n"
                      "%s = cumulative_sum %b {axis=1, reverse=false}\n"
                      "return %s\n",
                  {.tolerance = {1e-4, 1e-4}, .kernels = 1});
}

TEST_CASE("views around a scan", "[kernels]") {
    check_kernels(parameter(0, "6,50") +
                      "%t = permute %p0 {permutation=[1,0]}\n"
                      "%s = cumulative_sum %t {axis=0, reverse=false}\n"
                      "%r = reshape %s {shape=[10,5,6]}\n"
                      "%y = neg %r\n"
                      "%z = slice %y {start=[1,0,2], stop=[9,5,6], step=[2,1,1]}\n"
                      "return %z\n",
                  {.tolerance = {1e-4, 1e-4}});
}

TEST_CASE("positions in order along every axis", "[kernels]") {
    for_each_scan([](std::string_view shape, const std::string& attributes) {
        for (const std::string_view dtype : {"f32", "i64", "bool"}) {
            check_kernels(parameter(0, shape, dtype) +
                          fmt::format("%o = argsort %p0 {}\nreturn %o\n", attributes));
        }
    });
}

TEST_CASE("positions in order of NaN, infinities and zeros, in every dtype", "[kernels]") {
    for (const std::string_view dtype : {"f32", "f64", "i32", "i64", "bool"}) {
        for (const std::string_view reverse : {"false", "true"}) {
            check_kernels(parameter(0, "3,3000", dtype) +
                              fmt::format("%o = argsort %p0 {{axis=1, reverse={}}}\n"
                                          "return %o\n",
                                          reverse),
                          {.values = Values::special});
        }
    }
}

TEST_CASE("positions in order of rows of every short length, and of longer ones", "[kernels]") {
    for (const int length : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100, 127, 128, 5000}) {
        for (const std::string_view dtype : {"f32", "f64"}) {
            for (const std::string_view reverse : {"false", "true"}) {
                check_kernels(parameter(0, fmt::format("20,{}", length), dtype) +
                                  fmt::format("%o = argsort %p0 {{axis=1, reverse={}}}\n"
                                              "return %o\n",
                                              reverse),
                              {.values = Values::special});
            }
        }
    }
}

TEST_CASE("positions in order of many short rows, and of columns side by side", "[kernels]") {
    for (const int length : {1, 2, 5, 8, 13, 16, 29, 32, 33}) {
        for (const std::string_view dtype : {"f32", "f64", "i32", "i64", "bool", "f16"}) {
            for (const int axis : {1, 2}) {
                check_kernels(parameter(0,
                                        axis == 2 ? fmt::format("3,71,{}", length)
                                                  : fmt::format("3,{},71", length),
                                        dtype) +
                                  fmt::format("%o = argsort %p0 {{axis={}, reverse={}}}\n"
                                              "return %o\n",
                                              axis, length % 2 == 0),
                              {.values = dtype[0] == 'f' ? Values::special : Values::ordinary});
            }
        }
    }
}

TEST_CASE("elements in order of columns, computed beside their keys", "[kernels]") {
    check_kernels(parameter(0, "300,70") +
                  "%k = neg %p0\n"
                  "%o = argsort %k {axis=0, reverse=false}\n"
                  "%f = cast %o {dtype=f32}\n"
                  "%r = add %f, %k\n"
                  "return %r, %o\n");
}

TEST_CASE("tasks sort in memory of their own", "[kernels][concurrency]") {
    const ir::Graph graph = ir::parse(parameter(0, "2000,200") +
                                      "%o = argsort %p0 {axis=1, reverse=false}\nreturn %o\n");
    const std::vector<codegen::reference::Array> inputs = fill_parameters(graph, Values::ordinary);
    const detail::Planned planned = plan_kernels(graph, true);
    const codegen::reference::Array expected = run_kernels(planned, inputs)[0];
    for (int run = 0; run < 20; ++run) {
        CHECK(same_bits(run_kernels(planned, inputs, 2)[0], expected));
    }
}

TEST_CASE("keys are computed in the kernel that sorts them", "[kernels]") {
    check_kernels(parameter(0, "5,700") +
                      "%k = abs %p0\n"
                      "%o = argsort %k {axis=1, reverse=false}\n"
                      "%two = constant {value=i64:2}\n"
                      "%twos = broadcast %two {shape=[5,700], axes=[]}\n"
                      "%y = mul %o, %twos\n"
                      "return %y\n",
                  {.kernels = 1});
}

// Rows that do not merge: each is sorted by itself.
TEST_CASE("sorts along the outermost of four dimensions", "[kernels]") {
    check_kernels(parameter(0, "3,4") + parameter(1, "5,2") +
                  "%a = broadcast %p0 {shape=[3,2,4,5], axes=[0,2]}\n"
                  "%t = permute %p1 {permutation=[1,0]}\n"
                  "%b = broadcast %t {shape=[3,2,4,5], axes=[1,3]}\n"
                  "%k = mul %a, %b\n"
                  "%o = argsort %k {axis=0, reverse=false}\n"
                  "return %o\n");
}

TEST_CASE("one kernel sorts twice", "[kernels]") {
    check_kernels(parameter(0, "5,70") +
                      "%increasing = argsort %p0 {axis=1, reverse=false}\n"
                      "%decreasing = argsort %p0 {axis=1, reverse=true}\n"
                      "%r = sub %increasing, %decreasing\n"
                      "return %r\n",
                  {.kernels = 1});
}
