#pragma once

#include <functional>
#include <span>

#include "passes/pass.h"

namespace latent::passes {

/// What runs between the graph that a user built and its partition into regions, in order.
std::span<const Pass> default_passes();

/// Which graphs a run of the pipeline prints to the standard error stream.
enum class PrintIr : std::uint8_t { never, after_change, after_all };

struct PipelineOptions {
    std::span<const Pass> passes = default_passes();
    FloatMode float_mode = FloatMode::strict;
    /// Rewrites that may be made in one run, for finding by bisection the one that breaks a
    /// program.
    std::int64_t fuel = unlimited_fuel;
    /// Verify the graph before the first pass and after each.
    bool verify = false;
    PrintIr print = PrintIr::never;

    /// The defaults, changed by LATENT_FUEL=n (fuel) and LATENT_PRINT_IR=after-change|after-all
    /// (print). Throws ValueError for other values.
    static PipelineOptions from_environment();
};

/// One pass of one run, as an observer sees it.
struct PassReport {
    std::string_view name;
    const ir::Graph& graph;  ///< after the pass
    bool changed;
    double microseconds;
};
using PassObserver = std::function<void(const PassReport&)>;

/// The graph after all passes: its results compute what those of `graph` do, one for one.
/// Throws InternalError if a pass breaks the graph and `verify` is set.
ir::Graph run_pipeline(const ir::Graph& graph, const PipelineOptions& options,
                       const PassObserver& observer = nullptr);

}  // namespace latent::passes
