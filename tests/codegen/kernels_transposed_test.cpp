#include <fmt/format.h>

#include "tests/support/kernels.h"

using namespace latent;
using namespace latent::test;

TEST_CASE("inputs are read across their layout, whatever their extents", "[kernels]") {
    for (const char* dtype : {"f32", "f64", "f16", "bool", "i8", "i64"}) {
        for (const int rows : {9, 16, 33, 100}) {
            for (const int columns : {8, 16, 17, 70}) {
                check_kernels(
                    fmt::format(R"(%x = parameter {{index=0, dtype={0}, shape=[2,{1},{2}]}}
                        %y = parameter {{index=1, dtype={0}, shape=[2,{2},{1}]}}
                        %t = permute %x {{permutation=[0,2,1]}}
                        %r = maximum %t, %y
                        return %r, %t)",
                                dtype, rows, columns));
            }
        }
    }
}

TEST_CASE("two inputs of one kernel are transposed, of types of different sizes", "[kernels]") {
    check_kernels(R"(%x = parameter {index=0, dtype=f32, shape=[100,70]}
        %y = parameter {index=1, dtype=f64, shape=[100,70]}
        %w = cast %x {dtype=f64}
        %p = mul %w, %y
        %t = permute %p {permutation=[1,0]}
        return %t)");
}
