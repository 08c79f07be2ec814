#pragma once

#include <functional>
#include <utility>

namespace latent::detail {

/// A candidate must be faster by this, twice, to take the place of what it is compared with.
inline constexpr double least_tuning_gain = 1.03;

/// The least seconds that each of two pieces of work took, run in turn, so that a slow moment of
/// the machine meets both. Short ones are timed in groups; all of it takes some 40 ms, or a few
/// runs of each.
std::pair<double, double> time_in_turn(const std::function<void()>& first,
                                       const std::function<void()>& second);

/// Whether a candidate takes less than the time of the incumbent divided by `gain`, in two such
/// measurements.
bool is_faster(const std::function<void()>& candidate, const std::function<void()>& incumbent,
               double gain);

}  // namespace latent::detail
