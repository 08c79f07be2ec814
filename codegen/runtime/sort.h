#pragma once

#include <cstddef>
#include <cstdint>

namespace latent::codegen::runtime {

/// Rows of `count` keys, unsigned numbers: element i is `stride` elements after element i - 1, row
/// r `row_stride` after row r - 1.
struct SortKeys {
    const void* data = nullptr;
    int bits = 32;  ///< of a key: 32 or 64
    std::size_t count = 0;
    std::ptrdiff_t stride = 1;
    std::size_t rows = 1;
    std::ptrdiff_t row_stride = 0;
};

/// Where the positions go.
struct SortedPositions {
    std::int64_t* data = nullptr;
    std::ptrdiff_t stride = 1;
    std::ptrdiff_t row_stride = 0;
};

/// Memory that `sort_positions` needs for rows of as many keys.
std::size_t sort_scratch_bytes(std::size_t count);

/// Writes the positions of each row's keys in increasing order; equal keys stay in the order of
/// their positions. Linear time: by digits of the keys; few keys are compared, those of several
/// rows side by side.
void sort_positions(const SortKeys& keys, const SortedPositions& positions, void* scratch) noexcept;

}  // namespace latent::codegen::runtime
