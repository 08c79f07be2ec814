#include "frontend/execution/tuning_budget.h"

#include <chrono>

#include "codegen/runtime/environment.h"

namespace latent::detail {

namespace {

constexpr int default_seconds = 60;

double seconds_from_environment() {
    const int number = codegen::runtime::environment_count("LATENT_TUNE").value_or(0);
    return number == 1 ? default_seconds : number;
}

}  // namespace

TuningBudget::TuningBudget() : seconds_left_(seconds_from_environment()) {}

void TuningBudget::spend(const std::function<void(double seconds)>& work) {
    const double seconds = seconds_left();
    if (seconds <= 0) {
        return;
    }
    const auto begin = std::chrono::steady_clock::now();
    work(seconds);
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
    seconds_left_.fetch_sub(spent.count(), std::memory_order_relaxed);
}

}  // namespace latent::detail
