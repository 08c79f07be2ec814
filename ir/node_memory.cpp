#include "ir/node_memory.h"

#include <new>
#include <utility>

namespace latent::ir {

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t most_kept = 0;
#else
/// A graph of a hundred thousand nodes, some 30 MB.
constexpr std::size_t most_kept = 1 << 17;
#endif

struct FreeBlock {
    FreeBlock* next;
};

/// Without a destructor, so that it can be asked until the thread is gone.
struct FreeList {
    FreeBlock* first;
    std::size_t count;
    bool closed;
};
thread_local FreeList kept{};

/// Frees what is kept when the thread ends. Nodes that are freed later, by destructors of statics,
/// are freed at once.
struct Closer {
    Closer() = default;
    Closer(const Closer&) = delete;
    Closer& operator=(const Closer&) = delete;
    ~Closer() {
        kept.closed = true;
        while (kept.first != nullptr) {
            ::operator delete(std::exchange(kept.first, kept.first->next));
        }
    }
};

}  // namespace

void* allocate_node(std::size_t size) {
    if (kept.first == nullptr) {
        return ::operator new(size);
    }
    --kept.count;
    FreeBlock* const block = std::exchange(kept.first, kept.first->next);
    if (kept.first != nullptr) {
        // What comes next is mostly written next.
        const auto* const next = reinterpret_cast<const char*>(kept.first);
        __builtin_prefetch(next, 1);
        __builtin_prefetch(next + 64, 1);
        __builtin_prefetch(next + 128, 1);
    }
    return block;
}

void free_node(void* memory) noexcept {
    thread_local const Closer closer;
    if (kept.closed || kept.count >= most_kept) {
        ::operator delete(memory);
        return;
    }
    kept.first = new (memory) FreeBlock{kept.first};
    ++kept.count;
}

}  // namespace latent::ir
