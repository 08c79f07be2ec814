#include <latent/tune.h>

#include <fmt/format.h>

#include <ostream>

#include "frontend/execution/evaluation.h"
#include "ir/errors.h"

namespace latent {

namespace {

std::string times(double before, double after) {
    return fmt::format("{:9.4f} {:9.4f} {:5.2f}x", before, after, before / after);
}

}  // namespace

TuningReport detail::tune(std::span<const Tensor> tensors, const TuningOptions& options,
                          const std::source_location& location) {
    if (!(options.seconds > 0)) {
        ir::raise<ValueError>(
            location, fmt::format("tune: seconds must be above 0, got {}", options.seconds));
    }
    const std::vector<ir::Value> pending = pending_of(tensors, "tune", location);
    return pending.empty() ? TuningReport{} : detail::tune(pending, options);
}

std::string to_string(const TuningReport& report) {
    std::string text = "ms before     after  gain      tried\n";
    const TunedFusion& fusion = report.fusion;
    if (fusion.candidates > 0) {
        text += fmt::format("{} {:10}{} fusion{}\n",
                            times(fusion.milliseconds_before, fusion.milliseconds_after),
                            fusion.candidates, fusion.is_complete ? ' ' : '+',
                            fusion.change.empty() ? "" : ": " + fusion.change);
    }
    for (const TunedKernel& kernel : report.kernels) {
        text += fmt::format("{} {:10}{} {}{}\n",
                            times(kernel.milliseconds_before, kernel.milliseconds_after),
                            kernel.candidates, kernel.is_complete ? ' ' : '+', kernel.name,
                            kernel.change.empty() ? "" : ": " + kernel.change);
    }
    text +=
        fmt::format("{} {:10}  all\n", times(report.milliseconds_before, report.milliseconds_after),
                    report.candidates);
    return text + (report.file.empty() ? "" : "kept in " + report.file + "\n");
}

std::ostream& operator<<(std::ostream& stream, const TuningReport& report) {
    return stream << to_string(report);
}

}  // namespace latent
