#include "benchmarks/peers/program/measurement.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "benchmarks/peers/program/process.h"

namespace latent::peers {

namespace {

constexpr int most_warmup_calls = 5000;
/// Calls that are shorter are timed several at a time.
constexpr double least_timed = 20e-6;
constexpr double grouped_time = 50e-6;
constexpr int largest_group = 1000;

class Clock {
  public:
    double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

  private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

using Call = std::function<void()>;

double seconds_of(const Call& call, int count) {
    const Clock clock;
    for (int i = 0; i < count; ++i) {
        call();
    }
    return clock.seconds() / count;
}

double growth_in_megabytes(std::int64_t resident_before) {
    return static_cast<double>(status_kilobytes("VmHWM") - resident_before) / 1024;
}

/// Seconds of the last of the calls before the timed ones: thread pools and clocks settle only
/// then.
double warm_up(const Call& call, const Repetition& repetition, double first,
               std::vector<double>& first_calls) {
    const bool slow = first > repetition.max_seconds;
    const Clock clock;
    double last = first;
    for (int calls = 1; calls < (slow ? 2 : 4) ||
                        (clock.seconds() < repetition.warmup_seconds && calls < most_warmup_calls);
         ++calls) {
        last = seconds_of(call, 1);
        if (first_calls.size() < 4) {
            first_calls.push_back(1e3 * last);
        }
        if (last > repetition.max_seconds) {
            break;
        }
    }
    return last;
}

void time_calls(const Call& call, const Repetition& repetition, double expected,
                nlohmann::json& times) {
    const int group =
        expected >= least_timed
            ? 1
            : std::min(largest_group,
                       static_cast<int>(std::ceil(grouped_time / std::max(expected, 1e-7))));
    const double busy_before = busy_seconds_of_machine();
    const double own_before = processor_seconds();
    const Clock clock;
    std::vector<double> seconds;
    const auto enough = [&] {
        const int count = static_cast<int>(seconds.size());
        const double elapsed = clock.seconds();
        return (count >= repetition.min_count && elapsed >= repetition.min_seconds) ||
               (elapsed >= repetition.max_seconds && count >= std::min(3, repetition.min_count)) ||
               count >= repetition.max_count;
    };
    do {
        seconds.push_back(seconds_of(call, group));
    } while (!enough());
    const double elapsed = clock.seconds();
    const double others =
        busy_seconds_of_machine() - busy_before - (processor_seconds() - own_before);
    std::ranges::sort(seconds);
    const std::size_t count = seconds.size();
    times["timed_s"] = elapsed;
    times["others_cpu"] = std::max(0.0, others / elapsed);
    times["reps"] = count;
    times["inner"] = group;
    times["warm_ms"] = 1e3 * (seconds[count / 2] + seconds[(count - 1) / 2]) / 2;
    times["min_ms"] = 1e3 * seconds.front();
    times["p90_ms"] = 1e3 * seconds[std::min(count - 1, count * 9 / 10)];
}

}  // namespace

nlohmann::json measure(const Call& call, const Repetition& repetition, bool measures_memory) {
    nlohmann::json times;
    reset_peak_memory();
    const std::int64_t resident = status_kilobytes("VmRSS");
    const double first = seconds_of(call, 1);
    times["cold_ms"] = 1e3 * first;
    if (measures_memory) {
        times["rss_growth_cold_mb"] = growth_in_megabytes(resident);
    }
    std::vector<double> first_calls{1e3 * first};
    if (repetition.max_count > 0) {
        const double last = warm_up(call, repetition, first, first_calls);
        if (measures_memory) {
            reset_peak_memory();
            call();
            times["rss_growth_warm_mb"] = growth_in_megabytes(resident);
        }
        time_calls(call, repetition, last, times);
    }
    times["first_calls_ms"] = first_calls;
    times["peak_rss_mb"] = static_cast<double>(status_kilobytes("VmHWM")) / 1024;
    return times;
}

}  // namespace latent::peers
