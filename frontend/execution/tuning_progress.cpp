#include "frontend/execution/tuning_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace latent::detail {

namespace {

constexpr const char* clear_line = "\r\x1b[K";

}  // namespace

TuningProgress::TuningProgress(bool show, double seconds)
    : shown_(show && isatty(STDERR_FILENO) == 1), seconds_(seconds) {}

TuningProgress::~TuningProgress() {
    if (shown_) {
        std::fputs(clear_line, stderr);
    }
}

void TuningProgress::update(std::string_view what, double gain) {
    if (!shown_) {
        return;
    }
    constexpr int width = 20;
    const double passed =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    const int filled = static_cast<int>(width * std::clamp(passed / seconds_, 0.0, 1.0));
    fmt::print(stderr, "{}tuning [{:#<{}}{:.<{}}] {:.0f} of {:.0f} s, {}, {:.2f}x", clear_line, "",
               filled, "", width - filled, passed, seconds_, what, gain);
    std::fflush(stderr);
}

}  // namespace latent::detail
