#include "passes/pipeline.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "ir/print.h"
#include "ir/verify.h"

namespace latent::passes {

namespace {

// Contractions come after simplify, which uncovers them, and before outer products become
// multiplications, since a sum over an outer product is a contraction, and before folds are
// gathered, since one of a contraction is another contraction. Views sink when all else has
// settled; what comes to lie side by side by that is merged and simplified once more. Elements are
// interleaved when no rule is left that knows concatenations and pads.
constexpr std::array<Pass, 12> passes_in_order = {{
    {"canonicalise", canonicalise},
    {"fold-constants", fold_constants},
    {"simplify", simplify},
    {"contraction", simplify_contractions},
    {"gather-folds", gather_folds},
    {"outer-product", multiply_outer_products},
    {"sink-views", sink_views},
    {"canonicalise", canonicalise},
    {"fold-constants", fold_constants},
    {"simplify", simplify},
    {"interleave", interleave},
    {"cse", eliminate_common_subexpressions},
}};

void print_report(PrintIr print, const PassReport& report) {
    if (print == PrintIr::after_all || (print == PrintIr::after_change && report.changed)) {
        fmt::print(stderr, "# after {} ({:.0f} us{})\n{}\n", report.name, report.microseconds,
                   report.changed ? "" : ", no change", ir::print(report.graph));
    }
}

}  // namespace

std::span<const Pass> default_passes() {
    return passes_in_order;
}

PipelineOptions PipelineOptions::from_environment() {
    PipelineOptions options;
    if (const char* fuel = std::getenv("LATENT_FUEL")) {
        const std::string_view text = fuel;
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), options.fuel);
        if (error != std::errc{} || end != text.data() + text.size() || options.fuel < 0) {
            throw ValueError(
                fmt::format("LATENT_FUEL must be a number of rewrites, got '{}'", text));
        }
    }
    if (const char* print = std::getenv("LATENT_PRINT_IR")) {
        const std::string_view text = print;
        if (text == "after-all") {
            options.print = PrintIr::after_all;
        } else if (text == "after-change") {
            options.print = PrintIr::after_change;
        } else if (!text.empty()) {
            throw ValueError(
                fmt::format("LATENT_PRINT_IR must be after-all or after-change, got '{}'", text));
        }
    }
    return options;
}

ir::Graph run_pipeline(const ir::Graph& graph, const PipelineOptions& options,
                       const PassObserver& observer) {
    using Clock = std::chrono::steady_clock;
    PassContext context(options.float_mode, options.fuel);
    if (options.verify) {
        ir::verify(graph);
    }
    ir::Graph current = graph;
    for (const Pass& pass : options.passes) {
        const Clock::time_point start = Clock::now();
        ir::Graph next = pass.run(current, context);
        const std::chrono::duration<double, std::micro> duration = Clock::now() - start;
        const bool changed = next.results != current.results;
        current = std::move(next);
        if (options.verify) {
            ir::verify(current);
        }
        const PassReport report{pass.name, current, changed, duration.count()};
        print_report(options.print, report);
        if (observer) {
            observer(report);
        }
    }
    return current;
}

}  // namespace latent::passes
