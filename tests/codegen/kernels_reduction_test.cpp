#include "tests/support/kernels.h"

using namespace latent;
using namespace latent::test;

namespace {

std::string parameter(int index, DType dtype, std::string_view shape) {
    return fmt::format("%p{} = parameter {{index={}, dtype={}, shape=[{}]}}\n", index, index,
                       name(dtype), shape);
}

/// Sums of n terms of size about 1 in single precision, by blocks.
Tolerance sum_tolerance(DType dtype) {
    switch (dtype) {
        case DType::f16:
            return {1e-3, 1e-3};
        case DType::bf16:
            return {8e-3, 1e-3};
        case DType::f32:
            return {1e-5, 1e-4};
        case DType::f64:
            return {1e-13, 1e-12};
        default:
            return {};
    }
}

std::string reduction(std::string_view op, DType dtype, std::string_view shape,
                      std::string_view axes) {
    return parameter(0, dtype, shape) +
           fmt::format("%r = {} %p0 {{axes=[{}]}}\nreturn %r\n", op, axes);
}

/// The position of an extreme along `axis`.
std::string position(std::string_view op, DType dtype, std::string_view shape, int axis) {
    std::vector<std::string> extents;
    for (std::size_t begin = 0; begin <= shape.size();) {
        const std::size_t end = std::min(shape.find(',', begin), shape.size());
        extents.emplace_back(shape.substr(begin, end - begin));
        begin = end + 1;
    }
    return parameter(0, dtype, shape) + fmt::format(
                                            "%i = iota {{dtype=i32, extent={0}}}\n"
                                            "%ib = broadcast %i {{shape=[{1}], axes=[{2}]}}\n"
                                            "%r = {3} %p0, %ib {{axes=[{2}]}}\n"
                                            "return %r\n",
                                            extents[static_cast<std::size_t>(axis)], shape, axis,
                                            op);
}

}  // namespace

TEST_CASE("every reduction of every dtype over a vector, of any length", "[kernels]") {
    for (const char* op : {"reduce_sum", "reduce_prod", "reduce_max", "reduce_min"}) {
        for (const DType dtype : all_dtypes) {
            const bool extreme =
                op == std::string_view("reduce_max") || op == std::string_view("reduce_min");
            if (dtype == DType::boolean && !extreme) {
                continue;
            }
            for (const int extent : {1, 7, 8, 9, 33, 1003}) {
                const std::string text = reduction(op, dtype, std::to_string(extent), "0");
                const Tolerance tolerance = extreme ? Tolerance{} : sum_tolerance(dtype);
                check_kernels(text, {.tolerance = tolerance});
                if (is_floating(dtype)) {
                    check_kernels(text, {.tolerance = tolerance, .values = Values::special});
                }
            }
        }
    }
}

TEST_CASE("a long vector is reduced in blocks", "[kernels]") {
    for (const char* op : {"reduce_sum", "reduce_max"}) {
        check_kernels(reduction(op, DType::f32, "1000003", "0"),
                      {.tolerance = {1e-4, 1e-2}, .kernels = 1});
        check_kernels(reduction(op, DType::i64, "1000003", "0"), {.kernels = 1});
    }
}

TEST_CASE("reductions over inner, outer, middle, several and all dimensions", "[kernels]") {
    for (const char* shape : {"1,1,1", "3,5,7", "8,33,9", "2,100,40", "40,3,100"}) {
        for (const char* axes : {"0", "1", "2", "0,1", "1,2", "0,2", "0,1,2", ""}) {
            for (const char* op : {"reduce_sum", "reduce_min"}) {
                check_kernels(reduction(op, DType::f32, shape, axes), {.tolerance = {1e-5, 1e-4}});
            }
            check_kernels(reduction("reduce_sum", DType::i32, shape, axes));
            check_kernels(reduction("reduce_max", DType::boolean, shape, axes));
        }
    }
}

TEST_CASE("tall, wide and flat matrices are summed over either dimension", "[kernels]") {
    for (const char* shape : {"1,5000", "5000,1", "3,5000", "5000,3", "700,300", "16,4096"}) {
        for (const char* axes : {"0", "1", "0,1"}) {
            check_kernels(reduction("reduce_sum", DType::f32, shape, axes),
                          {.tolerance = {1e-4, 1e-3}});
            check_kernels(reduction("reduce_max", DType::f64, shape, axes));
        }
    }
}

TEST_CASE("long rows are reduced several at a time, whatever their number", "[kernels]") {
    for (const char* shape : {"32,1024", "33,1500", "3,35,2000", "65,3,1025"}) {
        const std::string axis = std::string_view(shape).find(',') == 1 ? "2" : "1";
        check_kernels(reduction("reduce_sum", DType::f32, shape, axis),
                      {.tolerance = {1e-4, 1e-3}, .kernels = 1});
        check_kernels(reduction("reduce_max", DType::f16, shape, axis), {.kernels = 1});
        check_kernels(reduction("reduce_min", DType::f32, shape, axis),
                      {.values = Values::special, .kernels = 1});
    }
}

TEST_CASE("what a reduction reads is computed inside it, views included", "[kernels]") {
    check_kernels(parameter(0, DType::f32, "37,51") + parameter(1, DType::f32, "51,37") +
                      parameter(2, DType::f32, "51") +
                      "%t = permute %p1 {permutation=[1,0]}\n"
                      "%b = broadcast %p2 {shape=[37,51], axes=[1]}\n"
                      "%m = mul %p0, %t\n"
                      "%s = sub %m, %b\n"
                      "%e = exp %s\n"
                      "%r = reduce_sum %e {axes=[1]}\n"
                      "%q = sqrt %r\n"
                      "return %q\n",
                  {.tolerance = {1e-5, 1e-4}, .kernels = 1});
    check_kernels(parameter(0, DType::f32, "37,51") + parameter(1, DType::f32, "37,51") +
                      "%m = mul %p0, %p1\n"
                      "%r = reduce_sum %m {axes=[0]}\n"
                      "%q = neg %r\n"
                      "return %q\n",
                  {.tolerance = {1e-5, 1e-4}, .kernels = 1});
    check_kernels(parameter(0, DType::f32, "300,70") +
                      "%m = mul %p0, %p0\n"
                      "%r = reduce_sum %m {axes=[0,1]}\n"
                      "%q = sqrt %r\n"
                      "return %q\n",
                  {.tolerance = {1e-5, 1e-4}, .kernels = 1});
}

TEST_CASE("a sum of what was summed over another dimension reads nothing past the end",
          "[kernels]") {
    for (const char* shape : {"2,2", "3,33", "40,7"}) {
        const std::string columns = std::string(shape).substr(std::string(shape).find(',') + 1);
        check_kernels(parameter(0, DType::i32, shape) + "%a = reduce_sum %p0 {axes=[0]}\n" +
                          fmt::format("%b = broadcast %a {{shape=[{}], axes=[1]}}\n", shape) +
                          "%m = mul %b, %p0\n"
                          "%r = reduce_sum %m {axes=[1]}\n"
                          "return %r\n",
                      {.kernels = 1});
        check_kernels(parameter(0, DType::f32, shape) + parameter(1, DType::f32, columns) +
                          "%c = mul %p0, %p0\n"
                          "%a = reduce_sum %c {axes=[0]}\n"
                          "%e = mul %a, %p1\n" +
                          fmt::format("%b = broadcast %e {{shape=[{}], axes=[1]}}\n", shape) +
                          "%m = mul %b, %p0\n"
                          "%r = reduce_sum %m {axes=[1]}\n"
                          "return %r\n",
                      {.tolerance = {1e-4, 1e-3}, .kernels = 1});
    }
}

TEST_CASE("what is gathered from a single element is reduced as often as it is asked for",
          "[kernels]") {
    for (const char* op : {"reduce_min", "reduce_sum", "reduce_prod"}) {
        for (const char* axes : {"0", "1", "2", "0,1", "1,2"}) {
            check_kernels(parameter(0, DType::f32, "1,2") + parameter(1, DType::i64, "3,2,4") +
                              "%g = gather %p0, %p1 {axis=0}\n" +
                              fmt::format("%r = {} %g {{axes=[{}]}}\nreturn %r\n", op, axes),
                          {.tolerance = {1e-6, 1e-6}});
        }
    }
}

TEST_CASE("what a row needs is not kept for what comes after all rows", "[kernels]") {
    check_kernels(parameter(0, DType::f32, "32") + parameter(1, DType::f32, "32,2") +
                      "%e = exp %p0\n"
                      "%b = broadcast %e {shape=[32,2], axes=[0]}\n"
                      "%m = reduce_max %b {axes=[0]}\n"
                      "%w = broadcast %m {shape=[32,2], axes=[1]}\n"
                      "%d = sub %b, %w\n"
                      "%x = mul %d, %p1\n"
                      "%s = reduce_sum %x {axes=[1]}\n"
                      "%r = mul %s, %e\n"
                      "return %r\n",
                  {.tolerance = {1e-5, 1e-5}, .kernels = 1});
}

TEST_CASE("sums of different values along the same dimensions are one kernel", "[kernels]") {
    for (const char* axes : {"0", "1", "0,1"}) {
        check_kernels(
            parameter(0, DType::f32, "65,129") + fmt::format("%a = reduce_sum %p0 {{axes=[{0}]}}\n"
                                                             "%s = mul %p0, %p0\n"
                                                             "%b = reduce_sum %s {{axes=[{0}]}}\n"
                                                             "%c = reduce_max %p0 {{axes=[{0}]}}\n"
                                                             "return %a, %b, %c\n",
                                                             axes),
            {.tolerance = {1e-5, 1e-3}, .kernels = 1});
    }
}

TEST_CASE("NaN and infinities pass through reductions", "[kernels]") {
    for (const char* op : {"reduce_sum", "reduce_prod", "reduce_max", "reduce_min"}) {
        for (const char* axes : {"0", "1", "0,1"}) {
            check_kernels(reduction(op, DType::f32, "9,130", axes),
                          {.tolerance = {1e-5, 1e-4}, .values = Values::special});
        }
    }
}

TEST_CASE("max pooling reduces windows", "[kernels]") {
    for (const char* op : {"reduce_max", "reduce_sum"}) {
        check_kernels(
            parameter(0, DType::f32, "2,3,13,18") +
                fmt::format(
                    "%w = window %p0 {{axes=[2,3], size=[3,2], stride=[2,2], dilation=[1,1]}}\n"
                    "%r = {} %w {{axes=[4,5]}}\n"
                    "return %r\n",
                    op),
            {.tolerance = {1e-5, 1e-5}, .kernels = 1});
    }
}

TEST_CASE("the position of an extreme of every dtype, along rows and across them, of any length",
          "[kernels]") {
    for (const char* op : {"reduce_argmax", "reduce_argmin"}) {
        for (const DType dtype : all_dtypes) {
            for (const char* shape : {"1,3", "9,16", "5,33", "3,300", "2,1300"}) {
                check_kernels(position(op, dtype, shape, 1), {.values = Values::special});
            }
            for (const char* shape : {"3,1", "7,40", "100,19"}) {
                check_kernels(position(op, dtype, shape, 0), {.values = Values::special});
            }
        }
    }
}

TEST_CASE("the first of equal extremes is found, whoever takes it in", "[kernels]") {
    for (const char* op : {"reduce_argmax", "reduce_argmin"}) {
        for (const DType dtype : {DType::i8, DType::i64}) {
            check_kernels(position(op, dtype, "2,5000", 1));
            check_kernels(position(op, dtype, "3000,5", 0));
            check_kernels(position(op, dtype, "200003", 0));
        }
        for (const char* element : {"0", "-inf", "inf", "nan"}) {
            check_kernels(
                fmt::format("%c = constant {{value=f32:{}}}\n"
                            "%p = broadcast %c {{shape=[40000], axes=[]}}\n"
                            "%p0 = optimization_barrier %p\n"
                            "%i = iota {{dtype=i32, extent=40000}}\n"
                            "%r = {} %p0, %i {{axes=[0]}}\n"
                            "return %r\n",
                            element, op));
        }
    }
}

TEST_CASE("a position may be any number", "[kernels]") {
    for (const char* axes : {"0", "1", "2", "0,2", "0,1,2"}) {
        for (const DType dtype : {DType::f32, DType::i16}) {
            check_kernels(parameter(0, dtype, "6,17,70") + parameter(1, DType::i32, "6,17,70") +
                          fmt::format("%r = reduce_argmax %p0, %p1 {{axes=[{0}]}}\n"
                                      "%s = reduce_argmin %p0, %p1 {{axes=[{0}]}}\n"
                                      "return %r, %s\n",
                                      axes));
        }
    }
}

TEST_CASE("positions in another order than that of memory", "[kernels]") {
    check_kernels(parameter(0, DType::i8, "130,90") +
                  "%t = permute %p0 {permutation=[1,0]}\n"
                  "%f = reshape %t {shape=[11700]}\n"
                  "%i = iota {dtype=i32, extent=11700}\n"
                  "%r = reduce_argmax %f, %i {axes=[0]}\n"
                  "return %r\n");
    check_kernels(parameter(0, DType::i8, "4,1000") +
                  "%t = flip %p0 {axes=[1]}\n"
                  "%i = iota {dtype=i32, extent=1000}\n"
                  "%j = broadcast %i {shape=[4,1000], axes=[1]}\n"
                  "%k = flip %j {axes=[1]}\n"
                  "%r = reduce_argmax %t, %j {axes=[1]}\n"
                  "%s = reduce_argmax %p0, %k {axes=[1]}\n"
                  "return %r, %s\n");
}

TEST_CASE("an extreme and its position are one kernel", "[kernels]") {
    for (const int axis : {0, 1}) {
        const std::string text = position("reduce_argmax", DType::f32, "70,130", axis);
        check_kernels(text.substr(0, text.rfind("return")) +
                          fmt::format("%m = reduce_max %p0 {{axes=[{}]}}\nreturn %r, %m\n", axis),
                      {.values = Values::special, .kernels = 1});
    }
}

TEST_CASE("reductions without elements give the neutral element", "[kernels]") {
    for (const char* op : {"reduce_sum", "reduce_prod"}) {
        for (const DType dtype : {DType::f32, DType::i64}) {
            for (const char* shape : {"5,0", "0,5", "0,0"}) {
                for (const char* axes : {"0", "1", "0,1"}) {
                    check_kernels(reduction(op, dtype, shape, axes));
                }
            }
        }
    }
}
