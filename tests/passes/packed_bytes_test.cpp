#include "passes/schedule/packed_bytes.h"

#include <catch2/catch.hpp>
#include <string>

#include "ir/parse.h"
#include "passes/partition/partition.h"
#include "passes/schedule/schedule.h"
#include "tests/support/machines.h"

using namespace latent;
using namespace latent::passes;
using test::avx512;

namespace {

std::int64_t packed(const std::string& a, const std::string& b, const std::string& labels) {
    const Partition cut =
        partition(ir::parse("%a = parameter {index=0, dtype=f32, shape=[" + a +
                            "]}\n%b = parameter {index=1, dtype=f32, shape=[" + b +
                            "]}\n%r = contraction %a, %b {" + labels + "}\nreturn %r\n"));
    REQUIRE(cut.steps.size() == 1);
    const KernelStep& step = cut.steps[0];
    return packed_bytes(default_schedule(step.region, step.classification, avx512, step.extents),
                        step.region, step.extents);
}

}  // namespace

TEST_CASE("what a product packs of its columns is whole register tiles of the whole depth") {
    const std::string product = "lhs=[0,1], rhs=[1,2], out=[0,2]";
    CHECK(packed("300,784", "784,512", product) == 784 * 512 * 4);
    CHECK(packed("300,784", "784,500", product) == 784 * 512 * 4);
    CHECK(packed("64,64", "64,64", product) == 0);  // read in place
    // Columns along the depth are read in vectors of it.
    CHECK(packed("128,785", "512,785", "lhs=[0,1], rhs=[2,1], out=[0,2]") == 800 * 512 * 4);
}

TEST_CASE("of an image of few places beside large filters, all places of one image are packed") {
    const auto of_images = [](const std::string& images) {
        const Partition cut = partition(
            ir::parse("%x = parameter {index=0, dtype=f32, shape=[" + images +
                      ",512,9,9]}\n%k = parameter {index=1, dtype=f32, shape=[512,512,3,3]}\n"
                      "%w = window %x {axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}\n"
                      "%r = contraction %w, %k {lhs=[0,1,2,3,4,5], rhs=[6,1,4,5], out=[0,6,2,3]}\n"
                      "return %r\n"));
        REQUIRE(cut.steps.size() == 1);
        const KernelStep& step = cut.steps[0];
        ir::Machine machine = avx512;
        machine.l2_bytes = 1 << 20;
        const ir::Schedule schedule =
            default_schedule(step.region, step.classification, machine, step.extents);
        REQUIRE(schedule.packing == ir::Packing::dots);
        return packed_bytes(schedule, step.region, step.extents);
    };
    CHECK(of_images("1") == 49 * 4608 * 4);
    CHECK(of_images("2") == 49 * 4608 * 4);
}

TEST_CASE("what each task packs is not counted") {
    CHECK(packed("4,128,784", "4,784,512", "lhs=[0,1,2], rhs=[0,2,3], out=[0,1,3]") == 0);
}

TEST_CASE("columns that tasks pack a block of the depth at a time are not counted") {
    CHECK(packed("16,200,784", "16,256,784", "lhs=[0,1,2], rhs=[0,3,2], out=[1,3]") == 0);
}

TEST_CASE("of products that are summed in vectors along the depth, all rows are packed") {
    const std::string transposed = "lhs=[0,1], rhs=[2,1], out=[0,2]";
    CHECK(packed("29,500", "4096,500", transposed) == 35 * 512 * 4);
    // A longer depth in blocks of even size: two of 352, eight of 512.
    CHECK(packed("29,700", "4096,700", transposed) == 35 * 704 * 4);
    CHECK(packed("29,4095", "4096,4095", transposed) == 35 * 4096 * 4);
    CHECK(packed("3,29,4095", "3,4096,4095", "lhs=[0,1,2], rhs=[0,3,2], out=[0,1,3]") == 0);
}
