#include <cstring>
#include <fstream>

#include "codegen/runtime/machine.h"
#include "frontend/execution/evaluation.h"
#include "frontend/execution/extraction.h"
#include "frontend/execution/plan_tuner.h"
#include "frontend/execution/planning.h"
#include "frontend/execution/schedule_choice.h"
#include "frontend/execution/tuning_budget.h"
#include "frontend/tensor/access.h"
#include "passes/schedule/schedule_space.h"
#include "tests/codegen/runtime_fixtures.h"
#include "tests/frontend/support.h"

using namespace latent;
using codegen::runtime::Context;
using codegen::runtime::TemporaryFolder;
using codegen::runtime::testing::ScopedEnvironment;

namespace {

Context::Options options_with(const TemporaryFolder& folder) {
    Context::Options options;
    options.num_threads = 1;
    options.kernels.disk.folder = folder.path();
    return options;
}

ir::Graph graph_of(const Tensor& tensor) {
    const std::vector<ir::Value> wanted{detail::value_of(tensor, std::source_location::current())};
    return detail::detach(detail::extract(wanted));
}

/// The one kernel of the product of a matrix of `rows` rows.
passes::KernelStep product_step(std::int64_t rows) {
    const ir::Graph graph = graph_of(matmul(zeros({rows, 40}).eval(), zeros({40, 48}).eval()));
    detail::Planned planned =
        detail::make_plan(graph, codegen::runtime::this_machine(), passes::PipelineOptions{});
    REQUIRE(planned.partition.steps.size() == 1);
    passes::KernelStep step = planned.partition.steps[0];
    step.inputs.clear();  // which are of the graph
    step.results.clear();
    step.nodes.clear();
    return step;
}

ir::Schedule some_neighbour(const passes::KernelStep& step) {
    const passes::ScheduleSpace space(step.region, step.classification,
                                      codegen::runtime::this_machine(), step.extents);
    return space.neighbours(space.default_schedule()).at(0);
}

bool same_bits(const Tensor& a, const Tensor& b) {
    const std::span<const float> x = a.data<float>();
    const std::span<const float> y = b.data<float>();
    return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size_bytes()) == 0;
}

}  // namespace

TEST_CASE("a schedule that is kept is the one of its kernel, machine, threads and size class",
          "[tuning]") {
    const TemporaryFolder folder;
    Context context(options_with(folder));
    const ir::Machine& machine = codegen::runtime::this_machine();
    const passes::KernelStep step = product_step(64);
    const ir::Schedule usual = detail::default_schedule_of(step, machine);
    const ir::Schedule tuned = some_neighbour(step);
    CHECK(detail::schedule_for(step, machine, context) == usual);
    context.tuned_schedules().keep(detail::tuning_key(step, machine, 1),
                                   detail::schedule_text(tuned));
    CHECK(detail::schedule_for(step, machine, context) == tuned);
    CHECK(detail::schedule_for(product_step(63), machine, context) == tuned);

    const passes::KernelStep larger = product_step(128);
    CHECK(detail::schedule_for(larger, machine, context) ==
          detail::default_schedule_of(larger, machine));
    ir::Machine other = machine;
    other.l2_bytes *= 2;
    CHECK(detail::schedule_for(step, other, context) == detail::default_schedule_of(step, other));

    Context later(options_with(folder));
    CHECK(detail::schedule_for(step, machine, later) == tuned);
    later.threads().set_num_threads(2);
    CHECK(detail::schedule_for(step, machine, later) == usual);
}

TEST_CASE("what is kept but is no schedule of the kernel is not used", "[tuning]") {
    const TemporaryFolder folder;
    Context context(options_with(folder));
    const ir::Machine& machine = codegen::runtime::this_machine();
    const passes::KernelStep step = product_step(64);
    const ir::Schedule usual = detail::default_schedule_of(step, machine);
    const std::string key = detail::tuning_key(step, machine, 1);
    for (const char* text : {"", "nonsense", "schedule", "schedule contraction avx2 lanes 9"}) {
        context.tuned_schedules().keep(key, text, true);
        CHECK(detail::schedule_for(step, machine, context) == usual);
    }
    ir::Schedule wrong = usual;
    wrong.tile_rows = 100;
    context.tuned_schedules().keep(key, detail::schedule_text(wrong), true);
    CHECK(detail::schedule_for(step, machine, context) == usual);
}

TEST_CASE("a search looks at the kernels of a plan and keeps what it finds", "[tuning]") {
    const TemporaryFolder folder;
    Context context(options_with(folder));
    const Tensor x = normal(Key(1), {96, 64}).eval();
    const ir::Graph graph = graph_of(softmax(x, 1));
    const std::vector<const std::byte*> inputs{
        reinterpret_cast<const std::byte*>(x.data<float>().data())};
    const detail::TuningSearch search{.options = {.seconds = 600, .progress = false, .keep = true},
                                      .only_new = true};
    const TuningReport report = detail::tune_plan(graph, inputs, search, context);
    CHECK(report.fusion.is_complete);
    CHECK(report.fusion.candidates > 0);
    CHECK(report.fusion.milliseconds_after <= report.fusion.milliseconds_before);
    REQUIRE_FALSE(report.kernels.empty());  // more than one where it was better to store a value
    int candidates = report.fusion.candidates;
    for (const TunedKernel& kernel : report.kernels) {
        INFO(kernel.name);
        CHECK(kernel.is_complete);
        CHECK(kernel.candidates > 0);
        CHECK(kernel.name.find(" of [96,64]") != std::string::npos);
        CHECK(kernel.milliseconds_after <= kernel.milliseconds_before);
        CHECK(kernel.milliseconds_after > 0);
        CHECK(to_string(report).find(kernel.name) != std::string::npos);
        candidates += kernel.candidates;
    }
    CHECK(report.candidates == candidates);
    CHECK(report.milliseconds_after > 0);
    CHECK(report.file == folder.path() / codegen::runtime::TunedSchedules::file_name);
    CHECK(to_string(report).find(" fusion") != std::string::npos);

    // Another process knows the kernels, and what they fuse.
    Context later(options_with(folder));
    const TuningReport again = detail::tune_plan(graph, inputs, search, later);
    CHECK(again.kernels.empty());
    CHECK(again.candidates == 0);
}

TEST_CASE("tuning changes no result and computes none", "[tuning]") {
    const Tensor a = normal(Key(1), {33, 50}).eval();
    const Tensor b = normal(Key(2), {50, 41}).eval();
    const auto function = [](const Tensor& x, const Tensor& y) {
        return std::pair(softmax(matmul(x, y), 1), exp(x).sum(0));
    };
    const auto [product, sums] = function(a, b);
    eval(product, sums);
    const TuningOptions options{.seconds = 2, .progress = false, .keep = false};
    const TuningReport report = tune(compile(function), std::tuple(a, b), options);
    CHECK(report.candidates > 0);
    CHECK(report.file.empty());
    const auto [product_after, sums_after] = function(a, b);
    CHECK_FALSE(product_after.is_ready());
    CHECK(same_bits(product_after, product));
    CHECK(same_bits(sums_after, sums));

    CHECK(tune([](const Tensor& x) { return x; }, a, options).kernels.empty());
}

TEST_CASE("explain says that a schedule was tuned", "[tuning]") {
    const Tensor product = matmul(ones({72, 40}).eval(), ones({40, 48}).eval());
    CHECK(explain(product).find("tuned") == std::string::npos);
    const passes::KernelStep step = product_step(72);
    Context& context = codegen::runtime::context();
    const ir::Machine& machine = codegen::runtime::this_machine();
    const std::string key = detail::tuning_key(step, machine, context.threads().num_threads());
    context.tuned_schedules().keep(key, detail::schedule_text(some_neighbour(step)), true);
    CHECK(explain(product).find("schedule tuned by measurement") != std::string::npos);
    context.tuned_schedules().keep(
        key, detail::schedule_text(detail::default_schedule_of(step, machine)), true);
    CHECK(explain(product).find("tuned") == std::string::npos);
}

TEST_CASE("tuning for no time is refused", "[tuning]") {
    const Tensor x = ones({3});
    const auto negated = [](const Tensor& y) { return -y; };
    CHECK(test::message_of<ValueError>([&] {
              tune(negated, x, {.seconds = 0});
          }).find("tune: seconds must be above 0, got 0") != std::string::npos);
    CHECK_THROWS_AS(tune(negated, x, {.seconds = test::not_a_number}), ValueError);
}

TEST_CASE("LATENT_TUNE gives a process seconds, which are spent once", "[tuning]") {
    const auto seconds_of = [](const char* value) {
        const ScopedEnvironment environment("LATENT_TUNE", value);
        return detail::TuningBudget().seconds_left();
    };
    CHECK(seconds_of(nullptr) == 0);
    CHECK(seconds_of("1") == 60);
    CHECK(seconds_of("17") == 17);

    const ScopedEnvironment environment("LATENT_TUNE", "1");
    detail::TuningBudget budget;
    double given = 0;
    budget.spend([&](double seconds) { given = seconds; });
    CHECK(given == 60);
    CHECK(budget.seconds_left() < 60);
}
