#pragma once

#include <HalideRuntime.h>

#include <cstddef>
#include <cstdint>

namespace latent::codegen::runtime {

/// A row of keys: element i is `stride` elements after element i - 1.
struct SortKeys {
    const void* data = nullptr;
    halide_type_t type;
    std::size_t count = 0;
    std::ptrdiff_t stride = 1;
};

/// Where the positions go.
struct SortedPositions {
    std::int64_t* data = nullptr;
    std::ptrdiff_t stride = 1;
};

/// Memory that `sort_positions` needs for as many keys.
std::size_t sort_scratch_bytes(std::size_t count);

/// Writes the positions of the keys in increasing order, or in decreasing order; equal keys stay in
/// the order of their positions, zeros of either sign are equal, and NaN is the largest. Linear
/// time: by digits of the keys' bits. Keys are integers or floats of 32 or 64 bits, or bytes.
void sort_positions(const SortKeys& keys, bool decreasing, const SortedPositions& positions,
                    void* scratch) noexcept;

}  // namespace latent::codegen::runtime
