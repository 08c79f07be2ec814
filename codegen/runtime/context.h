#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "codegen/runtime/counters.h"
#include "codegen/runtime/kernel_cache.h"
#include "codegen/runtime/memory_pool.h"
#include "codegen/runtime/thread_pool.h"
#include "codegen/runtime/tuned_schedules.h"

namespace latent::codegen::runtime {

/// The state that evaluations share: threads, memory, kernels and what is counted. A process has
/// one (`context()`); tests make their own. Thread-safe.
class Context {
  public:
    struct Options {
        int num_threads = hardware_threads();
        std::uint64_t pool_keep_limit = MemoryPool::default_keep_limit();
        KernelCache::Options kernels = {};
    };

    /// LATENT_NUM_THREADS, LATENT_POOL_SIZE and what DiskCache reads.
    static Options options_from_environment();

    /// Without a compiler, the one in liblatent_compiler.so.
    explicit Context(Options options = options_from_environment(),
                     std::unique_ptr<Compiler> compiler = nullptr);

    ThreadPool& threads() noexcept { return threads_; }
    MemoryPool& memory() noexcept { return memory_; }
    KernelCache& kernels() noexcept { return kernels_; }
    TunedSchedules& tuned_schedules() noexcept { return tuned_schedules_; }

    /// Runs and counts a kernel call with this context's threads and memory; see Kernel::run.
    void launch(const Kernel& kernel, std::span<void*> arguments, bool parallel = true);
    /// One launch over a list of argument lists.
    void launch(const Kernel& kernel, std::span<const std::span<void*>> calls, bool parallel = true,
                SpareMemory* spare = nullptr);

    Counters counters() const;

  private:
    MemoryPool memory_;
    ThreadPool threads_;
    KernelCache kernels_;
    TunedSchedules tuned_schedules_{kernels_.disk().folder()};
    std::atomic<std::uint64_t> launches_{0};
};

/// The context of this process, made from the environment at the first call.
Context& context();

}  // namespace latent::codegen::runtime
