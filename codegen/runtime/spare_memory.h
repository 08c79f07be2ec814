#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

namespace latent::codegen::runtime {

/// Memory that a run of a plan holds and that nothing lives in for the time of a launch: its kernel
/// has its larger scratch there. Thread-safe.
class SpareMemory {
  public:
    /// Smaller scratch is no matter of memory, and the pool is faster.
    static constexpr std::size_t least_bytes = std::size_t{1} << 16;

    struct Range {
        std::byte* data = nullptr;
        std::size_t bytes = 0;
    };

    /// Room for as many ranges.
    explicit SpareMemory(std::size_t ranges = 0) { ranges_.reserve(ranges); }

    /// `data` as the pool aligns it.
    void add(Range range) { ranges_.push_back(range); }

    /// Of the smallest range that is large enough; null where none is. Aligned to 128 bytes.
    std::byte* allocate(std::size_t size) noexcept;
    /// `size` as it was asked for.
    void release(std::byte* data, std::size_t size) noexcept;

  private:
    std::mutex mutex_;
    std::vector<Range> ranges_;
    std::size_t lent_ = 0;
};

}  // namespace latent::codegen::runtime
