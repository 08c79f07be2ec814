#include "frontend/execution/planning.h"
#include "passes/partition/possible_schedule.h"
#include "tests/frontend/support.h"

using namespace latent;

namespace {

/// A product of reflections whose vectors are columns of a lazy matrix.
Tensor reflected(const Tensor& x) {
    const Tensor unit = eye(4).eval();
    const Tensor signs = where(diagonal(x) < 0, -ones({4}), 1);
    const Tensor shifted = x + unit * (signs * sqrt(square(x).sum(0)));
    const Tensor normal = shifted / sqrt(square(shifted).sum(0));
    Tensor result = unit * -signs;
    for (const int column : {1, 0}) {
        const Tensor axis = normal.select(1, column);
        result = result - 2 * outer(axis, matmul(axis, result));
    }
    return result;
}

}  // namespace

TEST_CASE("Lines that lie farther than a kernel can count are summed one by one") {
    passes::KernelStep step;
    step.extents = {64, 56};
    step.inputs = {{nullptr, 0, {58, 1}, {}}};
    ir::Schedule schedule;
    schedule.line_atom = 0;
    schedule.tile_lines = 0;
    CHECK(passes::possible_schedule(step, schedule) == schedule);
    for (const std::int64_t stride : {std::int64_t{1} << 25, -(std::int64_t{1} << 25)}) {
        step.inputs[0].strides[0] = stride;
        const ir::Schedule changed = passes::possible_schedule(step, schedule);
        CHECK(changed.line_atom == -1);
        CHECK(changed.tile_lines == 1);
    }
}

TEST_CASE("The ends of rows overlap where these are as long as what is stored at a time") {
    passes::KernelStep step;
    ir::Schedule schedule;
    schedule.vector_atom = 1;
    schedule.lanes = 8;
    schedule.unroll = 2;
    schedule.ends_overlap = true;
    step.extents = {64, 16};
    CHECK(passes::possible_schedule(step, schedule) == schedule);
    step.extents = {64, 15};
    CHECK_FALSE(passes::possible_schedule(step, schedule).ends_overlap);
    // Nor do tiles of more rows than there are, which would begin before the first.
    step.extents = {24, 16};
    schedule.row_atom = 0;
    schedule.tile_rows = 16;
    CHECK(passes::possible_schedule(step, schedule) == schedule);
    schedule.tile_rows = 32;
    CHECK_FALSE(passes::possible_schedule(step, schedule).ends_overlap);
}

TEST_CASE("Rows are scanned side by side where there are as many, of as many elements") {
    passes::KernelStep step;
    ir::Schedule schedule;
    schedule.kind = ir::Template::scan;
    schedule.vector_atom = 1;
    schedule.row_atom = 0;
    schedule.tile_rows = 8;
    step.extents = {8, 8};
    CHECK(passes::possible_schedule(step, schedule) == schedule);
    for (const std::vector<std::int64_t>& extents : {std::vector<std::int64_t>{7, 8}, {8, 7}}) {
        step.extents = extents;
        const ir::Schedule changed = passes::possible_schedule(step, schedule);
        CHECK(changed.row_atom == -1);
        CHECK(changed.tile_rows == 0);
    }
}

TEST_CASE("Rows go on from line to line where the results' lines do") {
    passes::KernelStep step;
    step.extents = {64, 56, 3};
    step.region.inputs.resize(3);
    step.region.stages.resize(5);
    for (int i = 0; i < 3; ++i) {
        step.region.stages[static_cast<std::size_t>(i)].input = i;
    }
    step.region.stages[3].kind = ir::StageKind::contraction;
    step.region.stages[3].operands = {0, 1};
    step.region.stages[4].kind = ir::StageKind::elementwise;
    step.region.stages[4].operands = {3, 2};
    step.inputs = {
        {nullptr, 0, {58, 1, 7}, {}}, {nullptr, 0, {0, 0, 1}, {}}, {nullptr, 0, {56, 1, 0}, {}}};
    step.results = {{nullptr, 0, {56, 1, 0}}};
    ir::Schedule schedule;
    schedule.packing = ir::Packing::columns;
    schedule.row_atom = 1;
    schedule.line_atom = 0;
    schedule.tile_lines = 0;
    CHECK(passes::possible_schedule(step, schedule) == schedule);
    step.inputs[2].strides = {0, 0, 0};
    CHECK(passes::possible_schedule(step, schedule) == schedule);
    step.inputs[2].strides = {57, 1, 0};
    CHECK(passes::possible_schedule(step, schedule).line_atom == -1);
    step.inputs[2].strides = {56, 1, 0};
    step.results[0].strides = {57, 1, 0};
    CHECK(passes::possible_schedule(step, schedule).line_atom == -1);
}

TEST_CASE(
    "a value is not stored by a kernel that waits for a reader of its bytes in another shape") {
    const Tensor lazy = normal(Key(1), {4, 4});
    const Tensor ready = normal(Key(1), {4, 4}).eval();
    const std::vector<double> expected = test::values(reflected(ready));
    test::check_values(reflected(lazy), {4, 4}, expected, 1e-6);
}
