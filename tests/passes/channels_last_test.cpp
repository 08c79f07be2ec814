#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ir/parse.h"
#include "passes/partition/partition.h"
#include "passes/pipeline.h"
#include "passes/schedule/schedule.h"
#include "tests/support/machines.h"

using namespace latent;
using namespace latent::passes;
using test::avx2;
using test::avx512;

namespace {

Partition partitioned(std::string_view text) {
    return partition(run_pipeline(ir::parse(std::string(text)), {}));
}

/// The only step of that kind.
KernelStep step_of(const Partition& cut, ir::Template kind) {
    const auto is_wanted = [&](const KernelStep& step) { return step.classification.kind == kind; };
    REQUIRE(std::ranges::count_if(cut.steps, is_wanted) == 1);
    return *std::ranges::find_if(cut.steps, is_wanted);
}

ir::Schedule schedule_of(const KernelStep& step, const ir::Machine& machine) {
    return default_schedule(step.region, step.classification, machine, step.extents);
}

/// The gradient with respect to an image of `channels` of a convolution by 64 filters of 7 x 7 with
/// stride 2; `permutations` are those of the gradient to (n, c, h, w), and of the result from it.
std::string image_gradient(std::string_view gradient, int channels, std::string_view to,
                           std::string_view from) {
    const std::string c = std::to_string(channels);
    return "%g = parameter {index=0, dtype=f32, shape=[" + std::string(gradient) +
           "]}\n%w = parameter {index=1, dtype=f32, shape=[64," + c +
           ",7,7]}\n%p = permute %g {permutation=[" + std::string(to) +
           "]}\n%m = contraction %p, %w {lhs=[0,1,2,3], rhs=[1,4,5,6], out=[0,4,2,3,5,6]}\n"
           "%f = fold %m {axes=[2,3], size=[7,7], stride=[2,2], dilation=[1,1], "
           "extent=[230,230]}\n"
           "%s = slice %f {start=[0,0,3,3], stop=[8," +
           c + ",227,227], step=[1,1,1,1]}\n%r = permute %s {permutation=[" + std::string(from) +
           "]}\nreturn %r\n";
}

}  // namespace

TEST_CASE("features and phases of a strided convolution's gradient are one dimension") {
    const Partition last = partitioned(image_gradient("8,112,112,64", 3, "0,3,1,2", "0,2,3,1"));
    const KernelStep step = step_of(last, ir::Template::contraction);
    CHECK(step.extents == std::vector<std::int64_t>{8, 115, 115, 12, 4, 4, 64});
    for (const ir::Machine& machine : {avx2, avx512}) {
        const ir::Schedule schedule = schedule_of(step, machine);
        CHECK(schedule.vector_atom == 3);
        CHECK(schedule.row_atom == 2);
        CHECK(schedule.packing == ir::Packing::none);
    }
    // Where channels lie first, one or two are the rows, beside vectors of pixels.
    const KernelStep first =
        step_of(partitioned(image_gradient("8,64,112,112", 2, "0,1,2,3", "0,1,2,3")),
                ir::Template::contraction);
    CHECK(first.extents == std::vector<std::int64_t>{8, 8, 115, 115, 64, 4, 4});
    CHECK(schedule_of(first, avx512).row_atom == 1);
    CHECK(schedule_of(first, avx512).vector_atom == 3);
}

TEST_CASE("phases of a strided gradient with channels enough are products of their own terms") {
    const auto products = [](const std::string& text) {
        std::set<std::vector<std::int64_t>> extents;
        for (const KernelStep& step : partitioned(text).steps) {
            if (step.classification.kind == ir::Template::contraction) {
                extents.insert(step.extents);
            }
        }
        return extents;
    };
    CHECK(products(image_gradient("8,112,112,64", 32, "0,3,1,2", "0,2,3,1")) ==
          std::set<std::vector<std::int64_t>>{{8, 112, 112, 32, 4, 4, 64},
                                              {8, 112, 112, 32, 4, 3, 64},
                                              {8, 112, 112, 32, 3, 4, 64},
                                              {8, 112, 112, 32, 3, 3, 64}});
    CHECK(products(image_gradient("8,64,112,112", 3, "0,1,2,3", "0,1,2,3")) ==
          std::set<std::vector<std::int64_t>>{{8, 3, 112, 112, 64, 4, 4},
                                              {8, 3, 112, 112, 64, 4, 3},
                                              {8, 3, 112, 112, 64, 3, 4},
                                              {8, 3, 112, 112, 64, 3, 3}});
}

TEST_CASE("the filter of a phase is stored as it is read, so that its strides are known") {
    for (const KernelStep& step :
         partitioned(image_gradient("8,64,112,112", 3, "0,1,2,3", "0,1,2,3")).steps) {
        if (step.classification.kind == ir::Template::contraction) {
            using enum ir::StrideClass;
            CHECK(step.region.inputs[1].strides ==
                  std::vector{zero, dense, zero, zero, any, tight, one});
        }
    }
}

TEST_CASE("images of even and odd sizes share the kernels of a strided convolution's gradient") {
    const auto requests = [](int images, int lines, int columns) {
        const auto shape = [&](int features, int height, int width) {
            return fmt::format("[{},{},{},{}]", images, features, height, width);
        };
        const int height = (lines - 1) / 2 + 1;
        const int width = (columns - 1) / 2 + 1;
        const Partition cut = partitioned(
            "%g = parameter {index=0, dtype=f32, shape=" + shape(64, height, width) +
            "}\n%w = parameter {index=1, dtype=f32, shape=[64,64,3,3]}\n"
            "%m = contraction %g, %w {lhs=[0,1,2,3], rhs=[1,4,5,6], out=[0,4,2,3,5,6]}\n" +
            fmt::format("%f = fold %m {{axes=[2,3], size=[3,3], stride=[2,2], dilation=[1,1], "
                        "extent=[{},{}]}}\n",
                        lines + 2, columns + 2) +
            fmt::format("%r = slice %f {{start=[0,0,1,1], stop=[{},64,{},{}], step=[1,1,1,1]}}\n",
                        images, lines + 1, columns + 1) +
            "return %r\n");
        std::set<std::string> result;
        for (const KernelStep& step : cut.steps) {
            result.insert(ir::print(ir::KernelRequest{step.region, schedule_of(step, avx512)}));
        }
        return result;
    };
    const std::set<std::string> even = requests(8, 56, 56);
    CHECK(requests(7, 55, 53) == even);
    CHECK(requests(8, 56, 57) == even);
    CHECK(requests(8, 57, 56) == even);
}

TEST_CASE("contracted dimensions are summed as the image has them in memory, in any batch") {
    const KernelStep step = step_of(partitioned(R"(
        %x = parameter {index=0, dtype=f32, shape=[2,20,20,16]}
        %w = parameter {index=1, dtype=f32, shape=[32,16,3,3]}
        %p = permute %x {permutation=[0,3,1,2]}
        %v = window %p {axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}
        %r = contraction %v, %w {lhs=[0,1,2,3,4,5], rhs=[6,1,4,5], out=[0,2,3,6]}
        return %r)"),
                                    ir::Template::contraction);
    CHECK(step.extents == std::vector<std::int64_t>{2, 18, 18, 32, 3, 3, 16});
    // The image decides, whichever operand it is.
    const KernelStep turned = step_of(partitioned(R"(
        %x = parameter {index=0, dtype=f32, shape=[2,20,20,16]}
        %w = parameter {index=1, dtype=f32, shape=[32,16,3,3]}
        %p = permute %x {permutation=[0,3,1,2]}
        %v = window %p {axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}
        %r = contraction %w, %v {lhs=[6,1,4,5], rhs=[0,1,2,3,4,5], out=[0,2,3,6]}
        return %r)"),
                                      ir::Template::contraction);
    CHECK(turned.extents == step.extents);
    // Not the operand with more elements, which may be the filter of a small image.
    const auto small = [](const std::string& batch) {
        return step_of(partitioned("%x = parameter {index=0, dtype=f32, shape=[" + batch +
                                   ",9,9,16]}\n" + R"(
            %w = parameter {index=1, dtype=f32, shape=[512,16,3,3]}
            %p = permute %x {permutation=[0,3,1,2]}
            %v = window %p {axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}
            %r = contraction %v, %w {lhs=[0,1,2,3,4,5], rhs=[6,1,4,5], out=[0,2,3,6]}
            return %r)"),
                       ir::Template::contraction)
            .region;
    };
    CHECK(small("2") == small("64"));
}

TEST_CASE("products without windows may be taken apart in parts of a few elements") {
    const auto steps = [](const std::string& batch, const std::string& rows) {
        return partitioned("%x = parameter {index=0, dtype=f32, shape=[" + rows +
                           ",256]}\n%w = parameter {index=1, dtype=f32, shape=[256,96]}\n"
                           "%s = parameter {index=2, dtype=f32, shape=[" +
                           batch +
                           ",96]}\n%m = contraction %x, %w {lhs=[0,1], rhs=[1,2], out=[0,2]}\n"
                           "%a = reshape %m {shape=[50," +
                           batch + ",96]}\n%b = broadcast %s {shape=[50," + batch +
                           ",96], axes=[1,2]}\n%r = add %a, %b\nreturn %r\n")
            .steps.size();
    };
    CHECK(steps("4", "200") == 1);
    CHECK(steps("16", "800") == 1);
}

TEST_CASE("windows are rows, and loops follow memory, where channels lie last") {
    const auto depthwise = [](const std::string& other, const std::string& result) {
        return partitioned(R"(
            %x = parameter {index=0, dtype=f32, shape=[2,20,22,128]}
            %z = constant {value=f32:0}
            %t = permute %x {permutation=[0,3,1,2]}
            %p = pad %t, %z {low=[0,0,1,1], high=[0,0,1,1], interior=[0,0,0,0]}
            %v = window %p {axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}
            )" + other + "\n%m = mul %v, %b\n" +
                           result);
    };
    const KernelStep forward =
        step_of(depthwise("%w = parameter {index=1, dtype=f32, shape=[128,3,3]}\n"
                          "%b = broadcast %w {shape=[2,128,20,22,3,3], axes=[1,4,5]}",
                          "%s = reduce_sum %m {axes=[4,5]}\n"
                          "%r = permute %s {permutation=[0,2,3,1]}\nreturn %r\n"),
                ir::Template::row);
    CHECK(forward.extents == std::vector<std::int64_t>{2, 20, 3, 22, 3, 128});
    CHECK(schedule_of(forward, avx512).vector_atom == 5);
    CHECK(schedule_of(forward, avx512).row_atom == 1);
    const KernelStep filters =
        step_of(depthwise("%g = parameter {index=1, dtype=f32, shape=[2,20,22,128]}\n"
                          "%h = permute %g {permutation=[0,3,1,2]}\n"
                          "%b = broadcast %h {shape=[2,128,20,22,3,3], axes=[0,1,2,3]}",
                          "%s = reduce_sum %m {axes=[0,2,3]}\nreturn %s\n"),
                ir::Template::reduction);
    CHECK(filters.extents == std::vector<std::int64_t>{2, 20, 3, 22, 3, 128});
    CHECK(schedule_of(filters, avx512).vector_atom == 5);
}

TEST_CASE("filters' gradients read columns once for all elements of a window") {
    const KernelStep step = step_of(partitioned(R"(
        %x = parameter {index=0, dtype=f32, shape=[8,64,58,58]}
        %g = parameter {index=1, dtype=f32, shape=[8,56,56,64]}
        %v = window %x {axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}
        %r = contraction %g, %v {lhs=[0,2,3,6], rhs=[0,1,2,3,4,5], out=[6,1,4,5]}
        return %r)"),
                                    ir::Template::contraction);
    for (const ir::Machine& machine : {avx2, avx512}) {
        const ir::Schedule schedule = schedule_of(step, machine);
        CHECK(schedule.packing == ir::Packing::deep);
        CHECK_FALSE(schedule.together.empty());
    }
}
