#pragma once

#include <functional>
#include <nlohmann/json.hpp>

namespace latent::peers {

/// How long calls are repeated; the same numbers as for the other peers.
struct Repetition {
    int min_count = 10;
    double min_seconds = 0.5;
    double max_seconds = 15;  ///< past this three are enough
    int max_count = 20'000;   ///< 0: the first call only
    double warmup_seconds = 0.3;
};

/// The times of a case, in the form that the driver expects of every peer. `call` computes the
/// results and releases them. `measures_memory` adds how far the resident memory grew in the first
/// call and in a later one.
nlohmann::json measure(const std::function<void()>& call, const Repetition& repetition,
                       bool measures_memory);

}  // namespace latent::peers
