#include "frontend/execution/fusion_tuner.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "codegen/runtime/machine.h"
#include "frontend/execution/fusion_choice.h"
#include "frontend/execution/launch_times.h"
#include "frontend/execution/planning.h"
#include "frontend/execution/stopwatch.h"
#include "ir/errors.h"

namespace latent::detail {

namespace {

namespace runtime = codegen::runtime;

/// Steps that take a smaller part of the plan's time are left alone: no choice about them would be
/// seen in it.
constexpr double least_share = 0.02;
constexpr double milliseconds = 1e3;

/// Bytes of what a plan makes while it runs.
std::size_t memory_of(const runtime::Plan& plan) {
    return std::accumulate(plan.output_bytes.begin(), plan.output_bytes.end(), plan.arena_bytes);
}

double sum_of(const std::vector<double>& seconds) {
    return std::accumulate(seconds.begin(), seconds.end(), 0.0);
}

class FusionTuner {
  public:
    FusionTuner(const FusionSpace& space, const ir::Machine& machine, const FusionSearch& search,
                runtime::Context& context)
        : space_(space),
          machine_(machine),
          search_(search),
          context_(context),
          before_(plan(fusion_for(space.graph(), machine, context)).value()),
          best_(before_) {
        before_.plan.kernels = context_.kernels().get_all(before_.plan.requests);
        best_.plan.kernels = before_.plan.kernels;
    }

    FusionFound tune() {
        FusionFound found;
        bool improved = true;
        while (improved && !search_.is_time_up()) {
            improved = try_neighbours(found.report.candidates);
        }
        found.report.is_complete = !improved && !search_.is_time_up();
        // Of a few steps that seemed to gain by noise, all may be gone.
        const bool is_faster_twice = best_.fusion != before_.fusion &&
                                     is_faster(runs(best_), runs(before_), least_tuning_gain);
        const auto [before, after] = time_in_turn(runs(before_), runs(best_));
        const bool is_improved = is_faster_twice && after < before;
        found.choices = is_improved ? best_.fusion : before_.fusion;
        found.report.milliseconds_before = before * milliseconds;
        found.report.milliseconds_after =
            is_improved ? after * milliseconds : found.report.milliseconds_before;
        found.report.change = change_to(found.choices);
        return found;
    }

  private:
    std::optional<Planned> plan(const passes::FusionChoices& choices) const {
        std::optional<passes::Partition> partition = space_.partition(choices);
        return partition
                   ? std::optional(plan_partition(space_.graph(), choices, std::move(*partition),
                                                  machine_, kept_choices(context_).schedule))
                   : std::nullopt;
    }

    std::function<void()> runs(const Planned& planned) const {
        return [this, &planned] { runtime::run(planned.plan, search_.inputs, context_); };
    }

    std::vector<double> times(const Planned& planned) const {
        return time_steps(planned, search_.inputs, context_);
    }

    std::vector<passes::FusionChoices> neighbours() const;
    /// The next plans to be timed, as many as are compiled at once; `next` moves on.
    std::vector<Planned> compile_some(const std::vector<passes::FusionChoices>& open,
                                      std::size_t& next) const;
    bool try_neighbours(int& candidates);
    bool is_better(const Planned& planned) const;
    std::string change_to(const passes::FusionChoices& choices) const;

    const FusionSpace& space_;
    const ir::Machine& machine_;
    const FusionSearch& search_;
    runtime::Context& context_;
    Planned before_;
    Planned best_;
    double gain_ = 1;
    std::vector<passes::FusionChoices> tried_;
};

/// Those that were not tried yet, about the steps that take the most time first.
std::vector<passes::FusionChoices> FusionTuner::neighbours() const {
    const std::vector<double> seconds = times(best_);
    const double total = sum_of(seconds);
    std::vector<std::size_t> steps(seconds.size());
    std::iota(steps.begin(), steps.end(), std::size_t{0});
    std::erase_if(steps, [&](std::size_t i) { return seconds[i] < least_share * total; });
    std::ranges::stable_sort(steps, std::ranges::greater{},
                             [&](std::size_t i) { return seconds[i]; });
    std::vector<passes::FusionChoices> open;
    for (const std::size_t step : steps) {
        for (passes::FusionChoices& choices :
             space_.neighbours(best_.fusion, best_.partition, step)) {
            if (std::ranges::find(tried_, choices) == tried_.end() &&
                std::ranges::find(open, choices) == open.end()) {
                open.push_back(std::move(choices));
            }
        }
    }
    return open;
}

std::vector<Planned> FusionTuner::compile_some(const std::vector<passes::FusionChoices>& open,
                                               std::size_t& next) const {
    const auto most = static_cast<std::size_t>(runtime::hardware_threads());
    // A quarter more, or what the last cache holds.
    const std::size_t bytes = memory_of(before_.plan);
    const std::size_t most_bytes =
        bytes + std::max(bytes / 4, static_cast<std::size_t>(machine_.l3_bytes));
    std::vector<Planned> plans;
    std::vector<std::string> requests;
    for (; next < open.size() && plans.size() < most && !search_.is_time_up(); ++next) {
        std::optional<Planned> planned = plan(open[next]);
        if (planned && planned->plan.requests != best_.plan.requests &&
            memory_of(planned->plan) <= most_bytes) {
            requests.insert(requests.end(), planned->plan.requests.begin(),
                            planned->plan.requests.end());
            plans.push_back(std::move(*planned));
        }
    }
    std::ranges::sort(requests);
    requests.erase(std::ranges::unique(requests).begin(), requests.end());
    try {
        context_.kernels().get_all(requests);  // in parallel
    } catch (const CompileError&) {
        // It comes again below, for the plan that it belongs to.
    }
    std::erase_if(plans, [&](Planned& planned) {
        try {
            planned.plan.kernels = context_.kernels().get_all(planned.plan.requests);
            return false;
        } catch (const CompileError&) {
            return true;
        }
    });
    return plans;
}

bool FusionTuner::is_better(const Planned& planned) const {
    try {
        // The least time of each step tells sooner, and with less noise, that nothing is gained.
        return sum_of(times(planned)) * least_tuning_gain < sum_of(times(best_)) &&
               is_faster(runs(planned), runs(best_), least_tuning_gain);
    } catch (const OutOfMemory&) {
        return false;
    }
}

/// Whether one was better, from which the search goes on.
bool FusionTuner::try_neighbours(int& candidates) {
    const std::vector<passes::FusionChoices> open = neighbours();
    bool improved = false;
    for (std::size_t next = 0; next < open.size() && !improved && !search_.is_time_up();) {
        const std::size_t first = next;
        std::vector<Planned> plans = compile_some(open, next);
        tried_.insert(tried_.end(), open.begin() + static_cast<std::ptrdiff_t>(first),
                      open.begin() + static_cast<std::ptrdiff_t>(next));
        for (Planned& planned : plans) {
            search_.report_progress(++candidates, gain_);
            if (is_better(planned)) {
                best_ = std::move(planned);
                improved = true;
                continue;
            }
            for (const std::string& request : planned.plan.requests) {
                if (std::ranges::find(best_.plan.requests, request) == best_.plan.requests.end()) {
                    context_.kernels().forget(request);
                }
            }
        }
    }
    if (improved) {
        const auto [before, after] = time_in_turn(runs(before_), runs(best_));
        gain_ = before / after;
    }
    return improved;
}

/// `exp (train.cpp:42) stored, mul (train.cpp:43) computed again`
std::string FusionTuner::change_to(const passes::FusionChoices& choices) const {
    std::string text;
    const auto add = [&](const std::vector<std::uint32_t>& positions,
                         const std::vector<std::uint32_t>& before, std::string_view what) {
        for (const std::uint32_t position : positions) {
            if (!std::ranges::binary_search(before, position)) {
                text += fmt::format("{}{} {}", text.empty() ? "" : ", ",
                                    described(space_.value(position)), what);
            }
        }
    };
    constexpr std::string_view no_more = "as by default";
    add(choices.stored, before_.fusion.stored, "stored");
    add(choices.computed_again, before_.fusion.computed_again, "computed again");
    add(before_.fusion.stored, choices.stored, no_more);
    add(before_.fusion.computed_again, choices.computed_again, no_more);
    return text;
}

}  // namespace

FusionFound search_fusion(const FusionSpace& space, const ir::Machine& machine,
                          const FusionSearch& search, runtime::Context& context) {
    return FusionTuner(space, machine, search, context).tune();
}

}  // namespace latent::detail
