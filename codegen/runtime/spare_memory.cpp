#include "codegen/runtime/spare_memory.h"

#include <algorithm>
#include <new>

#include "ir/rounding.h"
#include "ir/storage.h"

namespace latent::codegen::runtime {
std::byte* SpareMemory::allocate(std::size_t size) noexcept {
    size = ir::rounded_up(size, ir::place_alignment);
    const std::lock_guard lock(mutex_);
    auto best = ranges_.end();
    for (auto range = ranges_.begin(); range != ranges_.end(); ++range) {
        if (range->bytes >= size && (best == ranges_.end() || range->bytes < best->bytes)) {
            best = range;
        }
    }
    if (best == ranges_.end()) {
        return nullptr;
    }
    std::byte* const data = best->data;
    try {
        const auto index = best - ranges_.begin();
        ranges_.reserve(ranges_.size() + lent_ + 1);  // so that all that is lent can come back
        best = ranges_.begin() + index;
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
    ++lent_;
    *best = {data + size, best->bytes - size};
    return data;
}

void SpareMemory::release(std::byte* data, std::size_t size) noexcept {
    size = ir::rounded_up(size, ir::place_alignment);
    const std::lock_guard lock(mutex_);
    --lent_;
    const auto before = std::ranges::find_if(
        ranges_, [&](const Range& range) { return range.data + range.bytes == data; });
    const auto after = std::ranges::find(ranges_, data + size, &Range::data);
    if (before != ranges_.end() && after != ranges_.end()) {
        before->bytes += size + after->bytes;
        ranges_.erase(after);
    } else if (before != ranges_.end()) {
        before->bytes += size;
    } else if (after != ranges_.end()) {
        *after = {data, size + after->bytes};
    } else {
        ranges_.push_back({data, size});
    }
}

}  // namespace latent::codegen::runtime
