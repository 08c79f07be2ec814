#include "frontend/graph_lock.h"

namespace latent::detail {

std::shared_mutex& graph_mutex() {
    static std::shared_mutex mutex;
    return mutex;
}

}  // namespace latent::detail
