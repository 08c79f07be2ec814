#pragma once

#include <chrono>
#include <string_view>

namespace latent::detail {

/// One line of the standard error stream that says how far a search is; cleared at the end of its
/// life. Shows nothing where that stream is no terminal.
class TuningProgress {
  public:
    TuningProgress(bool show, double seconds);
    TuningProgress(const TuningProgress&) = delete;
    TuningProgress& operator=(const TuningProgress&) = delete;
    ~TuningProgress();

    /// `what` is searched for at the moment, and how many times as fast as at the start it is by
    /// now.
    void update(std::string_view what, double gain);

  private:
    const bool shown_;
    const double seconds_;
    const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace latent::detail
