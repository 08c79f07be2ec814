#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <mutex>
#include <unordered_map>

#include "ir/storage.h"

namespace latent::codegen::runtime {

/// Memory from a MemoryPool. `capacity` is at least what was asked for.
struct MemoryBlock {
    std::byte* data = nullptr;
    std::size_t capacity = 0;
};

/// Keeps freed memory for the next request of the same size class, since fresh pages cost more than
/// most kernels. Eight classes to each power of two, 32 from 64 KiB on, so at most an eighth is
/// wasted, of large blocks a tenth. Blocks are aligned to 64 bytes, to 128 from a page on; of
/// blocks of 2 MiB and more all whole huge pages are such where the system has them. What lies
/// unused longest is returned first when more than the limit is kept. Thread-safe.
class MemoryPool {
  public:
    struct Statistics {
        std::uint64_t bytes_now = 0;           // handed out
        std::uint64_t bytes_peak = 0;          // most that was handed out at once
        std::uint64_t bytes_pooled = 0;        // kept for reuse
        std::uint64_t allocations = 0;         // requests
        std::uint64_t bytes_allocated = 0;     // what these were given, all together
        std::uint64_t system_allocations = 0;  // requests that no kept block could serve
    };

    /// A quarter of the machine's memory.
    static std::uint64_t default_keep_limit();

    explicit MemoryPool(std::uint64_t keep_limit = default_keep_limit());
    MemoryPool(const MemoryPool&) = delete;
    MemoryPool& operator=(const MemoryPool&) = delete;
    /// All blocks and storages must have been given back.
    ~MemoryPool();

    /// At least `size` bytes (one class even for 0), contents undefined. Throws OutOfMemory, with
    /// the figures, when the system has no more even after all kept memory was returned.
    MemoryBlock allocate(std::size_t size);
    void release(MemoryBlock block) noexcept;

    /// A buffer of `size` bytes that comes back to this pool, which must live longer. Throws
    /// OutOfMemory.
    ir::StorageRef make_storage(std::size_t size);

    /// Returns kept memory to the system, what lies unused longest first, until at most `keep`
    /// bytes are left.
    void trim(std::uint64_t keep = 0);

    std::uint64_t keep_limit() const;
    void set_keep_limit(std::uint64_t bytes);

    Statistics statistics() const;
    /// Lets `bytes_peak` start again from what is handed out now.
    void reset_peak();

  private:
    using FreeBlocks = std::list<MemoryBlock>;

    MemoryBlock take_kept(std::size_t capacity);
    void count_handed_out(std::size_t capacity);
    FreeBlocks remove_oldest(std::uint64_t keep);
    [[noreturn]] void fail(std::size_t size) const;

    mutable std::mutex mutex_;
    FreeBlocks kept_;   // longest unused first
    FreeBlocks spare_;  // elements for blocks that are handed out, which hold nothing
    // By capacity, in the same order.
    std::unordered_map<std::size_t, std::deque<FreeBlocks::iterator>> kept_by_capacity_;
    Statistics statistics_;
    std::uint64_t keep_limit_;
};

}  // namespace latent::codegen::runtime
