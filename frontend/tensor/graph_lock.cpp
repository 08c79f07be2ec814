#include "frontend/tensor/graph_lock.h"

namespace latent::detail {

namespace {

thread_local int readers = 0;

}  // namespace

std::shared_mutex& graph_mutex() {
    static std::shared_mutex mutex;
    return mutex;
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
