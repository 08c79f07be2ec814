#pragma once

#include <cstdint>
#include <utility>

namespace latent::detail {

struct TensorAccess;

/// What a Tensor holds: one result of a node of the graph, shared. Evaluations keep the values that
/// handles name.
class ValueHandle {
  public:
    ValueHandle() = default;
    ValueHandle(const ValueHandle& other) : node_(other.node_), result_(other.result_) {
        if (node_ != nullptr) {
            share();
        }
    }
    ValueHandle(ValueHandle&& other) noexcept
        : node_(std::exchange(other.node_, nullptr)), result_(other.result_) {}
    ValueHandle& operator=(ValueHandle other) noexcept {
        std::swap(node_, other.node_);
        std::swap(result_, other.result_);
        return *this;
    }
    ~ValueHandle() {
        if (node_ != nullptr) {
            release();
        }
    }

    explicit operator bool() const { return node_ != nullptr; }

  private:
    friend struct TensorAccess;

    void share() const;
    void release() const;

    const void* node_ = nullptr;
    std::uint32_t result_ = 0;
};

}  // namespace latent::detail
