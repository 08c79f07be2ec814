#pragma once

#include <cstring>
#include <deque>
#include <span>
#include <vector>

#include "codegen/reference/array.h"
#include "codegen/runtime/context.h"
#include "codegen/runtime/machine.h"
#include "frontend/execution/planning.h"
#include "tests/support/guarded_copy.h"

namespace latent::test {

using codegen::reference::Array;

/// The kernels of all tests of a process, so that equal ones are made once.
inline codegen::runtime::Context& kernel_context() {
    static codegen::runtime::Context context;
    return context;
}

/// With the default passes, or without any.
inline detail::Planned plan_kernels(
    const ir::Graph& graph, bool with_passes = true,
    const detail::ScheduleChooser& choose_schedule = detail::default_schedule_of,
    const detail::FusionChooser& choose_fusion = nullptr) {
    passes::PipelineOptions options;
    options.verify = true;
    if (!with_passes) {
        options.passes = {};
    }
    detail::Planned planned =
        detail::make_plan(graph, codegen::runtime::this_machine(), options,
                          {.schedule = choose_schedule, .fusion = choose_fusion});
    planned.plan.kernels = kernel_context().kernels().get_all(planned.plan.requests);
    return planned;
}

/// The results of a plan; `inputs` by index of the graph's parameters. With several threads, every
/// launch is parallel, however small.
inline std::vector<Array> run_kernels(const detail::Planned& planned, std::span<const Array> inputs,
                                      int threads = 1) {
    codegen::runtime::Plan plan = planned.plan;
    for (codegen::runtime::PlanLaunch& launch : plan.launches) {
        launch.parallel = threads > 1;
    }
    kernel_context().threads().set_num_threads(threads);
    std::deque<GuardedCopy> copies;
    std::vector<const std::byte*> pointers;
    for (const Array& input : inputs) {
        pointers.push_back(copies.emplace_back(input).data());
    }
    const std::vector<ir::StorageRef> outputs =
        codegen::runtime::run(plan, pointers, kernel_context());
    std::vector<Array> results;
    for (std::size_t i = 0; i < planned.sources.size(); ++i) {
        const detail::Planned::Source& source = planned.sources[i];
        const auto index = static_cast<std::size_t>(source.index);
        results.emplace_back(planned.graph.results[i].type(),
                             source.is_input ? inputs[index].storage() : outputs[index]);
    }
    return results;
}

inline bool same_bits(const Array& a, const Array& b) {
    return a.type() == b.type() &&
           std::memcmp(a.storage()->data(), b.storage()->data(), a.type().bytes()) == 0;
}

}  // namespace latent::test
