#pragma once

#include <cstdint>
#include <functional>
#include <source_location>

/// Learning rates that change with time: functions of the number of steps done. An optimiser of
/// another rate makes no new plan and compiles nothing:
///
///     const auto rate = optim::schedules::cosine({.peak = 1e-3, .steps = 1000});
///     std::tie(model, state) =
///         optim::Adam({.learning_rate = rate(step)}).update(model, gradients, state);
///
/// ValueError for a rate or factor that is negative, infinite or NaN, for a negative number of
/// steps, and where one that must be positive is 0.
namespace latent::optim {

using Schedule = std::function<double(std::int64_t step)>;

namespace schedules {

Schedule constant(double rate, std::source_location location = std::source_location::current());

struct StepOptions {
    double initial = 1e-2;
    double factor = 0.1;
    /// Steps between two falls; positive.
    std::int64_t interval = 1;
};
/// initial * factor^floor(step / interval).
Schedule step(const StepOptions& options,
              std::source_location location = std::source_location::current());

struct ExponentialOptions {
    double initial = 1e-2;
    /// What the rate is multiplied by at each step.
    double factor = 0.999;
};
/// initial * factor^step.
Schedule exponential(const ExponentialOptions& options,
                     std::source_location location = std::source_location::current());

struct LinearOptions {
    double initial = 1e-2;
    double final = 0;
    /// Positive.
    std::int64_t steps = 1;
};
/// From `initial` to `final` in equal steps, then `final`.
Schedule linear(const LinearOptions& options,
                std::source_location location = std::source_location::current());

struct CosineOptions {
    double peak = 1e-2;
    double final = 0;
    /// All together; more than those of the warm-up.
    std::int64_t steps = 1;
    /// In which the rate rises from peak / warmup_steps to the peak in equal steps.
    std::int64_t warmup_steps = 0;
};
/// After the warm-up, half a cosine from `peak` down to `final`, then `final`. Sources:
/// https://arxiv.org/abs/1608.03983, warm-up: https://arxiv.org/abs/1706.02677
Schedule cosine(const CosineOptions& options,
                std::source_location location = std::source_location::current());

}  // namespace schedules

}  // namespace latent::optim
