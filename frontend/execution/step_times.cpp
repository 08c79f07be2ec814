#include "frontend/execution/step_times.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <numeric>

namespace latent::detail {

std::vector<double> time_steps(const Planned& planned, std::span<const std::byte* const> inputs,
                               codegen::runtime::Context& context) {
    using Clock = std::chrono::steady_clock;
    constexpr int runs = 3;
    std::vector<double> seconds(planned.places.size(), std::numeric_limits<double>::infinity());
    std::vector<std::size_t> order(seconds.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return planned.places[i].launch; });
    for (int i = 0; i < runs; ++i) {
        codegen::runtime::PlanRun run(planned.plan, inputs, context);
        for (const std::size_t of : order) {
            const Planned::Place& place = planned.places[of];
            const codegen::runtime::PlanLaunch& whole = planned.plan.launches[place.launch];
            const codegen::runtime::PlanLaunch call{
                whole.kernel, {whole.calls[place.call]}, whole.parallel};
            const auto begin = Clock::now();
            run.launch(call, *planned.plan.kernels[static_cast<std::size_t>(call.kernel)]);
            const std::chrono::duration<double> passed = Clock::now() - begin;
            seconds[of] = std::min(seconds[of], passed.count());
        }
    }
    return seconds;
}

}  // namespace latent::detail
