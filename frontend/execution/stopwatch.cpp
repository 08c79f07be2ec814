#include "frontend/execution/stopwatch.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace latent::detail {

namespace {

using Clock = std::chrono::steady_clock;

constexpr double group_seconds = 100e-6;
constexpr double round_seconds = 40e-3;  // of all rounds together
constexpr int least_rounds = 3;
constexpr int most_rounds = 40;

/// Of one run, on average over a group of them.
double seconds_of(const std::function<void()>& work, int runs) {
    const auto begin = Clock::now();
    for (int run = 0; run < runs; ++run) {
        work();
    }
    return std::chrono::duration<double>(Clock::now() - begin).count() / runs;
}

int runs_of_group(double seconds) {
    return static_cast<int>(std::clamp(group_seconds / seconds, 1.0, 1000.0));
}

int rounds_of(double seconds) {
    return static_cast<int>(
        std::clamp(round_seconds / seconds, double{least_rounds}, double{most_rounds}));
}

}  // namespace

std::pair<double, double> time_in_turn(const std::function<void()>& first,
                                       const std::function<void()>& second) {
    const double warm_first = seconds_of(first, 1);
    const double warm_second = seconds_of(second, 1);
    const int runs_first = runs_of_group(warm_first);
    const int runs_second = runs_of_group(warm_second);
    const int rounds = rounds_of(runs_first * warm_first + runs_second * warm_second);
    std::pair best(std::numeric_limits<double>::infinity(),
                   std::numeric_limits<double>::infinity());
    for (int round = 0; round < rounds; ++round) {
        best.first = std::min(best.first, seconds_of(first, runs_first));
        best.second = std::min(best.second, seconds_of(second, runs_second));
    }
    return best;
}

bool is_faster(const std::function<void()>& candidate, const std::function<void()>& incumbent,
               double gain) {
    // One that is far off is not worth the rounds.
    constexpr double far_off = 1.5;
    const double once = std::min(seconds_of(candidate, 1), seconds_of(candidate, 1));
    if (once > far_off * seconds_of(incumbent, 1)) {
        return false;
    }
    for (int measurement = 0; measurement < 2; ++measurement) {
        const auto [candidate_seconds, incumbent_seconds] = time_in_turn(candidate, incumbent);
        if (candidate_seconds * gain > incumbent_seconds) {
            return false;
        }
    }
    return true;
}

}  // namespace latent::detail
