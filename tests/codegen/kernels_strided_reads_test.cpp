#include <fmt/format.h>

#include "tests/support/kernels.h"
#include "tests/support/statements.h"

using namespace latent;
using namespace latent::test;

namespace {

std::string every(int step, int count, std::string_view dtype) {
    return fmt::format(R"(%x = parameter {{index=0, dtype={0}, shape=[3,{1}]}}
        %y = parameter {{index=1, dtype={0}, shape=[3,{2}]}}
        %e = slice %x {{start=[0,1], stop=[3,{1}], step=[1,{3}]}}
        %m = maximum %e, %y
        %f = flip %m {{axes=[1]}}
        return %m, %f)",
                       dtype, 1 + (count - 1) * step + 1, count, step);
}

}  // namespace

TEST_CASE("every second, third and fourth element, and reversed ones, are read in vectors",
          "[kernels]") {
    for (const char* dtype : {"f32", "f64", "f16", "bool", "i8", "i64"}) {
        for (const int step : {2, 3, 4}) {
            for (const int count : {1, 5, 31, 32, 100, 1001}) {
                check_kernels(every(step, count, dtype));
            }
        }
    }
}

TEST_CASE("one row is read reversed, whatever its length", "[kernels]") {
    for (const int count : {1, 7, 16, 31, 32, 33, 100, 40001}) {
        check_kernels(fmt::format(R"(%x = parameter {{index=0, dtype=f32, shape=[{0}]}}
            %f = flip %x {{axes=[0]}}
            %r = add %f, %x
            return %r)",
                                  count),
                      {.kernels = 1});
    }
}

TEST_CASE("rows are summed over every second element, and over reversed ones", "[kernels]") {
    check_kernels(R"(%x = parameter {index=0, dtype=f32, shape=[40,201]}
        %y = parameter {index=1, dtype=f32, shape=[40,100]}
        %e = slice %x {start=[0,1], stop=[40,201], step=[1,2]}
        %f = flip %y {axes=[1]}
        %p = mul %e, %f
        %r = reduce_max %p {axes=[1]}
        %s = reduce_sum %p {axes=[0]}
        return %r, %s)",
                  {.tolerance = {1e-5, 1e-5}});
    check_kernels(R"(%x = parameter {index=0, dtype=f32, shape=[2,3,33,57]}
        %w = window %x {axes=[2,3], size=[3,3], stride=[2,2], dilation=[1,1]}
        %r = reduce_max %w {axes=[4,5]}
        return %r)");
}

TEST_CASE("vectors of every second element are shuffled from whole ones, not gathered") {
    for (const char* text : {R"(%x = parameter {index=0, dtype=f32, shape=[70,90]}
            %r = slice %x {start=[0,0], stop=[70,90], step=[1,2]}
            return %r)",
                             R"(%x = parameter {index=0, dtype=f32, shape=[70,90]}
            %r = flip %x {axes=[1]}
            return %r)"}) {
        const std::string request = request_of(text);
        CAPTURE(request);
        CHECK(count(request, "[any,two]") + count(request, "[any,reversed]") +
                  count(request, "[two]") ==
              1);
        // The address of no element is computed from a stride that is told at run time.
        CHECK(count(statement_of(request), "stride.0") == 0);
    }
}
