#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "codegen/kernel_abi.h"
#include "codegen/runtime/kernel.h"
#include "ir/small_vector.h"
#include "ir/storage.h"

namespace latent::codegen::runtime {

/// A place of a plan where bytes are: an input that the caller gives, a part of an output that it
/// gets, or of the scratch arena.
struct PlanSlot {
    enum class Kind : std::uint8_t { input, output, scratch };
    Kind kind = Kind::input;
    int index = 0;           ///< of the input or output
    std::size_t offset = 0;  ///< in the output or arena
    std::size_t bytes = 0;
};

/// One argument of a launch: a number, a number in a slot, or a buffer over a slot.
struct PlanArgument {
    ArgumentKind kind = ArgumentKind::extent;
    std::int64_t number = 0;    ///< extent, affine and index arguments
    int slot = -1;              ///< scalar, buffer, result
    std::ptrdiff_t offset = 0;  ///< in bytes
    std::size_t element = 4;    ///< bytes of an element
    struct Dim {
        std::int32_t extent = 0;
        std::int32_t stride = 0;
    };
    std::vector<Dim> dims;  ///< innermost first
};

/// One run of a kernel over a list of argument lists: equal kernels that do not depend on each
/// other share a launch.
struct PlanLaunch {
    int kernel = 0;  ///< index into the plan's requests
    std::vector<std::vector<PlanArgument>> calls;
    bool parallel = false;  ///< there is enough work to wake other threads
    /// Parts of outputs and arena in which nothing lives meanwhile, for scratch.
    std::vector<PlanSlot> unused = {};
};

/// An evaluation with all decisions made, independent of the data it runs on.
struct Plan {
    std::vector<std::string> requests;  ///< the kernels, each once
    std::vector<std::shared_ptr<const Kernel>> kernels;
    std::vector<PlanLaunch> launches;
    std::vector<PlanSlot> slots;
    std::vector<std::size_t> output_bytes;
    std::size_t arena_bytes = 0;
};

class Context;

/// A run of a plan, launch by launch, with outputs and scratch of its own.
class PlanRun {
  public:
    /// `inputs` are read only. Throws OutOfMemory.
    PlanRun(const Plan& plan, std::span<const std::byte* const> inputs, Context& context);

    /// Runs `kernel` over the calls of a launch, those of the launches before it having run. The
    /// kernel may be another than the plan's that computes the same. When it is repeated, to be
    /// timed, the first calls may read what the last ones wrote. Throws OutOfMemory or
    /// InternalError.
    void launch(const PlanLaunch& launch, const Kernel& kernel);

    std::vector<ir::StorageRef> take_outputs() noexcept { return std::move(outputs_); }

  private:
    std::byte* address(const PlanSlot& slot, std::span<const std::byte* const> inputs) const;

    Context& context_;
    std::vector<ir::StorageRef> outputs_;
    ir::StorageRef arena_;
    ir::SmallVector<std::byte*, 16> slots_;
};

/// Runs a plan and gives its outputs, allocated from the context's pool. `inputs` are read only.
/// Throws OutOfMemory or InternalError; then nothing is kept.
std::vector<ir::StorageRef> run(const Plan& plan, std::span<const std::byte* const> inputs,
                                Context& context);

}  // namespace latent::codegen::runtime
