#include "frontend/execution/launch_times.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <numeric>

namespace latent::detail {

namespace runtime = codegen::runtime;

namespace {

constexpr double never = std::numeric_limits<double>::infinity();

double seconds_of(const std::function<void()>& work) {
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    work();
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

std::vector<double> time_launches(const runtime::Plan& plan,
                                  std::span<const runtime::PlanLaunch> launches, int runs,
                                  std::span<const std::byte* const> inputs,
                                  runtime::Context& context) {
    std::vector<double> seconds(launches.size(), never);
    for (int i = 0; i < runs; ++i) {
        runtime::PlanRun run(plan, inputs, context);
        for (std::size_t of = 0; of < launches.size(); ++of) {
            const runtime::PlanLaunch& launch = launches[of];
            const runtime::Kernel& kernel = *plan.kernels[static_cast<std::size_t>(launch.kernel)];
            seconds[of] = std::min(seconds[of], seconds_of([&] { run.launch(launch, kernel); }));
        }
    }
    return seconds;
}

std::vector<double> time_steps(const Planned& planned, std::span<const std::byte* const> inputs,
                               runtime::Context& context) {
    constexpr int runs = 3;
    std::vector<std::size_t> order(planned.places.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return planned.places[i].launch; });
    std::vector<runtime::PlanLaunch> calls;
    for (const std::size_t of : order) {
        const Planned::Place& place = planned.places[of];
        const runtime::PlanLaunch& whole = planned.plan.launches[place.launch];
        calls.push_back({whole.kernel, {whole.calls[place.call]}, whole.parallel});
    }
    const std::vector<double> in_order = time_launches(planned.plan, calls, runs, inputs, context);
    std::vector<double> seconds(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        seconds[order[i]] = in_order[i];
    }
    return seconds;
}

double time_plan(const runtime::Plan& plan, int runs, std::span<const std::byte* const> inputs,
                 runtime::Context& context) {
    double seconds = never;
    for (int i = 0; i < runs; ++i) {
        seconds = std::min(seconds, seconds_of([&] { runtime::run(plan, inputs, context); }));
    }
    return seconds;
}

}  // namespace latent::detail
