#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "codegen/compiler/compiler_api.h"
#include "codegen/runtime/build_id.h"
#include "codegen/runtime/compiler.h"
#include "codegen/runtime/disk_cache.h"
#include "codegen/runtime/kernel.h"

namespace latent::codegen::runtime {

/// Finds or makes the kernel of a request: in memory, then on disk, then by the compiler. The key
/// is the text of the request, ISA included, and the build of the compiler. Thread-safe: requests
/// for one kernel that overlap make it once.
class KernelCache {
  public:
    using KernelRef = std::shared_ptr<const Kernel>;

    struct Options {
        DiskCache::Options disk = DiskCache::options_from_environment();
        std::string build_id = compiler_build_id;
        unsigned notes =
            latent_note_schedule;  // what each kernel keeps; a mask of latent_compile_note
    };

    struct Statistics {
        std::uint64_t kernels_compiled = 0;
        std::uint64_t disk_hits = 0;
        std::uint64_t memory_hits = 0;
    };

    KernelCache(Options options, std::unique_ptr<Compiler> compiler);

    /// Throws CompileError if the kernel cannot be made; a later call tries again.
    KernelRef get(const std::string& request);

    /// The kernel of each request, in order. Those that must be compiled are, in parallel. Throws
    /// the first error, once no compilation runs any more; what succeeded is kept.
    std::vector<KernelRef> get_all(std::span<const std::string> requests);

    /// Asks the compiler for notes (a mask of latent_compile_note) that a kernel does not keep.
    /// Compiles each time.
    KernelNotes describe(const std::string& request, unsigned notes);

    /// Forgets one kernel in memory, as `clear` does all.
    void forget(const std::string& request);

    /// Forgets the kernels in memory; those in use live until their last user lets go. The disk is
    /// left alone.
    void clear();

    Statistics statistics() const;
    DiskCache& disk() noexcept { return disk_; }

    /// What the disk cache stores a request's kernel under.
    std::string key(const std::string& request) const;

  private:
    class Promised;

    struct CompiledBatch {
        CompiledObject kernels;
        KernelOrigin::Duration time_for_each{0};
    };

    std::shared_future<KernelRef> find_or_promise(const std::string& request,
                                                  std::deque<Promised>& promised);
    bool load_from_disk(Promised& kernel);
    void compile_all(std::span<Promised* const> missing);
    /// Throws where several fail together.
    void compile(std::span<Promised* const> batch);
    void keep_promises(std::span<Promised* const> batch, CompiledBatch& compiled) noexcept;
    CompiledBatch compile_together(std::span<Promised* const> batch);
    KernelRef make(const Promised& kernel, CompiledBatch& compiled, std::size_t index);

    const Options options_;
    const std::unique_ptr<Compiler> compiler_;
    DiskCache disk_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, std::shared_future<KernelRef>> kernels_;  // by request
    std::atomic<std::uint64_t> kernels_compiled_{0};
    std::atomic<std::uint64_t> disk_hits_{0};
    std::atomic<std::uint64_t> memory_hits_{0};
};

}  // namespace latent::codegen::runtime
