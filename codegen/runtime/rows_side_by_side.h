#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "codegen/runtime/sorting_network.h"

namespace latent::codegen::runtime {

/// Rows that are sorted at once, each in a lane of vectors.
inline constexpr std::size_t rows_side_by_side = 8;

/// Whether the processor compares vectors of 64-bit numbers.
bool can_sort_side_by_side();

/// Number i of row r is at i * rows_side_by_side + r.
using RowsSideBySide = std::array<std::int64_t, largest_network * rows_side_by_side>;

/// Numbers that are in order by the first, or, where these are equal, by the second.
struct PairsSideBySide {
    alignas(64) RowsSideBySide first;
    alignas(64) RowsSideBySide second;
};

/// Sorts the first `count` numbers or pairs of each row; the others are overwritten.
void sort_side_by_side(RowsSideBySide& numbers, std::size_t count);
void sort_side_by_side(PairsSideBySide& pairs, std::size_t count);

}  // namespace latent::codegen::runtime
