#include "passes/schedule/vector_atom.h"

#include <algorithm>
#include <utility>

#include "passes/schedule/atom_set.h"

namespace latent::passes {

namespace {

/// Elements of an array with such strides along the atoms.
std::int64_t elements(std::span<const ir::StrideClass> strides,
                      std::span<const std::int64_t> extents) {
    std::int64_t count = 1;
    for (std::size_t atom = 0; atom < strides.size(); ++atom) {
        count *= strides[atom] == ir::StrideClass::zero ? 1 : extents[atom];
    }
    return count;
}

/// How many elements are read by accesses with that stride along `atom`. What varies along few
/// atoms is read from a cache most of the time and counts less.
std::int64_t elements_read(const ir::Region& region, int atom, ir::StrideClass stride,
                           std::span<const std::int64_t> extents) {
    std::int64_t total = 0;
    for (const ir::RegionInput& input : region.inputs) {
        if (input.kind == ir::InputKind::strided &&
            input.strides[static_cast<std::size_t>(atom)] == stride) {
            total += elements(input.strides, extents);
        }
    }
    return total;
}

}  // namespace

std::int64_t contiguous_elements(const ir::Region& region, ir::Template kind, int atom,
                                 std::span<const std::int64_t> extents) {
    std::int64_t total = 0;
    for (const ir::StrideClass close : {ir::StrideClass::one, ir::StrideClass::two,
                                        ir::StrideClass::three, ir::StrideClass::four}) {
        total += elements_read(region, atom, close, extents);
    }
    if (kind == ir::Template::pointwise) {
        total += elements_read(region, atom, ir::StrideClass::reversed, extents);
    }
    for (const ir::RegionResult& result : region.results) {
        if (result.scatter.empty() &&
            result.strides[static_cast<std::size_t>(atom)] == ir::StrideClass::one) {
            total += elements(result.strides, extents);
        }
    }
    return total;
}

bool gathers(const ir::Region& region, int atom, std::span<const std::int64_t> extents) {
    return atom >= 0 && elements_read(region, atom, ir::StrideClass::any, extents) >
                            elements_read(region, atom, ir::StrideClass::one, extents);
}

bool reads_indexed(const ir::Region& region) {
    return std::ranges::any_of(
        region.inputs, [](const auto& input) { return input.kind == ir::InputKind::indexed; });
}

bool reads_reversed(const ir::Region& region, int atom) {
    return std::ranges::any_of(region.inputs, [&](const ir::RegionInput& input) {
        return input.kind == ir::InputKind::strided &&
               input.strides[static_cast<std::size_t>(atom)] == ir::StrideClass::reversed;
    });
}

std::int64_t shortest_vector_extent(const ir::Schedule& schedule) {
    const bool sums =
        schedule.kind == ir::Template::row || schedule.kind == ir::Template::reduction;
    return schedule.unroll == 1 ? schedule.lanes / 4
                                : std::int64_t{sums ? schedule.unroll : 2} * schedule.lanes;
}

int choose_vector_atom(const ir::Region& region, std::uint64_t set, const ir::Schedule& schedule,
                       std::span<const std::int64_t> extents) {
    int chosen = -1;
    std::pair best(false, std::int64_t{-1});
    for (int atom = static_cast<int>(region.atoms.size()); atom-- > 0;) {
        const std::pair worth(
            extents[static_cast<std::size_t>(atom)] >= shortest_vector_extent(schedule),
            contiguous_elements(region, schedule.kind, atom, extents));
        if (has(set, atom) && worth > best) {
            chosen = atom;
            best = worth;
        }
    }
    return chosen;
}

}  // namespace latent::passes
