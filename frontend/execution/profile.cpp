#include <latent/profile.h>

#include <fmt/format.h>

#include <ostream>

#include "frontend/execution/evaluation.h"

namespace latent {

namespace {

constexpr double giga = 1e9;

std::string rate(double work, double milliseconds) {
    return work > 0 && milliseconds > 0 ? fmt::format("{:.1f}", work / (milliseconds * 1e-3) / giga)
                                        : "";
}

}  // namespace

Profile detail::profile(std::span<const Tensor> tensors, const std::source_location& location) {
    const std::vector<ir::Value> pending = pending_of(tensors, "profile", location);
    return pending.empty() ? Profile{} : detail::profile(pending);
}

std::string to_string(const Profile& profile) {
    double total = 0;
    for (const ProfiledLaunch& launch : profile.launches) {
        total += launch.milliseconds;
    }
    std::string text = "       ms  share  GFLOP/s   GB/s  calls\n";
    for (const ProfiledLaunch& launch : profile.launches) {
        text += fmt::format("{:9.4f} {:5.1f}% {:>8} {:>6} {:6}  {}\n", launch.milliseconds,
                            100 * launch.milliseconds / total,
                            rate(2 * launch.multiply_adds, launch.milliseconds),
                            rate(launch.bytes, launch.milliseconds), launch.calls, launch.name);
    }
    return text + fmt::format("{:9.4f} in all, {:.4f} in one run of the {} launches\n", total,
                              profile.milliseconds, profile.launches.size());
}

std::ostream& operator<<(std::ostream& stream, const Profile& profile) {
    return stream << to_string(profile);
}

}  // namespace latent
