#pragma once

#include <cstddef>
#include <memory>

namespace latent::ir {

/// Bytes that hold one computed value: written once by whoever makes it, read-only from then on.
/// Whoever allocates derives from it and gives the memory back in the destructor.
class Storage {
  public:
    Storage() = default;
    Storage(const Storage&) = delete;
    Storage& operator=(const Storage&) = delete;
    virtual ~Storage() = default;

    virtual std::byte* data() const noexcept = 0;
    virtual std::size_t size() const noexcept = 0;
};

using StorageRef = std::shared_ptr<Storage>;

}  // namespace latent::ir
