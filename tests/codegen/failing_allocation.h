#pragma once

#include <cstddef>

namespace latent::codegen::runtime::testing {

/// While it lives, one allocation by `new` on its thread throws std::bad_alloc: that which comes
/// after `before` others.
class FailingAllocation {
  public:
    explicit FailingAllocation(std::size_t before) noexcept;
    FailingAllocation(const FailingAllocation&) = delete;
    FailingAllocation& operator=(const FailingAllocation&) = delete;
    ~FailingAllocation();

    /// Whether it has come to that.
    bool has_failed() const noexcept;
};

}  // namespace latent::codegen::runtime::testing
