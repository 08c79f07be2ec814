#include <latent/explain.h>

#include <fmt/format.h>

#include <shared_mutex>

#include "codegen/runtime/machine.h"
#include "frontend/execution/evaluation.h"
#include "frontend/execution/extraction.h"
#include "frontend/execution/fusion_choice.h"
#include "frontend/execution/planning.h"
#include "frontend/tensor/access.h"
#include "frontend/tensor/graph_lock.h"
#include "ir/print.h"

namespace latent {

namespace {

using detail::described;
using detail::Planned;

constexpr unsigned kernel_notes = latent_note_schedule | latent_note_loop_nest;

std::string indented(std::string_view text, std::string_view indent) {
    std::string result;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        result += fmt::format("{}{}\n", indent, text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return result;
}

std::string passes_section(const ir::Graph& graph, const Planned& planned, const std::string& log) {
    return fmt::format("IR as built\n{}\nPasses\n{}\nIR after the passes\n{}\n",
                       indented(ir::print(graph, {.locations = true}), "  "), log,
                       indented(ir::print(planned.graph, {.locations = true}), "  "));
}

/// What a step computes, with its numbers.
std::string step_text(const passes::KernelStep& step) {
    std::string text =
        fmt::format("    extents {}\n", ir::to_string(std::span<const std::int64_t>(step.extents)));
    std::string nodes;
    for (const ir::Node* node : step.nodes) {
        nodes += fmt::format("{}{}", nodes.empty() ? "" : ", ", described(*node));
    }
    text += fmt::format("    computes {}\n", nodes.empty() ? "a copy" : nodes);
    for (const passes::ResultBinding& result : step.results) {
        text += fmt::format("    stores {} {}\n", to_string(result.value->type()),
                            described(*result.value));
    }
    return text;
}

std::string kernels_section(const Planned& planned, const ir::Machine& machine) {
    codegen::runtime::KernelCache& cache = codegen::runtime::context().kernels();
    std::string text = fmt::format("Kernels: {} in {} launches\n", planned.plan.requests.size(),
                                   planned.plan.launches.size());
    for (std::size_t k = 0; k < planned.plan.requests.size(); ++k) {
        const std::string& request = planned.plan.requests[k];
        const ir::Schedule schedule = ir::parse_kernel_request(request).schedule;
        std::size_t calls = 0;
        bool is_tuned = false;
        std::string steps;
        for (std::size_t i = 0; i < planned.partition.steps.size(); ++i) {
            if (planned.kernel_of(i) == static_cast<int>(k)) {
                const passes::KernelStep& step = planned.partition.steps[i];
                ++calls;
                is_tuned = is_tuned || schedule != detail::default_schedule_of(step, machine);
                steps += step_text(step);
            }
        }
        text +=
            fmt::format("\n  kernel {}: {} for {}, called {} time{}\n", k, ir::name(schedule.kind),
                        ir::name(schedule.instruction_set), calls, calls == 1 ? "" : "s");
        text += steps;
        text += is_tuned ? "    schedule tuned by measurement\n" : "";
        text += "    region\n" + indented(request, "      ");
        for (const auto& [name, note] : cache.describe(request, kernel_notes)) {
            text += fmt::format("    {}\n{}", name, indented(note, "      "));
        }
    }
    text += "\nStored values and why\n";
    text += planned.fusion.empty() ? "" : "  fusion tuned by measurement\n";
    for (const passes::Cut& cut : planned.partition.cuts) {
        text += fmt::format("  {} {}: {}\n", to_string(cut.value->type()), described(*cut.value),
                            cut.reason);
    }
    return text + (planned.partition.cuts.empty() ? "  only the results\n" : "");
}

std::string memory_section(const Planned& planned) {
    std::size_t outputs = 0;
    for (const std::size_t bytes : planned.plan.output_bytes) {
        outputs += bytes;
    }
    return fmt::format(
        "Memory\n  results {} bytes in {} buffers; scratch arena {} bytes; both hold {} bytes of "
        "values between, for which no arena of less than {} bytes would do\n",
        outputs, planned.plan.output_bytes.size(), planned.memory.arena_bytes,
        planned.memory.total_bytes, passes::least_arena_bytes(planned.between, planned.results));
}

std::string counters_section() {
    const codegen::runtime::Counters now = codegen::runtime::context().counters();
    return fmt::format(
        "Counters of this process\n  kernels compiled {}, found on disk {}, found in memory {}; "
        "launches {}; bytes now {}, "
        "peak {}; nodes alive {}\n",
        now.kernels_compiled, now.disk_hits, now.memory_hits, now.launches, now.bytes_now,
        now.bytes_peak, now.nodes_alive);
}

}  // namespace

std::string detail::explain(std::span<const Tensor> tensors, const std::source_location& location) {
    const std::vector<ir::Value> roots = values_of(tensors, location);
    ir::Graph graph;
    {
        const detail::GraphReader reader;
        const detail::ExtractedGraph extracted = detail::extract(roots);
        if (extracted.wanted.empty()) {
            return "Everything asked for is ready.\n" + counters_section();
        }
        graph = detail::detach(extracted);
    }
    std::string log;
    const ir::Machine& machine = codegen::runtime::this_machine();
    const Planned planned = detail::make_plan(
        graph, machine, passes::PipelineOptions::from_environment(), detail::kept_choices(),
        [&](const passes::PassReport& report) {
            log += fmt::format("  {}: {}, {:.0f} us\n", report.name,
                               report.changed ? "changed" : "no change", report.microseconds);
        });
    return passes_section(graph, planned, log) + kernels_section(planned, machine) + "\n" +
           memory_section(planned) + "\n" + counters_section();
}

}  // namespace latent
