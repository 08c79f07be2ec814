#pragma once

#include <cstddef>
#include <memory>

namespace latent::ir {

/// Kernels load whole vectors, also at the end of a row: as many bytes past the end of a storage
/// can be read, whatever they hold. A vector of 16 rows of 32 numbers of 32 bits, each
/// of which may be read up to the end of its last vector.
inline constexpr std::size_t readable_past_end = 2048;

/// Values that share a block of memory begin at multiples of it: whole cache lines, and enough for
/// any vector.
inline constexpr std::size_t place_alignment = 128;

/// Bytes that hold one computed value: read-only once whoever makes it has given it out.
/// Whoever allocates derives from it and gives the memory back in the destructor.
class Storage {
  public:
    Storage() = default;
    Storage(const Storage&) = delete;
    Storage& operator=(const Storage&) = delete;
    virtual ~Storage() = default;

    /// `size()` bytes, and `readable_past_end` more that may be read.
    virtual std::byte* data() const noexcept = 0;
    virtual std::size_t size() const noexcept = 0;
};

using StorageRef = std::shared_ptr<Storage>;

}  // namespace latent::ir
