#include "codegen/runtime/memory_pool.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#include "codegen/runtime/system_memory.h"
#include "ir/errors.h"
#include "ir/rounding.h"

namespace latent::codegen::runtime {
namespace {

constexpr std::size_t smallest_class = 64;
// No machine has more; above it, rounding could overflow.
constexpr std::size_t largest_class = std::size_t{1} << 56;

// Eight steps to each power of two, but no finer than a cache line; 32 where memory counts. Mapped
// blocks end with a whole huge page where that is little more.
std::size_t class_capacity(std::size_t size) {
    constexpr std::size_t small = std::size_t{1} << 16;
    constexpr std::size_t little = huge_page / 16;
    if (size <= smallest_class) {
        return smallest_class;
    }
    const std::size_t steps = size <= small ? 8 : 32;
    const std::size_t step = std::max(smallest_class, std::bit_floor(size - 1) / steps);
    const std::size_t capacity = ir::rounded_up(size, step);
    const std::size_t whole_pages = ir::rounded_up(capacity, huge_page);
    return capacity >= huge_page && whole_pages - capacity <= little ? whole_pages : capacity;
}

void return_to_system(const std::list<MemoryBlock>& blocks) noexcept {
    for (const MemoryBlock& block : blocks) {
        allow_use(block.data, block.capacity);
        system_free(block.data, block.capacity);
    }
}

class PooledStorage final : public ir::Storage {
  public:
    PooledStorage(MemoryPool& pool, std::size_t size)
        : pool_(pool), block_(pool.allocate(size)), size_(size) {}
    ~PooledStorage() override { pool_.release(block_); }

    std::byte* data() const noexcept override { return block_.data; }
    std::size_t size() const noexcept override { return size_; }

  private:
    MemoryPool& pool_;
    const MemoryBlock block_;
    const std::size_t size_;
};

}  // namespace

std::uint64_t MemoryPool::default_keep_limit() {
    const auto pages = static_cast<std::uint64_t>(std::max(0L, sysconf(_SC_PHYS_PAGES)));
    return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) / 4;
}

MemoryPool::MemoryPool(std::uint64_t keep_limit) : keep_limit_(keep_limit) {}

MemoryPool::~MemoryPool() {
    trim();
}

MemoryBlock MemoryPool::allocate(std::size_t size) {
    if (size > largest_class) {
        fail(size);
    }
    const std::size_t capacity = class_capacity(size);
    if (const MemoryBlock kept = take_kept(capacity); kept.data != nullptr) {
        allow_use(kept.data, kept.capacity);
        return kept;
    }
    std::byte* data = system_allocate(capacity);
    if (data == nullptr) {
        trim();
        data = system_allocate(capacity);
    }
    if (data == nullptr) {
        fail(size);
    }
    const std::lock_guard lock(mutex_);
    ++statistics_.system_allocations;
    count_handed_out(capacity);
    return {data, capacity};
}

void MemoryPool::release(MemoryBlock block) noexcept {
    forbid_use(block.data, block.capacity);
    FreeBlocks surplus;
    try {
        const std::lock_guard lock(mutex_);
        if (spare_.empty()) {
            spare_.emplace_back();
        }
        kept_by_capacity_[block.capacity].push_back(spare_.begin());
        spare_.front() = block;
        kept_.splice(kept_.end(), spare_, spare_.begin());
        statistics_.bytes_now -= block.capacity;
        statistics_.bytes_pooled += block.capacity;
        surplus = remove_oldest(keep_limit_);
    } catch (const std::bad_alloc&) {
        // No memory to remember the block by: give it back.
        allow_use(block.data, block.capacity);
        system_free(block.data, block.capacity);
        const std::lock_guard lock(mutex_);
        statistics_.bytes_now -= block.capacity;
    }
    return_to_system(surplus);
}

ir::StorageRef MemoryPool::make_storage(std::size_t size) {
    return std::make_shared<PooledStorage>(*this, size);
}

void MemoryPool::trim(std::uint64_t keep) {
    FreeBlocks surplus;
    {
        const std::lock_guard lock(mutex_);
        surplus = remove_oldest(keep);
    }
    return_to_system(surplus);
}

std::uint64_t MemoryPool::keep_limit() const {
    const std::lock_guard lock(mutex_);
    return keep_limit_;
}

void MemoryPool::set_keep_limit(std::uint64_t bytes) {
    {
        const std::lock_guard lock(mutex_);
        keep_limit_ = bytes;
    }
    trim(bytes);
}

MemoryPool::Statistics MemoryPool::statistics() const {
    const std::lock_guard lock(mutex_);
    return statistics_;
}

void MemoryPool::reset_peak() {
    const std::lock_guard lock(mutex_);
    statistics_.bytes_peak = statistics_.bytes_now;
}

MemoryBlock MemoryPool::take_kept(std::size_t capacity) {
    const std::lock_guard lock(mutex_);
    const auto found = kept_by_capacity_.find(capacity);
    if (found == kept_by_capacity_.end() || found->second.empty()) {
        return {};
    }
    // The last one freed is the likeliest to be in a cache still.
    const auto position = found->second.back();
    found->second.pop_back();
    const MemoryBlock block = *position;
    spare_.splice(spare_.end(), kept_, position);
    statistics_.bytes_pooled -= capacity;
    count_handed_out(capacity);
    return block;
}

void MemoryPool::count_handed_out(std::size_t capacity) {
    ++statistics_.allocations;
    statistics_.bytes_allocated += capacity;
    statistics_.bytes_now += capacity;
    statistics_.bytes_peak = std::max(statistics_.bytes_peak, statistics_.bytes_now);
}

MemoryPool::FreeBlocks MemoryPool::remove_oldest(std::uint64_t keep) {
    FreeBlocks removed;
    while (statistics_.bytes_pooled > keep) {
        const std::size_t capacity = kept_.front().capacity;
        kept_by_capacity_[capacity].pop_front();
        removed.splice(removed.end(), kept_, kept_.begin());
        statistics_.bytes_pooled -= capacity;
    }
    return removed;
}

void MemoryPool::fail(std::size_t size) const {
    const Statistics now = statistics();
    throw OutOfMemory(
        fmt::format("out of memory: {} bytes were asked for while {} bytes are in use (peak {}) "
                    "and {} are kept for reuse",
                    size, now.bytes_now, now.bytes_peak, now.bytes_pooled));
}

}  // namespace latent::codegen::runtime
