#include "frontend/execution/schedule_choice.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "codegen/runtime/build_id.h"
#include "codegen/runtime/machine.h"
#include "frontend/execution/planning.h"
#include "ir/errors.h"
#include "passes/schedule/schedule_space.h"

namespace latent::detail {

namespace {

const std::string& cpu() {
    static const std::string name = codegen::runtime::cpu_name();
    return name;
}

/// Nothing for what is not the text of a schedule.
std::optional<ir::Schedule> parsed(const std::string& text) {
    try {
        return ir::parse_kernel_request(text).schedule;
    } catch (const ParseError&) {
        return std::nullopt;
    }
}

}  // namespace

int size_class(std::int64_t extent) {
    return extent < 1 ? -1 : static_cast<int>(std::lround(std::log2(extent)));
}

std::string tuning_conditions(const ir::Machine& machine, int threads) {
    return fmt::format("{} {} l1 {} l2 {} l3 {} threads {}\ncompiler {}\n", cpu(),
                       ir::name(machine.instruction_set), machine.l1_bytes, machine.l2_bytes,
                       machine.l3_bytes, threads, codegen::compiler_build_id);
}

std::string schedule_text(const ir::Schedule& schedule) {
    std::string text = ir::print(ir::KernelRequest{{}, schedule});
    text.pop_back();
    return text;
}

std::string tuning_key(const passes::KernelStep& step, const ir::Machine& machine, int threads) {
    std::string key = ir::print(ir::KernelRequest{step.region, {}});
    key += "size classes";
    for (const std::int64_t extent : step.extents) {
        key += fmt::format(" {}", size_class(extent));
    }
    return key + "\n" + tuning_conditions(machine, threads);
}

ir::Schedule schedule_for(const passes::KernelStep& step, const ir::Machine& machine,
                          codegen::runtime::Context& context) {
    codegen::runtime::TunedSchedules& tuned = context.tuned_schedules();
    const std::optional<std::string> text =
        tuned.empty() ? std::nullopt
                      : tuned.find(tuning_key(step, machine, context.threads().num_threads()));
    const std::optional<ir::Schedule> schedule = text ? parsed(*text) : std::nullopt;
    if (!schedule) {
        return default_schedule_of(step, machine);
    }
    const passes::ScheduleSpace space(step.region, step.classification, machine, step.extents);
    return space.contains(*schedule) ? *schedule : space.default_schedule();
}

}  // namespace latent::detail
