#include <latent/schedules.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "frontend/optim/option_checks.h"

namespace latent::optim::schedules {

namespace {

using detail::OptionChecks;

/// How much of `steps` is done, from 0 to 1.
double progress(std::int64_t step, std::int64_t steps) {
    return std::clamp(static_cast<double>(step) / static_cast<double>(steps), 0.0, 1.0);
}

}  // namespace

Schedule constant(double rate, std::source_location location) {
    OptionChecks("constant", location).non_negative(rate, "rate");
    return [rate](std::int64_t) { return rate; };
}

Schedule step(const StepOptions& options, std::source_location location) {
    const OptionChecks check("step", location);
    check.non_negative(options.initial, "initial");
    check.non_negative(options.factor, "factor");
    check.at_least(options.interval, 1, "interval");
    return [options](std::int64_t step) {
        const std::int64_t drops = step / options.interval;
        return options.initial * std::pow(options.factor, static_cast<double>(drops));
    };
}

Schedule exponential(const ExponentialOptions& options, std::source_location location) {
    const OptionChecks check("exponential", location);
    check.non_negative(options.initial, "initial");
    check.non_negative(options.factor, "factor");
    return [options](std::int64_t step) {
        return options.initial * std::pow(options.factor, static_cast<double>(step));
    };
}

Schedule linear(const LinearOptions& options, std::source_location location) {
    const OptionChecks check("linear", location);
    check.non_negative(options.initial, "initial");
    check.non_negative(options.final, "final");
    check.at_least(options.steps, 1, "steps");
    return [options](std::int64_t step) {
        return std::lerp(options.initial, options.final, progress(step, options.steps));
    };
}

Schedule cosine(const CosineOptions& options, std::source_location location) {
    const OptionChecks check("cosine", location);
    check.non_negative(options.peak, "peak");
    check.non_negative(options.final, "final");
    check.at_least(options.warmup_steps, 0, "warmup_steps");
    check.at_least(options.steps, options.warmup_steps + 1, "steps");
    return [options](std::int64_t step) {
        const std::int64_t warmup = options.warmup_steps;
        if (step < warmup) {
            return options.peak * static_cast<double>(step + 1) / static_cast<double>(warmup);
        }
        const double done = progress(step - warmup, options.steps - warmup);
        const double height = (1 + std::cos(std::numbers::pi * done)) / 2;
        return options.final + (options.peak - options.final) * height;
    };
}

}  // namespace latent::optim::schedules
