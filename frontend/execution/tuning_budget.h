#pragma once

#include <atomic>
#include <functional>

namespace latent::detail {

/// The time that this process may spend on tuning new plans by itself. LATENT_TUNE=1 gives it a
/// minute, a larger number as many seconds; else it is 0. Thread-safe.
class TuningBudget {
  public:
    TuningBudget();

    double seconds_left() const { return seconds_left_.load(std::memory_order_relaxed); }

    /// Calls `work` with the seconds that are left, if any, and takes off what it spends.
    void spend(const std::function<void(double seconds)>& work);

  private:
    std::atomic<double> seconds_left_;
};

}  // namespace latent::detail
