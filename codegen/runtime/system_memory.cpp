#include "codegen/runtime/system_memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <limits>

#include "ir/storage.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace latent::codegen::runtime {
namespace {

constexpr std::size_t page = 4096;
static_assert(ir::readable_past_end % 128 == 0 && ir::readable_past_end <= page);

std::byte* map_huge(std::size_t size) noexcept {
    if (size > std::numeric_limits<std::size_t>::max() - huge_page) {
        return nullptr;
    }
    // mmap aligns to small pages: map one huge page more and cut both ends.
    void* const mapped =
        mmap(nullptr, size + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
        return nullptr;
    }
    auto* const begin = static_cast<std::byte*>(mapped);
    const std::size_t before =
        (huge_page - reinterpret_cast<std::uintptr_t>(begin) % huge_page) % huge_page;
    // One small page stays, to read past the end.
    const std::size_t after = huge_page - before - page;
    if (before != 0) {
        munmap(begin, before);
    }
    if (after != 0) {
        munmap(begin + before + size + page, after);
    }
    // Only a hint: without huge pages the memory is as good, if slower to touch. The end is not
    // asked for on one, of which a part would be touched for nothing.
    madvise(begin + before, size / huge_page * huge_page, MADV_HUGEPAGE);
    return begin + before;
}

}  // namespace

std::byte* system_allocate(std::size_t size) noexcept {
    if (size >= huge_page) {
        return map_huge(size);
    }
    return static_cast<std::byte*>(
        std::aligned_alloc(size >= page ? 128 : 64, size + ir::readable_past_end));
}

void system_free(std::byte* memory, std::size_t size) noexcept {
    if (size >= huge_page) {
        munmap(memory, size + page);
    } else {
        std::free(memory);
    }
}

#if defined(__SANITIZE_ADDRESS__)
void forbid_use(std::byte* memory, std::size_t size) noexcept {
    ASAN_POISON_MEMORY_REGION(memory, size);
}
void allow_use(std::byte* memory, std::size_t size) noexcept {
    ASAN_UNPOISON_MEMORY_REGION(memory, size);
}
#else
void forbid_use(std::byte*, std::size_t) noexcept {}
void allow_use(std::byte*, std::size_t) noexcept {}
#endif

}  // namespace latent::codegen::runtime
