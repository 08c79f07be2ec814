#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "codegen/runtime/aligned_stack.h"
#include "codegen/runtime/kernel_image.h"
#include "codegen/runtime/memory_pool.h"
#include "codegen/runtime/shared_object.h"
#include "codegen/runtime/spare_memory.h"
#include "codegen/runtime/thread_pool.h"

namespace latent::codegen::runtime {

/// What a running kernel may use.
struct KernelLaunch {
    MemoryPool& memory;    // for its scratch
    ThreadPool& threads;   // for its parallel loops
    bool parallel = true;  // false: its parallel loops run on the calling thread, for work too
                           // small to be worth waking others
    SpareMemory* spare = nullptr;  // for larger scratch, before `memory`
};

/// Where a kernel came from and what that took.
struct KernelOrigin {
    using Duration = std::chrono::duration<double, std::milli>;

    bool from_disk = false;
    Duration compile{0};  // its part of what its batch took; 0 if from disk
    Duration link{0};     // 0 if from disk
    Duration load{0};
};

/// A loaded kernel. Immutable; may be run from several threads at once.
class Kernel {
  public:
    /// Loads `image` and finds its entry `<symbol>_argv`. `request`: the text that it was compiled
    /// from. `origin.load` is measured here. Throws CompileError.
    Kernel(std::string symbol, std::string request, KernelImage image, KernelOrigin origin = {});

    /// Calls the kernel. `arguments` are as Halide's argv entry takes them (halide_buffer_t* for a
    /// buffer, the address of a scalar); the first is set here and must be left free for it. Throws
    /// OutOfMemory if there is none for scratch, and InternalError if the kernel reports anything
    /// else; either way its scratch is given back.
    void run(std::span<void*> arguments, const KernelLaunch& launch) const;

    const std::string& symbol() const noexcept { return symbol_; }
    const std::string& request() const noexcept { return request_; }
    const KernelNotes& notes() const noexcept { return notes_; }
    const KernelOrigin& origin() const noexcept { return origin_; }
    /// Bytes of what was loaded.
    std::uint64_t shared_object_size() const noexcept { return shared_object_size_; }

  private:
    std::string symbol_;
    std::string request_;
    KernelNotes notes_;
    KernelOrigin origin_;
    std::uint64_t shared_object_size_;
    SharedObject library_;
    KernelEntry entry_;
};

}  // namespace latent::codegen::runtime
