#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ir/node.h"
#include "ir/region.h"

namespace latent::passes {

/// Where a value is read along one of its dimensions: sum of coefficient * atom + offset.
struct Coordinate {
    std::vector<ir::AtomTerm> terms;
    std::int64_t offset = 0;
    bool operator==(const Coordinate&) const = default;
};
using Coordinates = std::vector<Coordinate>;

/// The loop dimensions of a region under construction. An atom may be split into an outer and an
/// inner one, when a reshape asks for it; coordinates that name the old one are rewritten on the
/// next `expand`.
class AtomTable {
  public:
    int add(std::int64_t extent);
    /// One new atom for each extent.
    Coordinates add_all(std::span<const std::int64_t> shape);

    std::int64_t extent(int atom) const { return atoms_[static_cast<std::size_t>(atom)].extent; }
    /// Keeps an atom whole from now on: a reshape that would split it fails.
    void pin(int atom) { atoms_[static_cast<std::size_t>(atom)].pinned = true; }
    /// Keeps an atom that takes steps from merging with those outside of it: the extents of which
    /// it could are few, and others would ask for another kernel.
    void mark_steps(int atom) { atoms_[static_cast<std::size_t>(atom)].takes_steps = true; }
    bool takes_steps(int atom) const { return atoms_[static_cast<std::size_t>(atom)].takes_steps; }
    /// The atom runs over the elements of a window. Where those are few, their number is part of
    /// the code, so that the loop over them can be unrolled.
    void mark_window(const Coordinate& coordinate) { mark(coordinate, longest_window); }
    /// The same for the elements of a row that is reduced.
    void mark_row(const Coordinate& coordinate) { mark(coordinate, ir::longest_unrolled_row); }
    /// The extent of an atom of that kind, else 0.
    std::int64_t fixed_extent(int atom) const {
        const State& state = atoms_[static_cast<std::size_t>(atom)];
        return state.extent <= state.most_fixed ? state.extent : 0;
    }
    bool is_split(int atom) const { return atoms_[static_cast<std::size_t>(atom)].outer >= 0; }
    int size() const { return static_cast<int>(atoms_.size()); }
    /// Coordinates without split atoms.
    Coordinate expand(const Coordinate& coordinate) const;
    Coordinates expand(const Coordinates& coordinates) const;

    /// The atoms of a coordinate whose value runs over 0 .. product of their extents - 1 in
    /// row-major order, outermost first; nothing if it is of another form.
    std::optional<std::vector<int>> mixed_radix(const Coordinate& coordinate,
                                                std::int64_t extent) const;
    bool is_pure(const Coordinates& coordinates, std::span<const std::int64_t> shape) const;
    /// Whether it runs over several atoms, of which the innermost has fewer than eight elements.
    bool has_short_parts(const Coordinate& coordinate) const;
    /// The coordinate that runs over these atoms in row-major order.
    Coordinate from_mixed_radix(std::span<const int> atoms) const;

    /// Coordinates at which the operand of a reshape is read when its result is read at
    /// `coordinates`; splits atoms where a factor asks for it. Nothing if the factors of both
    /// shapes do not divide, or `coordinates` are not pure.
    std::optional<Coordinates> through_reshape(const Coordinates& coordinates,
                                               std::span<const std::int64_t> from,
                                               std::span<const std::int64_t> to);

  private:
    struct State {
        std::int64_t extent = 0;
        int outer = -1;
        int inner = -1;
        bool pinned = false;
        bool takes_steps = false;
        std::int64_t most_fixed = 0;  ///< the largest extent that is part of the code
    };
    static constexpr std::int64_t longest_window = 8;
    void mark(const Coordinate& coordinate, std::int64_t most_fixed);
    void split(int atom, std::int64_t inner_extent);

    std::vector<State> atoms_;
};

/// Coordinates at which the operand of a view is read when the view is read at `coordinates`;
/// nothing where that cannot be said with sums of atoms. Splits atoms for reshape.
std::optional<Coordinates> through_view(const ir::Node& view, const Coordinates& coordinates,
                                        AtomTable& atoms);

/// Whether every dimension keeps its elements and their order along it (permute, reshape,
/// broadcast), so that a computed operand can be evaluated at the coordinates instead of being read
/// from memory.
bool keeps_whole_dimensions(ir::Op view);

}  // namespace latent::passes
