#include "frontend/execution/plan_profile.h"

#include <algorithm>
#include <functional>

#include "codegen/runtime/machine.h"
#include "frontend/execution/fusion_choice.h"
#include "frontend/execution/kernel_work.h"
#include "frontend/execution/launch_times.h"
#include "frontend/execution/planning.h"
#include "frontend/execution/schedule_choice.h"

namespace latent::detail {

namespace {

constexpr double milliseconds = 1e3;

/// About how long to time launches, and as long to time whole plans.
constexpr double seconds_of_runs = 0.25;
constexpr int least_runs = 3;
constexpr int most_runs = 100;

}  // namespace

Profile profile_plan(const ir::Graph& graph, std::span<const std::byte* const> inputs,
                     codegen::runtime::Context& context) {
    Planned planned = make_plan(graph, codegen::runtime::this_machine(),
                                passes::PipelineOptions::from_environment(), kept_choices(context));
    planned.plan.kernels = context.kernels().get_all(planned.plan.requests);

    time_plan(planned.plan, 1, inputs, context);  // first touches
    const double once = time_plan(planned.plan, 1, inputs, context);
    const int runs =
        static_cast<int>(std::clamp<double>(seconds_of_runs / once, least_runs, most_runs));

    Profile profile;
    profile.milliseconds = milliseconds * time_plan(planned.plan, runs, inputs, context);
    for (const double seconds :
         time_launches(planned.plan, planned.plan.launches, runs, inputs, context)) {
        profile.launches.push_back({.name = {}, .milliseconds = milliseconds * seconds});
    }
    for (std::size_t i = 0; i < planned.places.size(); ++i) {
        const passes::KernelStep& step = planned.partition.steps[i];
        const Planned::Place& place = planned.places[i];
        ProfiledLaunch& launch = profile.launches[place.launch];
        if (place.call == 0) {
            launch.name = described(step);
            launch.calls = planned.plan.launches[place.launch].calls.size();
        }
        const KernelWork work = work_of(step);
        launch.multiply_adds += work.multiply_adds;
        launch.bytes += work.bytes;
    }
    std::ranges::stable_sort(profile.launches, std::ranges::greater{},
                             &ProfiledLaunch::milliseconds);
    return profile;
}

}  // namespace latent::detail
