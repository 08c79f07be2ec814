#include "frontend/execution/planning.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "passes/partition/possible_schedule.h"
#include "passes/schedule/packed_bytes.h"
#include "passes/schedule/schedule.h"

namespace latent::detail {

namespace {

using codegen::ArgumentKind;
using codegen::runtime::PlanArgument;
using codegen::runtime::PlanLaunch;
using codegen::runtime::PlanSlot;

/// Turns a partition into launches over slots.
class PlanWriter {
  public:
    PlanWriter(Planned& planned, const ir::Machine& machine, const ScheduleChooser& choose_schedule)
        : planned_(planned),
          plan_(planned.plan),
          machine_(machine),
          choose_schedule_(choose_schedule) {}

    void write() {
        find_storage();
        place_steps();
        note_lifetimes();
        assign_slots();
        note_unused_memory();
        for (std::size_t i = 0; i < planned_.partition.steps.size(); ++i) {
            const Planned::Place& place = planned_.places[i];
            plan_.launches[place.launch].calls[place.call] =
                arguments(planned_.partition.steps[i], schedules_[i]);
        }
        for (const ir::Value& result : planned_.graph.results) {
            const PlanSlot& slot =
                plan_.slots[static_cast<std::size_t>(slot_of(result.node.get()))];
            planned_.sources.push_back({slot.kind == PlanSlot::Kind::input, slot.index});
        }
    }

  private:
    const ir::Node* storage_of(const ir::Node* value) const {
        const ir::Node* const* found = storage_.find(value);
        return found == nullptr ? value : *found;
    }

    void find_storage() {
        for (const passes::Alias& alias : planned_.partition.aliases) {
            storage_[alias.value] = storage_of(alias.storage);
        }
    }

    void note_use(const ir::Node* value, int call) {
        const ir::Node* storage = storage_of(value);
        if (storage->op() == ir::Op::parameter) {
            return;
        }
        auto [index, added] = value_index_.insert(storage, static_cast<int>(values_.size()));
        if (added) {
            values_.push_back(storage);
            lifetimes_.push_back({storage->type().bytes(), call, call});
        }
        passes::Lifetime& lifetime = lifetimes_[static_cast<std::size_t>(index)];
        lifetime.first = std::min(lifetime.first, call);
        lifetime.last = std::max(lifetime.last, call);
    }

    /// Equal kernels of one level share a launch.
    void place_steps() {
        for (std::size_t i = 0; i < planned_.partition.steps.size(); ++i) {
            const passes::KernelStep& step = planned_.partition.steps[i];
            const ir::Schedule& schedule = schedules_.emplace_back(
                passes::possible_schedule(step, choose_schedule_(step, machine_)));
            const std::string request = ir::print(ir::KernelRequest{step.region, schedule});
            const auto [known, added] =
                kernels_.emplace(request, static_cast<int>(plan_.requests.size()));
            if (added) {
                plan_.requests.push_back(request);
            }
            const auto [launch, begins] = launches_.emplace(
                std::pair(planned_.partition.levels[i], known->second), plan_.launches.size());
            if (begins) {
                plan_.launches.push_back({known->second, {}, false});
            }
            PlanLaunch& target = plan_.launches[launch->second];
            planned_.places.push_back({launch->second, target.calls.size()});
            target.calls.emplace_back();
            std::int64_t points = 1;
            for (const std::int64_t extent : step.extents) {
                points *= extent;
            }
            // A launch of less than two tasks is over before another thread has woken.
            target.parallel = target.parallel || points >= 2 * schedule.block;
        }
        int calls = 0;
        for (const PlanLaunch& launch : plan_.launches) {
            const int first = calls;
            calls += static_cast<int>(launch.calls.size());
            spans_.push_back({first, calls - 1});
        }
    }

    /// Counted in calls, which run one after the other.
    void note_lifetimes() {
        for (std::size_t i = 0; i < planned_.partition.steps.size(); ++i) {
            const passes::KernelStep& step = planned_.partition.steps[i];
            const int call =
                spans_[planned_.places[i].launch].first + static_cast<int>(planned_.places[i].call);
            for (const passes::InputBinding& input : step.inputs) {
                if (input.value != nullptr) {
                    note_use(input.value, call);
                }
            }
            for (const passes::ResultBinding& result : step.results) {
                note_use(result.value, call);
            }
            const std::int64_t packed =
                passes::packed_bytes(schedules_[i], step.region, step.extents);
            if (packed >= static_cast<std::int64_t>(codegen::runtime::SpareMemory::least_bytes)) {
                packed_.push_back({static_cast<std::size_t>(packed), call, call, true});
            }
        }
        for (const ir::Value& result : planned_.graph.results) {
            note_use(result.node.get(), spans_.empty() ? 0 : spans_.back().last + 1);
        }
    }

    void assign_slots() {
        for (const ir::Value& result : planned_.graph.results) {
            const ir::Node* storage = storage_of(result.node.get());
            if (storage->op() == ir::Op::parameter || slots_.contains(storage)) {
                continue;
            }
            slots_[storage] = static_cast<int>(plan_.slots.size());
            planned_.results.push_back(
                lifetimes_[static_cast<std::size_t>(value_index_.at(storage))]);
            const std::size_t bytes = storage->type().bytes();
            plan_.slots.push_back(
                {PlanSlot::Kind::output, static_cast<int>(plan_.output_bytes.size()), 0, bytes});
            plan_.output_bytes.push_back(bytes);
        }
        std::vector<const ir::Node*> between;
        for (std::size_t i = 0; i < values_.size(); ++i) {
            if (!slots_.contains(values_[i])) {
                between.push_back(values_[i]);
                planned_.between.push_back(lifetimes_[i]);
            }
        }
        planned_.between.insert(planned_.between.end(), packed_.begin(), packed_.end());
        planned_.memory = passes::plan_memory(planned_.between, planned_.results);
        plan_.arena_bytes = planned_.memory.arena_bytes;
        for (std::size_t i = 0; i < between.size(); ++i) {
            slots_[between[i]] = static_cast<int>(plan_.slots.size());
            plan_.slots.push_back(slot_in(planned_.memory.places[i]));
        }
    }

    static PlanSlot slot_in(const passes::MemoryRange& range) {
        if (range.result == passes::MemoryRange::arena) {
            return {PlanSlot::Kind::scratch, 0, range.offset, range.bytes};
        }
        return {PlanSlot::Kind::output, range.result, range.offset, range.bytes};
    }

    void note_unused_memory() {
        constexpr std::size_t most_ranges = 8;
        const auto unused =
            passes::unused_memory(planned_.memory, planned_.between, planned_.results, spans_,
                                  {codegen::runtime::SpareMemory::least_bytes, most_ranges});
        for (std::size_t i = 0; i < unused.size(); ++i) {
            for (const passes::MemoryRange& range : unused[i]) {
                plan_.launches[i].unused.push_back(slot_in(range));
            }
        }
    }

    int slot_of(const ir::Node* value) {
        const ir::Node* storage = storage_of(value);
        if (storage->op() == ir::Op::parameter) {
            auto [slot, added] = slots_.insert(storage, static_cast<int>(plan_.slots.size()));
            if (added) {
                const auto index = storage->attributes_as<ir::ParameterAttributes>().index;
                plan_.slots.push_back(
                    {PlanSlot::Kind::input, static_cast<int>(index), 0, storage->type().bytes()});
            }
            return slot;
        }
        return slots_.at(storage);
    }

    std::vector<PlanArgument> arguments(const passes::KernelStep& step,
                                        const ir::Schedule& schedule) {
        std::vector<PlanArgument> result;
        const std::vector<const ir::IndexedDim*> indexed = codegen::indexed_dims(step.region);
        for (const codegen::KernelArgument& wanted : codegen::kernel_arguments(step.region)) {
            const auto i = static_cast<std::size_t>(wanted.index);
            PlanArgument argument;
            argument.kind = wanted.kind;
            switch (wanted.kind) {
                case ArgumentKind::extent:
                    argument.number = narrowed(step.extents[i]);
                    break;
                case ArgumentKind::row_block:
                case ArgumentKind::column_block:
                    argument.number =
                        narrowed(*block_argument(wanted.kind, step, schedule, machine_));
                    break;
                case ArgumentKind::scalar:
                    argument.slot = slot_of(step.inputs[i].value);
                    break;
                case ArgumentKind::buffer:
                    argument = buffer(step, i);
                    break;
                case ArgumentKind::affine_offset:
                    argument.number = step.inputs[i].offset;
                    break;
                case ArgumentKind::affine_stride:
                    argument.number =
                        step.inputs[i].strides[static_cast<std::size_t>(wanted.dimension)];
                    break;
                case ArgumentKind::index_offset:
                    argument.number = narrowed(step.indices[i].offset);
                    break;
                case ArgumentKind::index_extent:
                    argument.number = narrowed(step.indices[i].extent);
                    break;
                case ArgumentKind::result:
                    argument = result_buffer(step, i);
                    break;
            }
            result.push_back(std::move(argument));
        }
        return result;
    }

    /// Kernels index with 32 bits along each dimension (and 64 in all).
    static std::int32_t narrowed(std::int64_t number) {
        if (number != static_cast<std::int32_t>(number)) {
            throw ShapeError(fmt::format(
                "an extent or stride of {} is beyond the 2^31 - 1 that kernels index with",
                number));
        }
        return static_cast<std::int32_t>(number);
    }

    static PlanArgument::Dim dim(std::int64_t extent, std::int64_t stride) {
        return {narrowed(extent), narrowed(stride)};
    }

    /// Dimensions of a buffer over the atoms of nonzero class, innermost first.
    static void add_atom_dims(PlanArgument& argument, std::span<const ir::StrideClass> classes,
                              std::span<const std::int64_t> strides,
                              std::span<const std::int64_t> extents) {
        for (std::size_t atom = classes.size(); atom-- > 0;) {
            if (classes[atom] != ir::StrideClass::zero) {
                argument.dims.push_back(dim(extents[atom], strides[atom]));
            }
        }
    }

    PlanArgument buffer(const passes::KernelStep& step, std::size_t i) {
        const passes::InputBinding& binding = step.inputs[i];
        const ir::RegionInput& input = step.region.inputs[i];
        PlanArgument argument;
        argument.kind = ArgumentKind::buffer;
        argument.slot = slot_of(binding.value);
        argument.element = byte_size(input.dtype);
        argument.offset = binding.offset * static_cast<std::ptrdiff_t>(argument.element);
        if (input.kind == ir::InputKind::indexed) {
            for (std::size_t k = input.strides.size(); k-- > 0;) {
                argument.dims.push_back(dim(binding.extents[k], binding.strides[k]));
            }
        } else {
            add_atom_dims(argument, input.strides, binding.strides, step.extents);
        }
        return argument;
    }

    PlanArgument result_buffer(const passes::KernelStep& step, std::size_t i) {
        const passes::ResultBinding& binding = step.results[i];
        const ir::RegionResult& result = step.region.results[i];
        PlanArgument argument;
        argument.kind = ArgumentKind::result;
        argument.slot = slot_of(binding.value);
        argument.element = byte_size(binding.value->type().dtype);
        argument.offset = binding.offset * static_cast<std::ptrdiff_t>(argument.element);
        if (result.scatter.empty()) {
            // Of the shape of the first result, or that of rows which are stored beside it.
            const bool is_row = step.classification.is_stored_row(i, step.results.size());
            add_atom_dims(argument, is_row ? result.strides : step.region.results[0].strides,
                          binding.strides, step.extents);
        } else {
            const ir::Shape& shape = binding.value->type().shape;
            for (std::size_t k = shape.size(); k-- > 0;) {
                argument.dims.push_back(dim(shape[k], binding.strides[k]));
            }
        }
        return argument;
    }

    Planned& planned_;
    codegen::runtime::Plan& plan_;
    const ir::Machine& machine_;
    const ScheduleChooser& choose_schedule_;
    ir::NodeMap<const ir::Node*> storage_;
    ir::NodeMap<int> value_index_;
    std::vector<const ir::Node*> values_;
    std::vector<passes::Lifetime> lifetimes_;
    std::vector<passes::Lifetime> packed_;  ///< copies of operands that kernels make
    ir::NodeMap<int> slots_;
    std::vector<ir::Schedule> schedules_;   ///< of the steps
    std::vector<passes::StepRange> spans_;  ///< the calls of each launch
    std::unordered_map<std::string, int> kernels_;
    std::map<std::pair<int, int>, std::size_t> launches_;
};

}  // namespace

std::optional<std::int64_t> block_argument(ArgumentKind kind, const passes::KernelStep& step,
                                           const ir::Schedule& schedule,
                                           const ir::Machine& machine) {
    if (kind == ArgumentKind::row_block) {
        return passes::row_block(schedule, step.region, machine, step.extents);
    }
    if (kind == ArgumentKind::column_block) {
        return passes::column_block(schedule, step.region, step.extents);
    }
    return std::nullopt;
}

ir::Schedule default_schedule_of(const passes::KernelStep& step, const ir::Machine& machine) {
    return passes::default_schedule(step.region, step.classification, machine, step.extents);
}

Planned make_plan(const ir::Graph& graph, const ir::Machine& machine,
                  const passes::PipelineOptions& options, const PlanChoices& choices,
                  const passes::PassObserver& observer) {
    const ir::Graph rewritten = passes::run_pipeline(graph, options, observer);
    const passes::FusionChoices fusion =
        choices.fusion ? choices.fusion(rewritten, machine) : passes::FusionChoices{};
    return plan_partition(rewritten, fusion, passes::partition(rewritten, {}, fusion), machine,
                          choices.schedule);
}

Planned plan_partition(const ir::Graph& graph, const passes::FusionChoices& fusion,
                       passes::Partition partition, const ir::Machine& machine,
                       const ScheduleChooser& choose_schedule) {
    Planned planned;
    planned.graph = graph;
    planned.fusion = fusion;
    planned.partition = std::move(partition);
    PlanWriter(planned, machine, choose_schedule).write();
    return planned;
}

std::string described(const ir::Node& node) {
    const std::string where = ir::to_string(node.location());
    return fmt::format("{}{}", ir::name(node.op()), where.empty() ? "" : " (" + where + ")");
}

std::string described(const passes::KernelStep& step) {
    return fmt::format("{} of {}{}", ir::name(*step.classification.kind),
                       ir::to_string(std::span<const std::int64_t>(step.extents)),
                       step.nodes.empty() ? "" : ", up to " + described(*step.nodes.back()));
}

}  // namespace latent::detail
