#include <latent/schedules.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>

#include "ir/errors.h"

namespace latent::optim::schedules {

namespace {

void require_steps(std::int64_t steps, std::int64_t least, std::string_view what,
                   const std::source_location& location) {
    if (steps < least) {
        ir::raise<ValueError>(location,
                              fmt::format("{} must be at least {}, got {}", what, least, steps));
    }
}

/// How much of `steps` is done, from 0 to 1.
double progress(std::int64_t step, std::int64_t steps) {
    return std::clamp(static_cast<double>(step) / static_cast<double>(steps), 0.0, 1.0);
}

}  // namespace

Schedule constant(double rate) {
    return [rate](std::int64_t) { return rate; };
}

Schedule step(const StepOptions& options, std::source_location location) {
    require_steps(options.interval, 1, "step: the interval", location);
    return [options](std::int64_t step) {
        const std::int64_t drops = step / options.interval;
        return options.initial * std::pow(options.factor, static_cast<double>(drops));
    };
}

Schedule exponential(const ExponentialOptions& options) {
    return [options](std::int64_t step) {
        return options.initial * std::pow(options.factor, static_cast<double>(step));
    };
}

Schedule linear(const LinearOptions& options, std::source_location location) {
    require_steps(options.steps, 1, "linear: steps", location);
    return [options](std::int64_t step) {
        return std::lerp(options.initial, options.final, progress(step, options.steps));
    };
}

Schedule cosine(const CosineOptions& options, std::source_location location) {
    require_steps(options.warmup_steps, 0, "cosine: warmup_steps", location);
    require_steps(options.steps, options.warmup_steps + 1, "cosine: steps", location);
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
