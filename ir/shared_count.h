#pragma once

#include <atomic>
#include <type_traits>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

namespace latent::ir {

/// Whether this thread is the only one of the process.
inline bool is_single_threaded() {
#if __has_include(<sys/single_threaded.h>)
    return __libc_single_threaded != 0;
#else
    return false;
#endif
}

/// Adds to a count that threads share; its value before. A locked instruction costs more than what
/// else is done for most nodes, so it is spared where there is no other thread.
template <typename T>
T add_shared(std::atomic<T>& count, std::type_identity_t<T> amount, std::memory_order order) {
    if (is_single_threaded()) {
        const T before = count.load(std::memory_order_relaxed);
        count.store(before + amount, std::memory_order_relaxed);
        return before;
    }
    return count.fetch_add(amount, order);
}

}  // namespace latent::ir
