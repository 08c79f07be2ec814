#pragma once

#include <latent/tensor.h>

#include <span>
#include <vector>

#include "ir/node.h"

namespace latent::detail {

/// A value of the graph that the user can name: evaluations keep it while a handle is alive.
class NamedValue {
  public:
    explicit NamedValue(ir::Value value) : value_(std::move(value)) {
        value_.node->slot().handles().fetch_add(1, std::memory_order_relaxed);
    }
    NamedValue(const NamedValue&) = delete;
    NamedValue& operator=(const NamedValue&) = delete;
    ~NamedValue() { value_.node->slot().handles().fetch_sub(1, std::memory_order_relaxed); }

    const ir::Value& value() const { return value_; }

  private:
    ir::Value value_;
};

/// The way from Tensor to the graph and back.
struct TensorAccess {
    static Tensor wrap(ir::Value value) {
        return Tensor(std::make_shared<const NamedValue>(std::move(value)));
    }
    /// Null for a Tensor that names nothing.
    static const NamedValue* named(const Tensor& tensor) { return tensor.value_.get(); }
};

inline Tensor wrap(ir::Value value) {
    return TensorAccess::wrap(std::move(value));
}

/// Throws ValueError for a Tensor that names nothing.
const ir::Value& value_of(const Tensor& tensor, const std::source_location& location);

std::vector<ir::Value> values_of(std::span<const Tensor> tensors,
                                 const std::source_location& location);

}  // namespace latent::detail
