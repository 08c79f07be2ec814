#include <fmt/format.h>

#include "tests/support/kernels.h"
#include "tests/support/statements.h"

using namespace latent;
using namespace latent::test;

namespace {

/// The odd and even elements of rows, turned by angles, and put together again.
std::string turned_pairs(int rows, int pairs, std::string_view end) {
    return fmt::format(R"(%x = parameter {{index=0, dtype=f32, shape=[3,{0},{2}]}}
        %c = parameter {{index=1, dtype=f32, shape=[{0},{1}]}}
        %s = parameter {{index=2, dtype=f32, shape=[{0},{1}]}}
        %cos = broadcast %c {{shape=[3,{0},{1}], axes=[1,2]}}
        %sin = broadcast %s {{shape=[3,{0},{1}], axes=[1,2]}}
        %e = slice %x {{start=[0,0,0], stop=[3,{0},{2}], step=[1,1,2]}}
        %o = slice %x {{start=[0,0,1], stop=[3,{0},{2}], step=[1,1,2]}}
        %a = mul %e, %cos
        %b = mul %o, %sin
        %l = sub %a, %b
        %d = mul %e, %sin
        %f = mul %o, %cos
        %r = add %d, %f
        %l1 = reshape %l {{shape=[3,{0},{1},1]}}
        %r1 = reshape %r {{shape=[3,{0},{1},1]}}
        %j = concat %l1, %r1 {{axis=3}}
        %w = reshape %j {{shape=[3,{0},{2}]}}
        {3})",
                       rows, pairs, 2 * pairs, end);
}

}  // namespace

TEST_CASE("single elements side by side are stored by one kernel, with what makes them",
          "[kernels]") {
    for (const char* dtype : {"f32", "f64", "f16", "bool", "i8", "i64"}) {
        for (const int elements : {2, 3, 7}) {
            for (const int rows : {1, 31, 32, 100, 6001}) {
                std::string text, parts;
                for (int i = 0; i < elements; ++i) {
                    text += fmt::format(
                        "%p{0} = parameter {{index={0}, dtype={1}, shape=[{2},1]}}\n"
                        "%m{0} = maximum %p{0}, %p0\n",
                        i, dtype, rows);
                    parts += (i > 0 ? ", %m" : "%m") + std::to_string(i);
                }
                check_kernels(text + "%r = concat " + parts + " {axis=1}\nreturn %r\n",
                              {.kernels = 1});
            }
        }
    }
}

TEST_CASE("pairs are turned where they lie", "[kernels]") {
    for (const int pairs : {4, 16, 33}) {
        check_kernels(turned_pairs(5, pairs, "return %w"), {.kernels = 1});
    }
}

TEST_CASE("elements spread to rows, and added, are one kernel", "[kernels]") {
    for (const int elements : {1, 40, 1001}) {
        check_kernels(fmt::format(R"(%x = parameter {{index=0, dtype=f32, shape=[3,{0}]}}
                %y = parameter {{index=1, dtype=f32, shape=[3,{0}]}}
                %f = parameter {{index=2, dtype=f32, shape=[]}}
                %z = constant {{value=f32:0}}
                %e = exp %x
                %a = pad %e, %z {{low=[0,0], high=[0,1], interior=[0,1]}}
                %b = pad %y, %f {{low=[0,1], high=[0,0], interior=[0,1]}}
                %r = add %a, %b
                return %r
            )",
                                  elements),
                      {.tolerance = {1e-6}, .kernels = 1});
    }
}

TEST_CASE("interleaved elements are stored where a kernel could not tell them apart", "[kernels]") {
    // Seen transposed, and summed with their neighbours.
    check_kernels(turned_pairs(5, 40, R"(%t = permute %w {permutation=[2,0,1]}
        return %t)"),
                  {.kernels = 2});
    check_kernels(turned_pairs(5, 40, R"(%t = reduce_sum %w {axes=[2]}
        return %t)"),
                  {.tolerance = {1e-5, 1e-5}, .kernels = 2});
    // Made by sums of rows, or read at places that are computed.
    check_kernels(R"(%x = parameter {index=0, dtype=f32, shape=[40,50]}
        %a = reduce_max %x {axes=[1]}
        %b = reduce_min %x {axes=[1]}
        %a1 = reshape %a {shape=[40,1]}
        %b1 = reshape %b {shape=[40,1]}
        %r = concat %a1, %b1 {axis=1}
        return %r
    )");
    check_kernels(R"(%x = parameter {index=0, dtype=f32, shape=[50]}
        %i = parameter {index=1, dtype=i32, shape=[40]}
        %g = gather %x, %i {axis=0}
        %n = neg %g
        %a1 = reshape %g {shape=[40,1]}
        %b1 = reshape %n {shape=[40,1]}
        %r = concat %a1, %b1 {axis=1}
        return %r
    )");
}

TEST_CASE("a choice by a place that is the only one is like any other", "[kernels]") {
    check_kernels(R"(%x = parameter {index=0, dtype=f32, shape=[40,1]}
        %n = iota {dtype=i32, extent=1}
        %place = broadcast %n {shape=[40,1], axes=[1]}
        %c = constant {value=i32:0}
        %zeros = broadcast %c {shape=[40,1], axes=[]}
        %first = equal %place, %zeros
        %y = neg %x
        %r = select %first, %x, %y
        return %r
    )");
}

TEST_CASE("the elements of a short row are interleaved where it is reduced", "[kernels]") {
    check_kernels(R"(%x = parameter {index=0, dtype=f32, shape=[400]}
        %y = parameter {index=1, dtype=f32, shape=[400]}
        %e = exp %x
        %a1 = reshape %e {shape=[400,1]}
        %b1 = reshape %y {shape=[400,1]}
        %c = concat %a1, %b1, %a1 {axis=1}
        %q = mul %c, %c
        %r = reduce_sum %q {axes=[1]}
        return %r
    )",
                  {.tolerance = {1e-6}, .kernels = 1});
}

TEST_CASE("nothing is chosen at run time between interleaved elements") {
    const std::string code =
        statement_of(request_of(R"(%a = parameter {index=0, dtype=f32, shape=[70,1]}
        %b = parameter {index=1, dtype=f32, shape=[70,1]}
        %e = sqrt %a
        %r = concat %a, %b, %e {axis=1}
        return %r)"));
    CHECK(count(code, "select") == 0);
    CHECK(count(code, "== 1") == 0);
}
