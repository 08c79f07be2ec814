#include "frontend/tensor/graph_lock.h"

#include "ir/shared_count.h"

namespace latent::detail {

namespace {

thread_local int readers = 0;

}  // namespace

std::shared_mutex& graph_mutex() {
    static std::shared_mutex mutex;
    return mutex;
}

std::shared_lock<std::shared_mutex> briefly_shared_graph() {
    return ir::is_single_threaded() ? std::shared_lock<std::shared_mutex>()
                                    : std::shared_lock(graph_mutex());
}

std::unique_lock<std::shared_mutex> briefly_owned_graph() {
    return ir::is_single_threaded() ? std::unique_lock<std::shared_mutex>()
                                    : std::unique_lock(graph_mutex());
}

GraphReader::GraphReader() {
    if (readers++ == 0) {
        graph_mutex().lock_shared();
    }
}

GraphReader::~GraphReader() {
    if (--readers == 0) {
        graph_mutex().unlock_shared();
    }
}

bool GraphReader::active() {
    return readers != 0;
}

}  // namespace latent::detail
