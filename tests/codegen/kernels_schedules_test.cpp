#include "passes/schedule/schedule.h"
#include "passes/schedule/schedule_space.h"
#include "passes/schedule/schedule_streams.h"
#include "tests/support/kernels.h"
#include "tests/support/schedules.h"
#include "tests/support/statements.h"

using namespace latent;
using namespace latent::test;

namespace {

struct Example {
    const char* what;
    const char* text;
    /// The fewest schedules that its kernel must have to choose from.
    std::size_t least_neighbours;
};

constexpr Example examples[] = {
    {"a matrix product",
     R"(%a = parameter {index=0, dtype=f32, shape=[45,70]}
        %b = parameter {index=1, dtype=f32, shape=[70,83]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}
        return %r
     )",
     10},
    {"windows of a narrow image",
     R"(%x = parameter {index=0, dtype=f32, shape=[2,10,7,8]}
        %w = parameter {index=1, dtype=f32, shape=[13,10,3,2]}
        %v = window %x {axes=[2,3], size=[3,2], stride=[1,1], dilation=[1,1]}
        %r = contraction %v, %w {lhs=[0,1,2,3,4,5], rhs=[6,1,4,5], out=[0,6,2,3]}
        return %r
     )",
     5},
    {"windows whose columns go on from line to line, with a bias",
     R"(%x = parameter {index=0, dtype=f32, shape=[2,15,61,23]}
        %w = parameter {index=1, dtype=f32, shape=[13,15,3,3]}
        %b = parameter {index=2, dtype=f32, shape=[2,13,59,21]}
        %v = window %x {axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}
        %r = contraction %v, %w {lhs=[0,1,2,3,4,5], rhs=[6,1,4,5], out=[0,6,2,3]}
        %s = add %r, %b
        return %s
     )",
     5},
    {"a few rows, summed in vectors",
     R"(%a = parameter {index=0, dtype=f32, shape=[2,300]}
        %b = parameter {index=1, dtype=f32, shape=[50,300]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[2,1], out=[0,2]}
        return %r
     )",
     1},
    {"four rows, summed in vectors in tiles",
     R"(%a = parameter {index=0, dtype=f32, shape=[4,300]}
        %b = parameter {index=1, dtype=f32, shape=[50,300]}
        %r = contraction %a, %b {lhs=[0,1], rhs=[2,1], out=[0,2]}
        return %r
     )",
     5},
    {"a batched product with a bias and a tanh",
     R"(%a = parameter {index=0, dtype=f32, shape=[3,17,40]}
        %b = parameter {index=1, dtype=f32, shape=[3,40,33]}
        %c = parameter {index=2, dtype=f32, shape=[3,17,33]}
        %r = contraction %a, %b {lhs=[3,0,1], rhs=[3,1,2], out=[3,0,2]}
        %s = add %r, %c
        %t = tanh %s
        return %t
     )",
     10},
    {"a softmax",
     R"(%x = parameter {index=0, dtype=f32, shape=[37,101]}
        %m = reduce_max %x {axes=[1]}
        %n = broadcast %m {shape=[37,101], axes=[0]}
        %d = sub %x, %n
        %e = exp %d
        %s = reduce_sum %e {axes=[1]}
        %u = broadcast %s {shape=[37,101], axes=[0]}
        %r = div %e, %u
        return %r
     )",
     3},
    {"sums across rows",
     R"(%x = parameter {index=0, dtype=f32, shape=[210,65]}
        %r = reduce_sum %x {axes=[0]}
        return %r
     )",
     5},
    {"sums across rows of several matrices, beside their maxima",
     R"(%x = parameter {index=0, dtype=f32, shape=[3,523,39]}
        %r = reduce_sum %x {axes=[1]}
        %m = reduce_max %x {axes=[1]}
        return %r, %m
     )",
     4},
    {"maxima of rows",
     R"(%x = parameter {index=0, dtype=f32, shape=[21,130]}
        %r = reduce_max %x {axes=[1]}
        return %r
     )",
     5},
    {"products of long rows with a vector, several rows at a time",
     R"(%x = parameter {index=0, dtype=f32, shape=[2,37,1100]}
        %y = parameter {index=1, dtype=f32, shape=[1100]}
        %b = broadcast %y {shape=[2,37,1100], axes=[2]}
        %p = mul %x, %b
        %r = reduce_sum %p {axes=[2]}
        return %r
     )",
     3},
    {"variances of long rows, several rows at a time",
     R"(%x = parameter {index=0, dtype=f64, shape=[33,1030]}
        %m = reduce_sum %x {axes=[1]}
        %b = broadcast %m {shape=[33,1030], axes=[0]}
        %d = sub %x, %b
        %q = mul %d, %d
        %r = reduce_sum %q {axes=[1]}
        return %r, %m
     )",
     3},
    {"elementwise arithmetic with a transposed operand",
     R"(%x = parameter {index=0, dtype=f32, shape=[67,130]}
        %y = parameter {index=1, dtype=f32, shape=[130,67]}
        %t = permute %y {permutation=[1,0]}
        %s = sin %x
        %r = mul %s, %t
        return %r
     )",
     6},
    {"maxima of padded windows that overlap",
     R"(%x = parameter {index=0, dtype=f32, shape=[3,5,19,23]}
        %z = constant {value=f32:-inf}
        %p = pad %x, %z {low=[0,0,1,1], high=[0,0,1,1], interior=[0,0,0,0]}
        %w = window %p {axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}
        %r = reduce_max %w {axes=[4,5]}
        return %r
     )",
     3},
    {"a depthwise convolution",
     R"(%x = parameter {index=0, dtype=f32, shape=[2,6,21,27]}
        %f = parameter {index=1, dtype=f32, shape=[6,3,3]}
        %z = constant {value=f32:0}
        %p = pad %x, %z {low=[0,0,1,1], high=[0,0,1,1], interior=[0,0,0,0]}
        %w = window %p {axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}
        %b = broadcast %f {shape=[2,6,21,27,3,3], axes=[1,4,5]}
        %m = mul %w, %b
        %r = reduce_sum %m {axes=[4,5]}
        return %r
     )",
     2},
    {"the filters' gradient of a depthwise convolution",
     R"(%x = parameter {index=0, dtype=f32, shape=[2,6,21,27]}
        %g = parameter {index=1, dtype=f32, shape=[2,6,21,27]}
        %z = constant {value=f32:0}
        %p = pad %x, %z {low=[0,0,1,1], high=[0,0,1,1], interior=[0,0,0,0]}
        %w = window %p {axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}
        %b = broadcast %g {shape=[2,6,21,27,3,3], axes=[0,1,2,3]}
        %m = mul %w, %b
        %r = reduce_sum %m {axes=[0,2,3]}
        return %r
     )",
     0},
    {"a cumulative sum of exponentials",
     R"(%x = parameter {index=0, dtype=f32, shape=[40,65]}
        %e = exp %x
        %r = cumulative_sum %e {axis=0, reverse=false}
        return %r
     )",
     4},
    {"rows scanned side by side",
     R"(%x = parameter {index=0, dtype=f32, shape=[40,65]}
        %r = cumulative_sum %x {axis=1, reverse=false}
        return %r
     )",
     4},
};

/// The default schedule, with columns and rows that end where their lines do.
ir::Schedule without_lines(const passes::KernelStep& step, const ir::Machine& machine) {
    ir::Schedule schedule = detail::default_schedule_of(step, machine);
    schedule.line_atom = -1;
    schedule.tile_lines = 1;
    return schedule;
}

}  // namespace

TEST_CASE("no schedule that tuning may choose changes a bit", "[kernels]") {
    for (const Example& example : examples) {
        INFO(example.what);
        const ir::Graph graph = ir::parse(example.text);
        const std::vector<Array> inputs = fill_parameters(graph);
        const detail::Planned planned = plan_kernels(graph);
        REQUIRE(planned.partition.steps.size() == 1);
        const passes::KernelStep& step = planned.partition.steps[0];
        const passes::ScheduleSpace space(step.region, step.classification,
                                          codegen::runtime::this_machine(), step.extents);
        const std::vector<ir::Schedule> neighbours = space.neighbours(space.default_schedule());
        CHECK(neighbours.size() >= example.least_neighbours);
        const std::vector<Array> expected = run_kernels(planned, inputs);
        for (const ir::Schedule& schedule : neighbours) {
            const detail::Planned other =
                plan_kernels(graph, true, [&](const auto&...) { return schedule; });
            INFO(other.plan.requests[0]);
            CHECK(same_bits(run_kernels(other, inputs)[0], expected[0]));
            CHECK(same_bits(run_kernels(other, inputs, 2)[0], expected[0]));
        }
        for (std::uint64_t seed = 0; seed < 4; ++seed) {
            const detail::Planned other = plan_kernels(graph, true, random_schedules(seed));
            INFO(other.plan.requests[0]);
            CHECK(same_bits(run_kernels(other, inputs)[0], expected[0]));
        }
    }
}

TEST_CASE("results that are streamed past the caches have the bits of those that are not",
          "[kernels]") {
    for (const char* text : {
             R"(%x = parameter {index=0, dtype=f32, shape=[70000]}
                %r = add %x, %x
                return %r
             )",
             // Several results, elements of 8, 4, 2 and 1 bytes.
             R"(%x = parameter {index=0, dtype=f64, shape=[333]}
                %f = cast %x {dtype=f32}
                %h = cast %f {dtype=f16}
                %p = greater %x, %x
                return %x, %f, %h, %p
             )",
             R"(%x = parameter {index=0, dtype=i8, shape=[19,77]}
                %y = parameter {index=1, dtype=i8, shape=[19,77]}
                %r = add %x, %y
                %q = less %x, %y
                return %r, %q
             )",
             // Rows, that end inside of cache lines, longer than a strip and shorter.
             R"(%x = parameter {index=0, dtype=f32, shape=[5,1021]}
                %c = parameter {index=1, dtype=f32, shape=[1021]}
                %b = broadcast %c {shape=[5,1021], axes=[1]}
                %r = add %x, %b
                %q = less %x, %b
                return %r, %q
             )",
             R"(%x = parameter {index=0, dtype=f32, shape=[37,2053]}
                %m = reduce_max %x {axes=[1]}
                %b = broadcast %m {shape=[37,2053], axes=[0]}
                %s = sub %x, %b
                %t = reduce_sum %s {axes=[1]}
                %d = broadcast %t {shape=[37,2053], axes=[0]}
                %r = mul %s, %d
                return %s, %r
             )",
             R"(%x = parameter {index=0, dtype=f64, shape=[3,5,70]}
                %m = reduce_sum %x {axes=[2]}
                %b = broadcast %m {shape=[3,5,70], axes=[0,1]}
                %s = mul %x, %b
                %h = cast %s {dtype=bf16}
                return %s, %h
             )",
         }) {
        const ir::Graph graph = ir::parse(text);
        const std::vector<Array> inputs = fill_parameters(graph);
        const auto planned = [&](bool streamed) {
            return plan_kernels(
                graph, true, [=](const passes::KernelStep& step, const ir::Machine& machine) {
                    ir::Schedule schedule = passes::default_schedule(
                        step.region, step.classification, machine, step.extents);
                    schedule.result_strip =
                        streamed ? passes::strip_of_results(schedule, step.region) : 0;
                    return schedule;
                });
        };
        const detail::Planned other = planned(true);
        INFO(other.plan.requests[0]);
        CHECK(other.plan.requests[0].find("result_strip 0") == std::string::npos);
        CHECK(statement_of(other.plan.requests[0]).find("latent_stream_") != std::string::npos);
        const std::vector<Array> expected = run_kernels(planned(false), inputs);
        for (const int threads : {1, 2}) {
            const std::vector<Array> results = run_kernels(other, inputs, threads);
            REQUIRE(results.size() == expected.size());
            for (std::size_t i = 0; i < results.size(); ++i) {
                CHECK(same_bits(results[i], expected[i]));
            }
        }
    }
}

TEST_CASE("columns that go on from line to line have the bits of those that do not", "[kernels]") {
    struct Image {
        const char* what;
        const char* shape;
        const char* view;  ///< of the image %x, as %y
    };
    for (const Image& image :
         {Image{"few lines", "2,15,5,21", "slice %x {start=[0,0,0,0], stop=[2,15,5,21]"},
          Image{"several blocks of lines", "2,15,90,21",
                "slice %x {start=[0,0,0,0], stop=[2,15,90,21]"},
          Image{"lines far apart", "2,15,17,84", "slice %x {start=[0,0,0,3], stop=[2,15,17,24]"}}) {
        INFO(image.what);
        const ir::Graph graph = ir::parse(fmt::format(
            "%x = parameter {{index=0, dtype=f32, shape=[{}]}}\n"
            "%w = parameter {{index=1, dtype=f32, shape=[13,15,3,3]}}\n"
            "%y = {}, step=[1,1,1,1]}}\n"
            "%v = window %y {{axes=[2,3], size=[3,3], stride=[1,1], dilation=[1,1]}}\n"
            "%r = contraction %v, %w {{lhs=[0,1,2,3,4,5], rhs=[6,1,4,5], out=[0,6,2,3]}}\n"
            "return %r\n",
            image.shape, image.view));
        const std::vector<Array> inputs = fill_parameters(graph);
        const detail::Planned planned = plan_kernels(graph);
        REQUIRE(planned.plan.requests.size() == 1);
        CHECK(planned.plan.requests[0].find("tile_lines 0") != std::string::npos);
        const std::vector<Array> expected =
            run_kernels(plan_kernels(graph, true, without_lines), inputs);
        CHECK(same_bits(run_kernels(planned, inputs)[0], expected[0]));
        CHECK(same_bits(run_kernels(planned, inputs, 2)[0], expected[0]));
    }
}

TEST_CASE("rows that go on from line to line have the bits of those that do not", "[kernels]") {
    struct Image {
        int height, width;
        const char* end;  ///< what follows the sum %s, as %r
        bool go_on;
    };
    const std::string bias =
        "%c = parameter {index=2, dtype=f32, shape=[35]}\n"
        "%d = broadcast %c {shape=[2,35,HEIGHT,WIDTH], axes=[1]}\n%t = add %s, %d\n";
    const std::string follows =
        bias + "%e = parameter {index=3, dtype=f32, shape=[2,35,HEIGHT,WIDTH]}\n%r = add %t, %e\n";
    const std::string apart =
        "%c = parameter {index=2, dtype=f32, shape=[2,35,HEIGHT,40]}\n"
        "%d = slice %c {start=[0,0,0,1], stop=[2,35,HEIGHT,END], step=[1,1,1,1]}\n"
        "%r = add %s, %d\n";
    // Neighbours of a row lie far apart, or before it.
    const std::string across =
        "%c = parameter {index=2, dtype=f32, shape=[2,HEIGHT,WIDTH,35]}\n"
        "%d = permute %c {permutation=[0,3,1,2]}\n%r = add %s, %d\n";
    const std::string backwards =
        "%c = parameter {index=2, dtype=f32, shape=[2,35,HEIGHT,WIDTH]}\n"
        "%d = flip %c {axes=[2,3]}\n%r = add %s, %d\n";
    const std::string alone = "%r = abs %s\n";
    for (const Image& image :
         {Image{9, 21, alone.c_str(), true}, Image{30, 3, alone.c_str(), true},
          Image{1, 19, alone.c_str(), true}, Image{11, 13, follows.c_str(), true},
          Image{11, 13, apart.c_str(), false}, Image{11, 9, across.c_str(), false},
          Image{11, 9, backwards.c_str(), false}}) {
        CAPTURE(image.height, image.width, image.end);
        std::string text = fmt::format(
            "%x = parameter {{index=0, dtype=f32, shape=[2,15,{},{}]}}\n"
            "%w = parameter {{index=1, dtype=f32, shape=[35,15,3,3]}}\n"
            "%v = window %x {{axes=[2,3], size=[3,3], stride=[2,2], dilation=[1,1]}}\n"
            "%s = contraction %v, %w {{lhs=[0,1,2,3,4,5], rhs=[6,1,4,5], out=[0,6,2,3]}}\n"
            "{}return %r\n",
            2 * image.height + 1, 2 * image.width + 1, image.end);
        const auto fill_in = [&](const std::string& name, int value) {
            for (auto at = text.find(name); at != std::string::npos; at = text.find(name)) {
                text.replace(at, name.size(), std::to_string(value));
            }
        };
        fill_in("HEIGHT", image.height);
        fill_in("WIDTH", image.width);
        fill_in("END", image.width + 1);
        const ir::Graph graph = ir::parse(text);
        const std::vector<Array> inputs = fill_parameters(graph);
        const detail::Planned planned = plan_kernels(graph);
        REQUIRE(planned.plan.requests.size() == 1);
        CHECK((planned.plan.requests[0].find("tile_lines 0") != std::string::npos) == image.go_on);
        const std::vector<Array> expected =
            run_kernels(plan_kernels(graph, true, without_lines), inputs);
        CHECK(same_bits(run_kernels(planned, inputs)[0], expected[0]));
        CHECK(same_bits(run_kernels(planned, inputs, 2)[0], expected[0]));
    }
}

TEST_CASE("rows of several register tiles that are stored together have the bits of other tiles",
          "[kernels]") {
    // One row, a part of a tile, a part of the second of two tiles, and several of both.
    for (const auto& [height, width] :
         {std::pair(1, 1), std::pair(1, 5), std::pair(2, 4), std::pair(3, 5), std::pair(7, 9)}) {
        const ir::Graph graph = ir::parse(fmt::format(
            "%x = parameter {{index=0, dtype=f32, shape=[2,15,{},{}]}}\n"
            "%w = parameter {{index=1, dtype=f32, shape=[35,15,3,3]}}\n"
            "%c = parameter {{index=2, dtype=f32, shape=[2,35,{},{}]}}\n"
            "%v = window %x {{axes=[2,3], size=[3,3], stride=[2,2], dilation=[1,1]}}\n"
            "%s = contraction %v, %w {{lhs=[0,1,2,3,4,5], rhs=[6,1,4,5], out=[0,6,2,3]}}\n"
            "%r = add %s, %c\nreturn %r\n",
            2 * height + 1, 2 * width + 1, height, width));
        const std::vector<Array> inputs = fill_parameters(graph);
        const auto of_tiles = [&](int rows, int vectors, int ahead) {
            return plan_kernels(
                graph, true, [=](const passes::KernelStep& step, const ir::Machine& machine) {
                    ir::Schedule schedule = detail::default_schedule_of(step, machine);
                    schedule.packing = ir::Packing::columns;
                    schedule.tile_rows = rows;
                    schedule.tile_vectors = vectors;
                    schedule.read_ahead = ahead;
                    return schedule;
                });
        };
        const std::vector<Array> expected = run_kernels(of_tiles(4, 2, 0), inputs);
        for (const auto& [rows, vectors, ahead] :
             {std::tuple(6, 2, 2), std::tuple(6, 1, 0), std::tuple(2, 2, 2), std::tuple(5, 2, 0),
              std::tuple(4, 3, 2)}) {
            CAPTURE(height, width, rows, vectors);
            const detail::Planned planned = of_tiles(rows, vectors, ahead);
            CHECK(same_bits(run_kernels(planned, inputs)[0], expected[0]));
            CHECK(same_bits(run_kernels(planned, inputs, 2)[0], expected[0]));
        }
    }
}

TEST_CASE(
    "columns that are packed as the depth is swept have the bits of those that are packed whole",
    "[kernels]") {
    struct Gradient {
        const char* what;
        const char* image;
        const char* results;
        const char* window;
    };
    for (const Gradient& gradient :
         {Gradient{"rows lie along the depth", "3,9,12,23", "3,37,10,21",
                   "size=[3,3], stride=[1,1]"},
          Gradient{"rows are windows", "3,2,27,39", "3,37,11,17", "size=[7,7], stride=[2,2]"},
          Gradient{"lines shorter than a vector", "3,2,11,9", "3,37,5,4",
                   "size=[3,3], stride=[2,2]"},
          Gradient{"one row for each channel", "5,19,7,29", "5,70,7,29",
                   "size=[1,1], stride=[1,1]"}}) {
        INFO(gradient.what);
        const ir::Graph graph =
            ir::parse(fmt::format("%x = parameter {{index=0, dtype=f32, shape=[{}]}}\n"
                                  "%g = parameter {{index=1, dtype=f32, shape=[{}]}}\n"
                                  "%v = window %x {{axes=[2,3], {}, dilation=[1,1]}}\n"
                                  "%r = contraction %g, %v {{lhs=[0,6,2,3], rhs=[0,1,2,3,4,5], "
                                  "out=[6,1,4,5]}}\nreturn %r\n",
                                  gradient.image, gradient.results, gradient.window));
        const std::vector<Array> inputs = fill_parameters(graph);
        const auto of_form = [&](ir::Packing packing, int rows, int depth) {
            return plan_kernels(
                graph, true, [=](const passes::KernelStep& step, const ir::Machine& machine) {
                    ir::Schedule schedule =
                        tiled_schedule(step, machine, {packing, rows, 2, depth, 4});
                    // Filters are columns, beside windows along lines.
                    schedule.vector_atom = 0;
                    schedule.row_atom =
                        std::ranges::find(step.region.stages, ir::StageKind::contraction,
                                          &ir::Stage::kind)
                            ->atoms.front() -
                        1;
                    for (int atom = schedule.row_atom; atom-- > 1;) {
                        schedule.together.push_back(atom);
                    }
                    return schedule;
                });
        };
        const std::vector<Array> expected = run_kernels(of_form(ir::Packing::both, 3, 32), inputs);
        for (const auto& [rows, depth] : {std::pair(3, 32), std::pair(2, 64), std::pair(3, 16)}) {
            CAPTURE(rows, depth);
            const detail::Planned planned = of_form(ir::Packing::swept, rows, depth);
            CHECK(same_bits(run_kernels(planned, inputs)[0], expected[0]));
            CHECK(same_bits(run_kernels(planned, inputs, 2)[0], expected[0]));
        }
    }
}
