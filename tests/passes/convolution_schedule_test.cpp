#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "schedule_testing.h"

using namespace latent;
using namespace latent::passes;
using namespace latent::passes::testing;
using test::avx2;
using test::avx512;
using test::sse41;

namespace {

/// 3 x 3 windows of an image of `size` by `size` with 64 channels.
Scheduled convolution(int filters, int size, const ir::Machine& machine) {
    const std::string o = std::to_string(filters);
    const std::string padded = std::to_string(size + 2);
    return scheduled("%x = parameter {index=0, dtype=f32, shape=[8,64," + padded + "," + padded +
                         "]}\n%w = parameter {index=1, dtype=f32, shape=[" + o +
                         ",64,3,3]}\n"
                         "%v = window %x {axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}\n"
                         "%r = contraction %v, %w {lhs=[0,1,2,3,4,5], rhs=[6,1,4,5], "
                         "out=[0,6,2,3]}\nreturn %r\n",
                     machine);
}

}  // namespace

TEST_CASE("windows of many registers take three vectors of eight rows, from line to line") {
    const ir::Schedule many = convolution(40, 56, avx512).schedule;
    CHECK(many.packing == ir::Packing::none);
    CHECK(many.tile_vectors == 3);
    CHECK(many.tile_rows == 8);
    CHECK(many.tile_lines == 0);
    CHECK(convolution(3, 56, avx512).schedule.tile_vectors == 4);
    CHECK(convolution(64, 56, avx2).schedule.tile_vectors == 2);
}

TEST_CASE("tiles of few rows have no more vectors than registers hold beside their sums") {
    for (const int filters : {1, 2, 3}) {
        CAPTURE(filters);
        CHECK(convolution(filters, 56, avx512).schedule.tile_rows == filters);
        CHECK(convolution(filters, 56, avx512).schedule.tile_vectors == 4);
        CHECK(convolution(filters, 56, avx2).schedule.tile_vectors == (filters == 3 ? 3 : 4));
        // Their columns go on from line to line as those of many rows do.
        CHECK(convolution(filters, 56, avx512).schedule.line_atom == 2);
        CHECK(convolution(filters, 56, avx512).schedule.tile_lines == 0);
        CHECK(convolution(filters, 63, avx512).schedule.line_atom == -1);
    }
}

TEST_CASE("windows of filters that fill whole tiles have these as packed vectors, at any size") {
    const Scheduled turned = convolution(64, 56, avx512);
    CHECK(turned.vector_extent == 64);
    CHECK(turned.schedule.packing == ir::Packing::columns);
    CHECK(turned.schedule.tile_rows == 8);
    CHECK(turned.schedule.line_atom == 2);
    CHECK(turned.schedule.tile_lines == 0);
    for (const int size : {7, 14, 28, 57, 226}) {
        CAPTURE(size);
        CHECK(convolution(64, size, avx512).schedule == turned.schedule);
    }
    CHECK(convolution(61, 56, avx512).schedule == turned.schedule);
    CHECK(convolution(40, 56, avx512).vector_extent == 56);

    const Scheduled shorter = convolution(64, 56, avx2);
    CHECK(shorter.vector_extent == 64);
    CHECK(shorter.schedule.packing == ir::Packing::columns);
    CHECK(shorter.schedule.tile_rows == 6);
    CHECK(shorter.schedule.tile_vectors == 2);
    CHECK(shorter.schedule.tile_lines == 0);
    for (const int size : {7, 14, 28, 57, 226}) {
        CAPTURE(size);
        CHECK(convolution(64, size, avx2).schedule == shorter.schedule);
    }
    CHECK(convolution(64, 56, sse41).vector_extent == 56);
}

TEST_CASE("the next lines of an image are asked for where vectors of filters are short") {
    CHECK(convolution(64, 56, avx2).schedule.read_ahead == 2);
    CHECK(convolution(64, 56, avx512).schedule.read_ahead == 0);
    CHECK(convolution(40, 56, avx512).schedule.read_ahead == 1);  // columns that are read in place
    ir::Machine slow = avx2;
    slow.slow_across_lines = true;
    CHECK(convolution(64, 56, slow).schedule.read_ahead == 0);
}

namespace {

/// A convolution of a padded image, of channels that lie `first` or last, with square filters.
ir::Schedule layer(int batch, int channels, int filters, int size, int window, bool first,
                   const ir::Machine& machine = avx512) {
    const std::string n = std::to_string(batch);
    const std::string c = std::to_string(channels);
    const std::string f = std::to_string(filters);
    const std::string h = std::to_string(size + window - 1);
    const std::string k = std::to_string(window);
    std::string text = "%x = parameter {index=0, dtype=f32, shape=[" + n + ",";
    text += (first ? c + "," + h + "," + h : h + "," + h + "," + c) + "]}\n";
    text += "%w = parameter {index=1, dtype=f32, shape=[" + f + ",";
    text += (first ? c + "," + k + "," + k : k + "," + k + "," + c) + "]}\n";
    text += first ? "%i = reshape %x {shape=[" + n + "," + c + "," + h + "," + h + "]}\n"
                  : "%i = permute %x {permutation=[0,3,1,2]}\n";
    text +=
        "%v = window %i {axes=[2,3], size=[" + k + "," + k + "], stride=[1,1], dilation=[1,1]}\n";
    text += "%r = contraction %v, %w {lhs=[0,1,2,3,4,5], rhs=";
    text += first ? "[6,1,4,5], out=[0,6,2,3]}\n" : "[6,4,5,1], out=[0,2,3,6]}\n";
    return scheduled(text + "return %r\n", machine).schedule;
}

}  // namespace

TEST_CASE("a convolution has one schedule for all sizes of a batch, but for few places") {
    struct Layer {
        int channels, filters, size, window;
    };
    for (const auto& [channels, filters, size, window] :
         {Layer{1024, 1024, 7, 3}, Layer{256, 256, 14, 3}, Layer{64, 64, 56, 3},
          Layer{1024, 512, 14, 3}, Layer{64, 60, 9, 5}}) {
        for (const bool first : {true, false}) {
            CAPTURE(channels, filters, size, window, first);
            const ir::Schedule one = layer(1, channels, filters, size, window, first);
            for (const int batch : {2, 8, 64}) {
                CHECK(layer(batch, channels, filters, size, window, first) == one);
            }
        }
    }
    // What was packed serves all images, if they are more than two.
    for (const bool first : {true, false}) {
        CAPTURE(first);
        const ir::Schedule one = layer(1, 256, 256, 8, 3, first);
        const ir::Schedule many = layer(3, 256, 256, 8, 3, first);
        CHECK(one.packing == ir::Packing::dots);
        CHECK(layer(2, 256, 256, 8, 3, first) == one);
        CHECK(many.packing != ir::Packing::dots);
        CHECK(layer(64, 256, 256, 8, 3, first) == many);
    }
}

TEST_CASE("images of few places are summed in vectors along filters that leave L2") {
    for (const bool first : {true, false}) {
        const ir::Schedule schedule = layer(1, 512, 512, 7, 3, first);
        CHECK(schedule.packing == ir::Packing::dots);
        CHECK(schedule.tile_rows == 7);
        CHECK(schedule.tile_vectors == 4);
        CHECK(schedule.tile_lines == 0);  // its rows go on
        CHECK(layer(1, 128, 128, 7, 3, first).packing == ir::Packing::columns);
    }
    // Vectors are read along the lines of an image, but not where channels lie last.
    CHECK(layer(1, 512, 512, 14, 3, true).packing == ir::Packing::none);
    CHECK(layer(1, 512, 512, 14, 3, false).packing == ir::Packing::dots);
    CHECK(layer(1, 512, 512, 7, 3, true, avx2).packing == ir::Packing::none);
    CHECK(layer(1, 512, 512, 7, 3, false, avx2).packing == ir::Packing::dots);
}

TEST_CASE("turned windows are summed in tiles that transposed blocks make up") {
    const auto strided = [](int filters, const ir::Machine& machine) {
        return scheduled(
                   "%x = parameter {index=0, dtype=f32, shape=[8,3,229,229]}\n"
                   "%w = parameter {index=1, dtype=f32, shape=[" +
                       std::to_string(filters) +
                       ",3,7,7]}\n"
                       "%v = window %x {axes=[2,3], size=[7,7], stride=[2,2], "
                       "dilation=[1,1]}\n"
                       "%r = contraction %v, %w {lhs=[0,1,2,3,4,5], rhs=[6,1,4,5], "
                       "out=[0,6,2,3]}\nreturn %r\n",
                   machine)
            .schedule;
    };
    CHECK(strided(64, avx512).tile_rows == 8);
    CHECK(strided(64, avx512).tile_vectors == 2);
    CHECK(strided(64, avx2).tile_rows == 6);
    CHECK(strided(64, avx2).tile_vectors == 2);
    CHECK(strided(96, avx2).tile_rows == 4);
    CHECK(strided(96, avx2).tile_vectors == 3);
    CHECK(strided(96, sse41).tile_rows == 6);
    CHECK(strided(96, sse41).tile_vectors == 2);
    CHECK(scheduled("%x = parameter {index=0, dtype=f32, shape=[8,256,784]}\n"
                    "%g = parameter {index=1, dtype=f32, shape=[8,256,784]}\n"
                    "%r = contraction %x, %g {lhs=[0,1,2], rhs=[0,3,2], out=[3,1]}\nreturn %r\n",
                    avx2)
              .schedule.tile_rows == 6);
}

TEST_CASE("the gradient of filters sums all elements of a window for each block of pixels") {
    // More processors than there are panels of columns.
    ir::Machine machine = avx512;
    machine.processors = 4;
    const auto gradient = [&](const std::string& images, int size, int stride) {
        const std::string window = std::to_string(size);
        const std::string step = std::to_string(stride);
        return scheduled("%x = parameter {index=0, dtype=f32, shape=[" + images +
                             "]}\n"
                             "%g = parameter {index=1, dtype=f32, shape=[8,64,56,56]}\n"
                             "%v = window %x {axes=[2,3], size=[" +
                             window + "," + window + "], stride=[" + step + "," + step +
                             "], dilation=[1,1]}\n"
                             "%r = contraction %g, %v {lhs=[0,6,2,3], rhs=[0,1,2,3,4,5], "
                             "out=[6,1,4,5]}\nreturn %r\n",
                         machine)
            .schedule;
    };
    CHECK(gradient("8,64,58,58", 3, 1).packing == ir::Packing::deep);
    CHECK(gradient("8,64,58,58", 3, 1).together == std::vector<int>{3, 2});
    // Of three channels there were three tasks: panels are narrower, for each processor to have
    // one.
    CHECK(gradient("8,3,117,117", 7, 2).packing == ir::Packing::swept);
    CHECK(gradient("8,3,117,117", 7, 2).tile_vectors == 1);
    CHECK(gradient("8,3,117,117", 7, 2).together == std::vector<int>{2, 1});
    CHECK(gradient("8,3,58,58", 3, 1).packing == ir::Packing::swept);
    machine.processors = 64;
    CHECK(gradient("8,3,58,58", 3, 1).packing == ir::Packing::swept);
    CHECK(gradient("8,3,58,58", 3, 1).tile_vectors == 1);
    CHECK(gradient("8,5,58,58", 3, 1).packing == ir::Packing::deep);
    // A panel for each processor: each sums all rows while it packs its own panel.
    machine.processors = 2;
    machine.l2_bytes = 1 << 20;
    for (const auto& [images, size, stride] :
         {std::tuple("8,64,58,58", 3, 1), std::tuple("8,3,58,58", 3, 1),
          std::tuple("8,3,117,117", 7, 2)}) {
        CHECK(gradient(images, size, stride).packing == ir::Packing::swept);
        CHECK(gradient(images, size, stride).tile_vectors == 2);
    }
    CHECK(gradient("8,64,58,58", 3, 1).together == std::vector<int>{3, 2});
    CHECK(gradient("8,3,117,117", 7, 2).together == std::vector<int>{2, 1});
    // So where vectors are so short that the window would fill one, or nearly.
    for (const ir::Machine& with_short_vectors : {sse41, avx2}) {
        machine = with_short_vectors;
        machine.processors = 2;
        machine.l2_bytes = 1 << 20;
        CHECK(gradient("8,3,117,117", 7, 2).packing == ir::Packing::swept);
        CHECK(gradient("8,3,117,117", 7, 2).vector_atom == 0);
    }
    machine.processors = 8;
    CHECK(gradient("8,3,117,117", 7, 2).packing == ir::Packing::none);
    CHECK(gradient("8,3,117,117", 7, 2).vector_atom == 3);
    machine = avx512;
    // Of more channels, L2 does not hold all sums.
    CHECK(gradient("8,512,58,58", 3, 1).packing == ir::Packing::deep);
}

TEST_CASE("the gradient of few filters with a short window packs nothing") {
    const auto gradient = [](int filters) {
        return scheduled(
            "%x = parameter {index=0, dtype=f32, shape=[64,1,32,32]}\n"
            "%g = parameter {index=1, dtype=f32, shape=[64," +
                std::to_string(filters) +
                ",28,28]}\n"
                "%v = window %x {axes=[2,3], size=[5,5], stride=[1,1], "
                "dilation=[1,1]}\n"
                "%r = contraction %g, %v {lhs=[0,6,2,3], rhs=[0,1,2,3,4,5], "
                "out=[6,1,4,5]}\nreturn %r\n",
            avx512);
    };
    const Scheduled few = gradient(6);
    CHECK(few.vector_extent == 5);
    CHECK(few.schedule.packing == ir::Packing::none);
    CHECK(few.schedule.tile_vectors == 1);
    const Scheduled many = gradient(16);
    CHECK(many.vector_extent == 16);
    CHECK(many.schedule.packing != ir::Packing::none);
    CHECK(many.schedule.tile_vectors == 1);  // one holds them all
}

TEST_CASE("windows of any size take vectors along short lines of an image") {
    const auto reduced = [](int size, int image, const std::string& axes) {
        const std::string window = std::to_string(size);
        const std::string extent = std::to_string(image);
        const std::string shape = "8,128," + extent + "," + extent;
        const std::string pad = std::to_string(size / 2);
        return scheduled("%i = parameter {index=0, dtype=f32, shape=[" + shape + "]}\n" +
                             "%z = constant {value=f32:0}\n%x = pad %i, %z {low=[0,0," + pad + "," +
                             pad + "], high=[0,0," + pad + "," + pad + "], interior=[0,0,0,0]}\n" +
                             "%w = window %x {axes=[2,3], size=[" + window + "," + window +
                             "], stride=[1,1], dilation=[1,1]}\n" +
                             "%g = parameter {index=1, dtype=f32, shape=[" + shape + "]}\n" +
                             "%b = broadcast %g {shape=[" + shape + "," + window + "," + window +
                             "], axes=[0,1,2,3]}\n%p = mul %w, %b\n" +
                             "%r = reduce_sum %p {axes=" + axes + "}\nreturn %r\n",
                         avx512)
            .vector_extent;
    };
    for (const int size : {3, 5, 7}) {
        for (const int image : {7, 14, 56}) {
            CHECK(reduced(size, image, "[4,5]") == image);
            CHECK(reduced(size, image, "[0,2,3]") == image);
        }
    }
}
