#include <HalideRuntime.h>

#include "codegen/runtime/context.h"
#include "codegen/runtime/plan.h"

namespace latent::codegen::runtime {

namespace {

bool is_buffer(const PlanArgument& argument) {
    return argument.kind == ArgumentKind::buffer || argument.kind == ArgumentKind::result;
}

/// The argument lists of the calls of a launch in the form that a kernel takes. Numbers and buffer
/// descriptors live here.
class LaunchArguments {
  public:
    LaunchArguments(const PlanLaunch& launch, std::span<std::byte* const> slots) {
        reserve(launch);
        for (const std::vector<PlanArgument>& arguments : launch.calls) {
            void** const first = pointers_.end();
            pointers_.push_back(nullptr);  // the user context, set by Kernel::run
            for (const PlanArgument& argument : arguments) {
                pointers_.push_back(is_buffer(argument) ? add_buffer(argument, slots)
                                                        : add_number(argument, slots));
            }
            calls_.push_back({first, pointers_.end()});
        }
    }
    LaunchArguments(const LaunchArguments&) = delete;
    LaunchArguments& operator=(const LaunchArguments&) = delete;
    ~LaunchArguments() = default;

    std::span<const std::span<void*>> calls() const { return calls_.span(); }

  private:
    /// All at once, so that addresses stay.
    void reserve(const PlanLaunch& launch) {
        std::size_t arguments = 0;
        std::size_t buffers = 0;
        std::size_t dims = 0;
        for (const std::vector<PlanArgument>& call : launch.calls) {
            arguments += call.size();
            for (const PlanArgument& argument : call) {
                buffers += is_buffer(argument) ? 1 : 0;
                dims += argument.dims.size();
            }
        }
        numbers_.reserve(arguments - buffers);
        buffers_.reserve(buffers);
        dims_.reserve(dims);
        pointers_.reserve(arguments + launch.calls.size());
        calls_.reserve(launch.calls.size());
    }

    void* add_number(const PlanArgument& argument, std::span<std::byte* const> slots) {
        if (argument.kind == ArgumentKind::scalar) {
            return slots[static_cast<std::size_t>(argument.slot)] + argument.offset;
        }
        // Little-endian: the address of the 64-bit number is that of its low half too.
        numbers_.push_back(argument.number);
        return &numbers_.back();
    }

    void* add_buffer(const PlanArgument& argument, std::span<std::byte* const> slots) {
        halide_dimension_t* const first = dims_.end();
        for (const PlanArgument::Dim& dim : argument.dims) {
            dims_.push_back({0, dim.extent, dim.stride, 0});
        }
        halide_buffer_t buffer{};
        buffer.host = reinterpret_cast<std::uint8_t*>(
            slots[static_cast<std::size_t>(argument.slot)] + argument.offset);
        buffer.type.bits = static_cast<std::uint8_t>(argument.element * 8);
        buffer.type.lanes = 1;
        buffer.dimensions = static_cast<std::int32_t>(argument.dims.size());
        buffer.dim = first;
        buffers_.push_back(buffer);
        return &buffers_.back();
    }

    ir::SmallVector<std::int64_t, 16> numbers_;
    ir::SmallVector<halide_buffer_t, 8> buffers_;
    ir::SmallVector<halide_dimension_t, 16> dims_;
    ir::SmallVector<void*, 32> pointers_;
    ir::SmallVector<std::span<void*>, 4> calls_;
};

}  // namespace

PlanRun::PlanRun(const Plan& plan, std::span<const std::byte* const> inputs, Context& context)
    : context_(context) {
    outputs_.reserve(plan.output_bytes.size());
    for (const std::size_t bytes : plan.output_bytes) {
        outputs_.push_back(context.memory().make_storage(bytes));
    }
    if (plan.arena_bytes > 0) {
        arena_ = context.memory().make_storage(plan.arena_bytes);
    }
    slots_.reserve(plan.slots.size());
    for (const PlanSlot& slot : plan.slots) {
        slots_.push_back(address(slot, inputs));
    }
}

std::byte* PlanRun::address(const PlanSlot& slot, std::span<const std::byte* const> inputs) const {
    const auto index = static_cast<std::size_t>(slot.index);
    switch (slot.kind) {
        case PlanSlot::Kind::input:
            // Kernels take one kind of pointer; those of inputs are only read through.
            return const_cast<std::byte*>(inputs[index]);
        case PlanSlot::Kind::output:
            return outputs_[index]->data() + slot.offset;
        case PlanSlot::Kind::scratch:
            break;
    }
    return arena_->data() + slot.offset;
}

void PlanRun::launch(const PlanLaunch& launch, const Kernel& kernel) {
    const LaunchArguments arguments(launch, slots_.span());
    SpareMemory spare(launch.unused.size());
    for (const PlanSlot& slot : launch.unused) {
        spare.add({address(slot, {}), slot.bytes});
    }
    context_.launch(kernel, arguments.calls(), launch.parallel, &spare);
}

std::vector<ir::StorageRef> run(const Plan& plan, std::span<const std::byte* const> inputs,
                                Context& context) {
    PlanRun run(plan, inputs, context);
    for (const PlanLaunch& launch : plan.launches) {
        run.launch(launch, *plan.kernels[static_cast<std::size_t>(launch.kernel)]);
    }
    return run.take_outputs();
}

}  // namespace latent::codegen::runtime
