#include <latent/value_handle.h>

#include "ir/node.h"

namespace latent::detail {

void ValueHandle::share() const {
    static_cast<const ir::Node*>(node_)->share_handle();
}

void ValueHandle::release() const {
    static_cast<const ir::Node*>(node_)->release_handle();
}

}  // namespace latent::detail
