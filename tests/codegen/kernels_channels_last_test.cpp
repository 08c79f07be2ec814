#include "tests/support/kernels.h"

using namespace latent;
using namespace latent::test;

// Convolutions of images whose channels are the innermost dimension, and their gradients.

namespace {

std::string parameter(std::string_view value, int index, std::string_view shape) {
    return fmt::format("%{} = parameter {{index={}, dtype=f32, shape=[{}]}}\n", value, index,
                       shape);
}

constexpr Tolerance sums{2e-5, 2e-4};

}  // namespace

TEST_CASE("convolutions of channels that lie last sum them first", "[kernels]") {
    for (const int channels : {16, 37}) {
        for (const int filters : {3, 32, 45}) {
            check_kernels(
                parameter("x", 0, fmt::format("2,11,19,{}", channels)) +
                    parameter("w", 1, fmt::format("{},{},3,3", filters, channels)) +
                    "%p = permute %x {permutation=[0,3,1,2]}\n"
                    "%v = window %p {axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}\n"
                    "%r = contraction %v, %w {lhs=[0,1,2,3,4,5], rhs=[6,1,4,5], "
                    "out=[0,2,3,6]}\nreturn %r\n",
                {.tolerance = sums, .kernels = 1});
        }
    }
}

TEST_CASE(
    "gradients of strided convolutions, with phases as features and with products of their own",
    "[kernels]") {
    for (const bool last : {true, false}) {
        for (const int channels : {1, 3, 9, 17}) {
            for (const int size : {3, 7}) {
                const std::string c = std::to_string(channels);
                check_kernels(
                    parameter("g", 0, last ? "2,9,17,35" : "2,35,9,17") +
                        parameter("w", 1, fmt::format("35,{},{},{}", c, size, size)) +
                        fmt::format("%p = permute %g {{permutation=[{}]}}\n",
                                    last ? "0,3,1,2" : "0,1,2,3") +
                        "%m = contraction %p, %w {lhs=[0,1,2,3], rhs=[1,4,5,6], "
                        "out=[0,4,2,3,5,6]}\n" +
                        fmt::format("%f = fold %m {{axes=[2,3], size=[{},{}], stride=[2,2], "
                                    "dilation=[1,1], extent=[{},{}]}}\n",
                                    size, size, 16 + size, 32 + size) +
                        fmt::format("%s = slice %f {{start=[0,0,1,1], stop=[2,{},{},{}], "
                                    "step=[1,1,1,1]}}\n",
                                    c, 15 + size, 31 + size) +
                        fmt::format("%r = permute %s {{permutation=[{}]}}\nreturn %r\n",
                                    last ? "0,2,3,1" : "0,1,2,3"),
                    {.tolerance = sums});
            }
        }
    }
}

TEST_CASE("depthwise windows of channels that lie last have copies of their filters as vectors",
          "[kernels]") {
    for (const int channels : {5, 32, 67}) {
        const std::string c = std::to_string(channels);
        const std::string windows =
            parameter("x", 0, "2,9,13," + c) +
            "%z = constant {value=f32:0}\n%t = permute %x {permutation=[0,3,1,2]}\n"
            "%p = pad %t, %z {low=[0,0,1,1], high=[0,0,1,1], interior=[0,0,0,0]}\n"
            "%v = window %p {axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}\n";
        check_kernels(
            windows + parameter("w", 1, c + ",3,3") +
                fmt::format("%b = broadcast %w {{shape=[2,{},9,13,3,3], axes=[1,4,5]}}\n", c) +
                "%m = mul %v, %b\n%s = reduce_sum %m {axes=[4,5]}\n"
                "%r = permute %s {permutation=[0,2,3,1]}\nreturn %r\n",
            {.tolerance = sums, .kernels = 1});
    }
}

TEST_CASE("depthwise filters' gradients of channels that lie last are summed in vectors of these",
          "[kernels]") {
    for (const int channels : {5, 32, 67}) {
        for (const int images : {1, 3, 70}) {
            const std::string shape = fmt::format("{},9,13,{}", images, channels);
            check_kernels(
                parameter("x", 0, shape) + parameter("g", 1, shape) +
                    "%z = constant {value=f32:0}\n%t = permute %x {permutation=[0,3,1,2]}\n"
                    "%p = pad %t, %z {low=[0,0,1,1], high=[0,0,1,1], interior=[0,0,0,0]}\n"
                    "%v = window %p {axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}\n"
                    "%h = permute %g {permutation=[0,3,1,2]}\n" +
                    fmt::format("%b = broadcast %h {{shape=[{},{},9,13,3,3], axes=[0,1,2,3]}}\n",
                                images, channels) +
                    "%m = mul %v, %b\n%r = reduce_sum %m {axes=[0,2,3]}\nreturn %r\n",
                {.tolerance = {1e-4, 1e-3}, .kernels = 1});
        }
    }
}

TEST_CASE("filters' gradients of columns side by side sum all elements of a window", "[kernels]") {
    for (const int filters : {32, 67}) {
        check_kernels(parameter("x", 0, "2,33,32,31") +
                          parameter("g", 1, fmt::format("2,30,29,{}", filters)) +
                          "%v = window %x {axes=[2,3], size=[3,3], stride=[1,1], "
                          "dilation=[1,1]}\n"
                          "%r = contraction %g, %v {lhs=[0,2,3,6], rhs=[0,1,2,3,4,5], "
                          "out=[6,1,4,5]}\nreturn %r\n",
                      {.tolerance = {1e-4, 1e-3}, .kernels = 1});
    }
}
