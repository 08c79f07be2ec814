#pragma once

#include <latent/tensor.h>

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "ir/node.h"

namespace latent::detail {

/// The way from Tensor to the graph and back.
struct TensorAccess {
    static Tensor wrap(ir::Value value) {
        value.node->add_handle();
        ValueHandle handle;
        handle.node_ = value.node.disown();
        handle.result_ = value.result;
        return Tensor(std::move(handle));
    }
    /// Null for a Tensor that names nothing.
    static const ir::Node* node(const Tensor& tensor) {
        return static_cast<const ir::Node*>(tensor.value_.node_);
    }
    static std::uint32_t result(const Tensor& tensor) { return tensor.value_.result_; }
};

inline Tensor wrap(ir::Value value) {
    return TensorAccess::wrap(std::move(value));
}

/// Throws ValueError for a Tensor that names nothing.
ir::Value value_of(const Tensor& tensor, const std::source_location& location);
/// The same, for as long as the Tensor names it.
const ir::Node& node_of(const Tensor& tensor, const std::source_location& location);

std::vector<ir::Value> values_of(std::span<const Tensor> tensors,
                                 const std::source_location& location);

}  // namespace latent::detail
