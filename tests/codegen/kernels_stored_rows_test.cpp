#include "tests/support/kernels.h"

using namespace latent;
using namespace latent::test;

namespace {

std::string parameter(int index, std::string_view dtype, std::string_view shape) {
    return fmt::format("%p{} = parameter {{index={}, dtype={}, shape=[{}]}}\n", index, index, dtype,
                       shape);
}

/// A product, and its sums over the axes.
std::string product_and_sums(std::string_view shape, std::string_view axes,
                             std::string_view dtype = "f32") {
    return parameter(0, dtype, shape) + parameter(1, dtype, shape) +
           fmt::format(
               "%x = mul %p0, %p1\n"
               "%s = reduce_sum %x {{axes=[{}]}}\n"
               "return %x, %s\n",
               axes);
}

constexpr Tolerance of_sums{1e-4, 1e-3};

}  // namespace

TEST_CASE("rows are stored by the kernel that sums over them, of any length", "[kernels]") {
    for (const int rows : {256, 300, 1021}) {
        for (const int columns : {64, 65, 127, 1000}) {
            check_kernels(product_and_sums(fmt::format("{},{}", rows, columns), "0"),
                          {.tolerance = of_sums, .kernels = 1});
        }
    }
}

TEST_CASE("so they are where rows have several dimensions, and where several are summed",
          "[kernels]") {
    check_kernels(product_and_sums("20,30,70", "0,1"), {.tolerance = of_sums, .kernels = 1});
    check_kernels(product_and_sums("300,5,70", "0"), {.tolerance = of_sums, .kernels = 1});
}

TEST_CASE("rows of every floating type are stored beside their sums", "[kernels]") {
    check_kernels(product_and_sums("300,130", "0", "f64"),
                  {.tolerance = {1e-12, 1e-11}, .kernels = 1});
    check_kernels(product_and_sums("300,130", "0", "f16"),
                  {.tolerance = {1e-2, 1e-1}, .kernels = 1});
    check_kernels(product_and_sums("300,130", "0", "bf16"),
                  {.tolerance = {8e-2, 1e-1}, .kernels = 1});
    check_kernels(product_and_sums("300,130", "0", "i32"), {.kernels = 1});
}

TEST_CASE("few or short rows are no reason to share a kernel with sums", "[kernels]") {
    check_kernels(product_and_sums("100,640", "0"), {.tolerance = of_sums, .kernels = 2});
    check_kernels(product_and_sums("6400,10", "0"), {.tolerance = of_sums, .kernels = 2});
}

TEST_CASE("rows that need sums along them are stored beside sums over them", "[kernels]") {
    const std::string text = parameter(0, "f32", "400,130") + parameter(1, "f32", "400,130") +
                             "%m = reduce_max %p0 {axes=[1]}\n"
                             "%mb = broadcast %m {shape=[400,130], axes=[0]}\n"
                             "%d = sub %p0, %mb\n"
                             "%e = exp %d\n"
                             "%s = reduce_sum %e {axes=[1]}\n"
                             "%sb = broadcast %s {shape=[400,130], axes=[0]}\n"
                             "%y = div %e, %sb\n"
                             "%g = mul %y, %p1\n";
    check_kernels(text +
                      "%t = reduce_sum %y {axes=[0]}\n"
                      "%u = reduce_sum %g {axes=[0]}\n"
                      "return %y, %t, %u\n",
                  {.tolerance = of_sums, .kernels = 1});
    // Rows that nothing but their inputs join with what is summed, met before the sums and after.
    check_kernels(text +
                      "%t = reduce_sum %p1 {axes=[0]}\n"
                      "return %g, %t\n",
                  {.tolerance = of_sums, .kernels = 1});
    check_kernels(parameter(0, "f32", "400,130") + "%t = reduce_sum %p0 {axes=[0]}\n" +
                      "%y = mul %p0, %p0\n%z = exp %y\n"
                      "return %z, %t\n",
                  {.tolerance = of_sums, .kernels = 1});
}

TEST_CASE("several values are stored beside several sums", "[kernels]") {
    check_kernels(parameter(0, "f32", "300,130") + parameter(1, "f32", "300,130") +
                      "%x = mul %p0, %p1\n"
                      "%y = add %p0, %p1\n"
                      "%s = reduce_sum %x {axes=[0]}\n"
                      "%t = reduce_max %y {axes=[0]}\n"
                      "return %x, %y, %s, %t\n",
                  {.tolerance = of_sums});
}

TEST_CASE("rows that need what is summed over them are stored later", "[kernels]") {
    check_kernels(parameter(0, "f32", "300,130") +
                      "%s = reduce_sum %p0 {axes=[0]}\n"
                      "%b = broadcast %s {shape=[300,130], axes=[1]}\n"
                      "%x = sub %p0, %b\n"
                      "%t = reduce_sum %x {axes=[0]}\n"
                      "return %x, %s, %t\n",
                  {.tolerance = {1e-3, 1e-2}});
}

TEST_CASE("nothing is stored beside sums over everything", "[kernels]") {
    check_kernels(product_and_sums("300,130", "0,1"), {.tolerance = of_sums, .kernels = 2});
    check_kernels(product_and_sums("1000", "0"), {.tolerance = of_sums, .kernels = 2});
    check_kernels(product_and_sums("1,130", "0"), {.tolerance = of_sums});
}

TEST_CASE("rows that a sum over them gives the place of what they read stand alone", "[kernels]") {
    check_kernels(parameter(0, "f32", "300,130") + parameter(1, "f32", "50") +
                      "%m = reduce_max %p0 {axes=[1]}\n"
                      "%mb = broadcast %m {shape=[300,130], axes=[0]}\n"
                      "%h = sub %p0, %mb\n"
                      "%t = reduce_sum %h {axes=[0]}\n"
                      "%x = reduce_max %p0 {axes=[0]}\n"
                      "%i = cast %x {dtype=i32}\n"
                      "%g = gather %p1, %i {axis=0}\n"
                      "%gb = broadcast %g {shape=[300,130], axes=[1]}\n"
                      "%y = add %h, %gb\n"
                      "return %y, %t\n",
                  {.tolerance = of_sums});
}
