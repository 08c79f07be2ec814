#include "frontend/execution/plan_tuner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codegen/runtime/machine.h"
#include "frontend/execution/fusion_choice.h"
#include "frontend/execution/fusion_space.h"
#include "frontend/execution/fusion_tuner.h"
#include "frontend/execution/launch_times.h"
#include "frontend/execution/planning.h"
#include "frontend/execution/schedule_choice.h"
#include "frontend/execution/stopwatch.h"
#include "frontend/execution/tuning_progress.h"
#include "ir/errors.h"
#include "ir/print.h"
#include "passes/partition/possible_schedule.h"
#include "passes/schedule/schedule_space.h"

namespace latent::detail {

namespace {

namespace runtime = codegen::runtime;
using Clock = std::chrono::steady_clock;

/// Kernels that take a smaller part of the plan's time are left alone.
constexpr double least_share = 0.005;

/// The part of its time after which a search for what is fused gives way to that for schedules.
constexpr double fusion_share = 0.5;

constexpr double milliseconds = 1e3;

/// Steps of a plan that share a kernel and a size class, and so a schedule.
struct Group {
    std::string key;
    double seconds = 0;              ///< of all of them
    std::size_t launch = 0;          ///< the one in which they take the most time
    std::vector<std::size_t> steps;  ///< of that launch
};

/// A schedule, and what it takes to run it for a group.
struct Trial {
    ir::Schedule schedule;
    std::string request;
    std::shared_ptr<const runtime::Kernel> kernel;
    runtime::PlanLaunch launch;
};

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// The fields of a schedule, by name, as text.
std::vector<std::pair<std::string_view, std::string>> fields_of(const ir::Schedule& schedule) {
    std::vector<std::pair<std::string_view, std::string>> fields;
    ir::for_each_field(schedule, [&](std::string_view name, const auto& value) {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, ir::Packing>) {
            fields.emplace_back(name, ir::name(value));
        } else {
            fields.emplace_back(name, fmt::format("{}", value));
        }
    });
    return fields;
}

/// `tile_rows 6 -> 4, packing columns -> none`
std::string change_of(const ir::Schedule& before, const ir::Schedule& after) {
    const auto fields_before = fields_of(before);
    const auto fields_after = fields_of(after);
    std::string text;
    for (std::size_t i = 0; i < fields_before.size(); ++i) {
        if (fields_before[i] != fields_after[i]) {
            text += fmt::format("{}{} {} -> {}", text.empty() ? "" : ", ", fields_before[i].first,
                                fields_before[i].second, fields_after[i].second);
        }
    }
    return text;
}

class PlanTuner {
  public:
    PlanTuner(const ir::Graph& graph, std::span<const std::byte* const> inputs,
              const TuningSearch& search, runtime::Context& context)
        : graph_(graph),
          inputs_(inputs),
          search_(search),
          context_(context),
          machine_(runtime::this_machine()),
          progress_(search.options.progress, search.options.seconds),
          before_(plan()) {}

    TuningReport tune() {
        TuningReport report;
        report.fusion = tune_fusion();
        report.candidates = report.fusion.candidates;
        planned_ = plan();
        const std::vector<Group> groups = find_groups();
        for (std::size_t i = 0; i < groups.size() && !is_time_up(); ++i) {
            report.kernels.push_back(tune(groups[i], [&](int candidates, double gain) {
                progress_.update(
                    fmt::format("kernel {} of {}: {} schedules", i + 1, groups.size(), candidates),
                    gain);
            }));
            report.candidates += report.kernels.back().candidates;
        }
        compare_plans(report);
        if (search_.options.keep && (!report.kernels.empty() || report.fusion.candidates > 0)) {
            report.file = context_.tuned_schedules().file().string();
        }
        return report;
    }

  private:
    using ReportProgress = std::function<void(int candidates, double gain)>;

    bool is_time_up() const { return seconds_since(begin_) >= search_.options.seconds; }

    /// With what is kept by now.
    Planned plan() const {
        Planned planned = make_plan(graph_, machine_, passes::PipelineOptions::from_environment(),
                                    kept_choices(context_));
        planned.plan.kernels = context_.kernels().get_all(planned.plan.requests);
        return planned;
    }

    const passes::KernelStep& step(std::size_t i) const { return planned_.partition.steps[i]; }
    const runtime::PlanLaunch& launch(std::size_t i) const { return planned_.plan.launches[i]; }
    const runtime::Kernel& kernel_of(const runtime::PlanLaunch& launch) const {
        return *planned_.plan.kernels[static_cast<std::size_t>(launch.kernel)];
    }

    TunedFusion tune_fusion();
    std::vector<Group> find_groups() const;
    TunedKernel tune(const Group& group, const ReportProgress& report) const;
    Trial trial_of(const Group& group, const ir::Schedule& schedule) const;
    std::vector<Trial> compile(const Group& group, std::span<const ir::Schedule> schedules) const;
    void compare_plans(TuningReport& report) const;

    const ir::Graph& graph_;
    std::span<const std::byte* const> inputs_;
    const TuningSearch& search_;
    runtime::Context& context_;
    const ir::Machine& machine_;
    const Clock::time_point begin_ = Clock::now();
    TuningProgress progress_;
    const Planned before_;  ///< the search
    Planned planned_;       ///< with what is fused by now, and the schedules from before
};

TunedFusion PlanTuner::tune_fusion() {
    const std::string key = fusion_key(before_.graph, machine_, context_.threads().num_threads());
    if (search_.only_new && context_.tuned_schedules().find(key)) {
        return {};
    }
    const FusionSpace space(before_.graph, machine_);
    const FusionSearch search{
        inputs_, [this] { return seconds_since(begin_) >= fusion_share * search_.options.seconds; },
        [this](int candidates, double gain) {
            progress_.update(fmt::format("fusion: {} plans", candidates), gain);
        }};
    const FusionFound found = search_fusion(space, machine_, search, context_);
    if (found.report.is_complete || !found.report.change.empty()) {
        context_.tuned_schedules().keep(key, fusion_text(found.choices), !search_.options.keep);
    }
    return found.report;
}

/// Those that are worth a search, the longest first.
std::vector<Group> PlanTuner::find_groups() const {
    const std::vector<double> seconds = time_steps(planned_, inputs_, context_);
    // By key and launch.
    std::map<std::string, std::map<std::size_t, Group>> launches;
    for (std::size_t i = 0; i < seconds.size(); ++i) {
        const std::string key = tuning_key(step(i), machine_, context_.threads().num_threads());
        Group& group = launches[key][planned_.places[i].launch];
        group.key = key;
        group.launch = planned_.places[i].launch;
        group.seconds += seconds[i];
        group.steps.push_back(i);
    }
    const double total = std::accumulate(seconds.begin(), seconds.end(), 0.0);
    std::vector<Group> groups;
    for (const auto& [key, of_launches] : launches) {
        const auto seconds_of = [](const auto& entry) { return entry.second.seconds; };
        Group group = std::ranges::max_element(of_launches, {}, seconds_of)->second;
        group.seconds = 0;
        for (const auto& entry : of_launches) {
            group.seconds += entry.second.seconds;
        }
        const bool is_known = search_.only_new && context_.tuned_schedules().find(key).has_value();
        if (!is_known && group.seconds >= least_share * total) {
            groups.push_back(std::move(group));
        }
    }
    std::ranges::stable_sort(groups, std::ranges::greater{}, &Group::seconds);
    return groups;
}

Trial PlanTuner::trial_of(const Group& group, const ir::Schedule& schedule) const {
    Trial trial;
    trial.schedule = schedule;
    for (const std::size_t i : group.steps) {
        trial.schedule = passes::possible_schedule(step(i), trial.schedule);
    }
    trial.request = ir::print(ir::KernelRequest{step(group.steps[0]).region, trial.schedule});
    trial.launch.parallel = launch(group.launch).parallel;
    for (const std::size_t i : group.steps) {
        auto& arguments =
            trial.launch.calls.emplace_back(launch(group.launch).calls[planned_.places[i].call]);
        for (runtime::PlanArgument& argument : arguments) {
            if (const auto number =
                    block_argument(argument.kind, step(i), trial.schedule, machine_)) {
                argument.number = *number;
            }
        }
    }
    return trial;
}

/// Trials of those schedules that the compiler takes.
std::vector<Trial> PlanTuner::compile(const Group& group,
                                      std::span<const ir::Schedule> schedules) const {
    std::vector<Trial> trials;
    std::vector<std::string> requests;
    for (const ir::Schedule& schedule : schedules) {
        requests.push_back(trials.emplace_back(trial_of(group, schedule)).request);
    }
    try {
        context_.kernels().get_all(requests);  // in parallel
    } catch (const CompileError&) {
        // It comes again below, for the schedule that it belongs to.
    }
    std::erase_if(trials, [&](Trial& trial) {
        try {
            trial.kernel = context_.kernels().get(trial.request);
            return false;
        } catch (const CompileError&) {
            return true;
        }
    });
    return trials;
}

TunedKernel PlanTuner::tune(const Group& group, const ReportProgress& report) const {
    runtime::PlanRun run(planned_.plan, inputs_, context_);
    for (std::size_t i = 0; i < group.launch; ++i) {
        run.launch(launch(i), kernel_of(launch(i)));
    }
    const auto runs = [&run](const Trial& trial) {
        return [&run, &trial] { run.launch(trial.launch, *trial.kernel); };
    };
    const auto is_better = [&runs](const Trial& trial, const Trial& other) {
        try {
            return is_faster(runs(trial), runs(other), least_tuning_gain);
        } catch (const OutOfMemory&) {
            return false;  // of its scratch
        }
    };
    const passes::KernelStep& first = step(group.steps[0]);
    const passes::ScheduleSpace space(first.region, first.classification, machine_, first.extents);
    const std::array start{
        ir::parse_kernel_request(kernel_of(launch(group.launch)).request()).schedule};
    const Trial before = compile(group, start).at(0);
    Trial best = before;

    TunedKernel result;
    result.name = described(first);
    std::vector<ir::Schedule> tried{before.schedule};
    double gain = 1;
    const auto try_some = [&](std::span<const ir::Schedule> schedules) {
        bool improved = false;
        tried.insert(tried.end(), schedules.begin(), schedules.end());
        for (Trial& trial : compile(group, schedules)) {
            ++result.candidates;
            report(result.candidates, gain);
            if (is_better(trial, best)) {
                best = std::move(trial);
                improved = true;
            } else {
                context_.kernels().forget(trial.request);
            }
        }
        return improved;
    };
    // As many as are compiled at once; then on from the better one.
    const auto batch = static_cast<std::size_t>(runtime::hardware_threads());
    for (bool improved = true; improved && !is_time_up();) {
        improved = false;
        std::vector<ir::Schedule> open = space.neighbours(best.schedule);
        std::erase_if(open, [&](const ir::Schedule& schedule) {
            return std::ranges::find(tried, schedule) != tried.end();
        });
        std::size_t next = 0;
        while (next < open.size() && !improved && !is_time_up()) {
            const std::size_t count = std::min(batch, open.size() - next);
            improved = try_some(std::span(open).subspan(next, count));
            next += count;
        }
        result.is_complete = !improved && next == open.size();
        if (improved) {
            const auto [seconds_before, seconds_best] = time_in_turn(runs(before), runs(best));
            gain = seconds_before / seconds_best;
        }
    }

    const auto [seconds_before, seconds_best] = time_in_turn(runs(before), runs(best));
    const bool is_improved = best.schedule != before.schedule && seconds_best < seconds_before;
    const Trial& kept = is_improved ? best : before;
    if (is_improved || result.is_complete) {
        context_.tuned_schedules().keep(group.key, schedule_text(kept.schedule),
                                        !search_.options.keep);
    }
    result.milliseconds_before = seconds_before * milliseconds;
    result.milliseconds_after =
        is_improved ? seconds_best * milliseconds : result.milliseconds_before;
    result.change = change_of(before.schedule, kept.schedule);
    return result;
}

void PlanTuner::compare_plans(TuningReport& report) const {
    const Planned tuned = plan();
    const auto runs = [this](const Planned& planned) {
        return [this, &planned] { runtime::run(planned.plan, inputs_, context_); };
    };
    const auto [before, after] = time_in_turn(runs(before_), runs(tuned));
    const bool is_changed = tuned.plan.requests != before_.plan.requests;
    report.milliseconds_before = before * milliseconds;
    report.milliseconds_after = is_changed ? after * milliseconds : report.milliseconds_before;
}

}  // namespace

TuningReport tune_plan(const ir::Graph& graph, std::span<const std::byte* const> inputs,
                       const TuningSearch& search, runtime::Context& context) {
    static std::mutex searching;
    const std::lock_guard lock(searching);
    return PlanTuner(graph, inputs, search, context).tune();
}

}  // namespace latent::detail
