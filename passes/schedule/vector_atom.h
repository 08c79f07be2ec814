#pragma once

#include <cstdint>
#include <span>

#include "ir/region.h"

namespace latent::passes {

/// Elements of the shortest vectors.
inline constexpr int least_lanes = 4;

/// How many elements are read and written by accesses whose neighbours along `atom` are neighbours
/// in memory, or close to each other there: these are shuffled from whole vectors, reversed ones in
/// elementwise kernels alone. What varies along few atoms is read from a cache most of the time and
/// counts less.
std::int64_t contiguous_elements(const ir::Region& region, ir::Template kind, int atom,
                                 std::span<const std::int64_t> extents);

/// Whether most of what vectors along `atom` read are elements that lie apart.
bool gathers(const ir::Region& region, int atom, std::span<const std::int64_t> extents);

/// Whether an input is read where other values say.
bool reads_indexed(const ir::Region& region);

/// Whether an input is read in opposite order along the atom.
bool reads_reversed(const ir::Region& region, int atom);

/// An atom that is shorter than this would leave most of the vectors in flight without work; sums
/// have more of them, and unrolled rows one.
std::int64_t shortest_vector_extent(const ir::Schedule& schedule);

/// The innermost atom of the set that is not short, unless more of what is accessed is contiguous
/// along another; among short ones alone the same. -1 of none.
int choose_vector_atom(const ir::Region& region, std::uint64_t set, const ir::Schedule& schedule,
                       std::span<const std::int64_t> extents);

}  // namespace latent::passes
