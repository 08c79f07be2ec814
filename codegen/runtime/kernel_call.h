#pragma once

#include <immintrin.h>

#include <array>
#include <atomic>
#include <csetjmp>
#include <string>
#include <type_traits>
#include <vector>

#include "codegen/runtime/kernel.h"
#include "codegen/runtime/stub/kernel_context.h"

namespace latent::codegen::runtime {

/// What all threads of one kernel call share: the resources and the first failure.
class KernelCall {
  public:
    enum class Failure { none, out_of_memory, other };

    explicit KernelCall(const KernelLaunch& launch) : launch_(launch) {
        message_.front() = 0;
        message_.back() = 0;  // which nothing overwrites
    }

    const KernelLaunch& launch() const noexcept { return launch_; }

    /// Keeps the first failure. Allocates nothing, since memory may be what is missing.
    void record(Failure failure, const char* message) noexcept;
    /// These two: only when no task runs any more.
    Failure failure() const noexcept { return failure_.load(std::memory_order_relaxed); }
    std::string message() const { return message_.data(); }

  private:
    const KernelLaunch& launch_;
    std::atomic<Failure> failure_{Failure::none};
    std::array<char, 512> message_;
};

/// Arithmetic as results are promised: rounded to nearest, denormal numbers kept, nothing trapped,
/// whatever the thread has set for its own.
class DefaultArithmetic {
  public:
    DefaultArithmetic() noexcept : saved_(_mm_getcsr()) {
        if (differs()) {
            _mm_setcsr(standard | (saved_ & ~controls));
        }
    }
    DefaultArithmetic(const DefaultArithmetic&) = delete;
    DefaultArithmetic& operator=(const DefaultArithmetic&) = delete;
    ~DefaultArithmetic() {
        if (differs()) {
            _mm_setcsr(saved_);
        }
    }

  private:
    static constexpr unsigned controls = 0xffc0;  ///< of MXCSR; below are flags
    static constexpr unsigned standard = 0x1f80;

    bool differs() const noexcept { return (saved_ & controls) != standard; }

    const unsigned saved_;
};

/// The user context of a kernel call, or of one task of its parallel loops.
///
/// Kernels are compiled without a check of what halide_malloc and halide_do_par_for return, and an
/// exception cannot pass through them. So a callback that fails jumps out of the kernel to the
/// frame that entered it, and the frame gives back the scratch that the kernel left. Kernel code
/// has nothing else to clean up.
class KernelFrame : private latent_kernel_context {
  public:
    static constexpr int failed = -1;

    explicit KernelFrame(KernelCall& call);
    KernelFrame(const KernelFrame&) = delete;
    KernelFrame& operator=(const KernelFrame&) = delete;
    ~KernelFrame();

    /// What the kernel takes for its user context.
    void* user_context() noexcept { return static_cast<latent_kernel_context*>(this); }

    /// Calls `code`, which enters the kernel; its result, or `failed` if a callback jumped out of
    /// it. On that way no destructor runs, so `code` must own nothing.
    template <typename Code>
    int enter(const Code& code) {
        static_assert(std::is_trivially_destructible_v<Code>);
        const DefaultArithmetic arithmetic;
        if (setjmp(recovery_) != 0) {
            return failed;
        }
        return code();
    }

  private:
    static KernelFrame& from(latent_kernel_context* context);
    static void* allocate_scratch(latent_kernel_context* context, std::size_t size);
    static void release_scratch(latent_kernel_context* context, void* memory);
    static int run_parallel(latent_kernel_context* context, latent_kernel_task task, int begin,
                            int extent, std::uint8_t* closure);
    static int sort_rows(latent_kernel_context* context, halide_buffer_t* keys, int dimension,
                         halide_buffer_t* order);
    static void record_error(latent_kernel_context* context, const char* message);

    struct Scratch {
        MemoryBlock block;
        bool in_use = false;
        bool is_spare = false;  ///< from the launch's spare memory, not from the pool
    };

    void* try_allocate(std::size_t size) noexcept;
    void give_back(const Scratch& scratch) noexcept;

    KernelCall& call_;
    /// What the kernel has asked for. Small blocks that it gave back are kept for its next row.
    std::vector<Scratch> scratch_;
    std::jmp_buf recovery_;
};

}  // namespace latent::codegen::runtime
