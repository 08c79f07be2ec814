#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/fuzz/check.h"

namespace latent::fuzz {

struct CampaignOptions {
    std::uint64_t seed = 1;
    std::uint64_t first = 0;
    std::uint64_t graphs = 1000;
    int jobs = 1;
    unsigned seconds_per_graph = 120;
    std::size_t minimised = 10;  ///< failures that are made small; further ones are only named
};

struct CaseFailure {
    std::uint64_t index = 0;
    std::string message;
};

struct CampaignReport {
    std::uint64_t graphs = 0;
    Statistics statistics;
    std::vector<CaseFailure> failures;
};

/// Whether the case also runs with other schedules, and in parts.
bool is_checked_thoroughly(const Case& example);

/// Checks a case in a child process, so that a crash is a failure like another. The message, or
/// nothing.
std::string check_apart(const Case& example, bool thoroughly, unsigned seconds);

/// Checks cases in child processes, and goes on behind one that crashes. `on_progress` is called
/// from time to time.
CampaignReport run_campaign(const CampaignOptions& options,
                            const std::function<void(const CampaignReport&)>& on_progress);

}  // namespace latent::fuzz
