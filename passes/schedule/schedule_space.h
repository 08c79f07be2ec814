#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "ir/region.h"
#include "passes/schedule/summation_order.h"

namespace latent::passes {

/// The schedules that tuning chooses from for a region: the default one, and those that differ from
/// it only in what changes no order of arithmetic, so that a kernel gives the same bits with each
/// (save the sign and payload of a NaN, which are left open).
///
///     pointwise    vector atom and tiles, lanes, vectors in flight, points of a task
///     row          stages kept, points of a task, rows that are reduced together; where vectors
///                  run across rows, or no sum of floats is taken: vector atom, lanes, vectors in
///                  flight
///     reduction    as row, but the points of a task only where no sum of floats is taken, for
///                  they decide the blocks
///     contraction  row and column atoms, packing, register tile, cache blocks, lanes; not
///                  where that changes whether unpacked rows are summed in several vectors
///     scan         vector atom, lanes, vectors in flight, points of a task
///     scatter      lanes, vectors in flight, points of a task
class ScheduleSpace {
  public:
    ScheduleSpace(const ir::Region& region, const ir::Classification& classification,
                  const ir::Machine& machine, std::span<const std::int64_t> extents);

    const ir::Schedule& default_schedule() const { return default_; }

    bool contains(const ir::Schedule& schedule) const;

    /// Schedules of the space that differ from one of it in one dimension: the next smaller and
    /// larger numbers, and all other choices.
    std::vector<ir::Schedule> neighbours(const ir::Schedule& schedule) const;

  private:
    /// What can be changed by itself: the values of some fields that belong together.
    struct Dimension {
        using Copy = void (*)(const ir::Schedule& from, ir::Schedule& to);
        Copy copy;  ///< the fields
        /// The values, each in a schedule of which the other fields do not count.
        std::vector<ir::Schedule> settings;
        /// Numbers, in order: the next ones are neighbours.
        bool ordered = false;
        /// Further neighbours, wherever the search is.
        std::vector<ir::Schedule> jumps;
        /// Whether the code of a schedule depends on it.
        bool (*matters)(const ir::Schedule& schedule) = [](const ir::Schedule&) { return true; };
    };

    /// The operands of a contraction, as far as they decide what can be read in vectors.
    struct Operand {
        std::uint64_t span = 0;
        std::uint64_t contiguous = 0;  ///< the atoms along which it is
    };

    /// What no dimension says by itself.
    bool is_possible(const ir::Schedule& schedule) const;
    const ir::Schedule* setting_of(const Dimension& dimension, const ir::Schedule& schedule) const;
    template <auto Field>
    Dimension& add_numbers(const std::vector<std::int64_t>& values);
    template <auto Field>
    Dimension& add_scaled(std::int64_t most);
    void add_block();
    enum class Loops : std::uint8_t { of_vectors, of_stores };
    void add_vectors(Loops loops);
    void add_atom_of_vectors(std::uint64_t atoms);
    void add_row();
    void add_pointwise();
    void add_tiles(const ir::Machine& machine, std::int64_t rows);
    void add_forms(const ir::Machine& machine);
    void add_rows_and_columns(std::uint64_t free);
    void add_contraction(const ir::Machine& machine);

    const ir::Region region_;
    const ir::Classification classification_;
    const std::vector<std::int64_t> extents_;
    const ir::Schedule default_;
    const std::vector<std::optional<SummationOrder>> orders_;  ///< with the default schedule
    std::array<Operand, 2> operands_;
    std::size_t widest_input_ = 1;  ///< bytes of an element
    int depth_atom_ = -1;           ///< the innermost one that a contraction sums over
    int depth_atoms_ = 0;           ///< how many there are
    std::vector<Dimension> dimensions_;
};

}  // namespace latent::passes
