#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ir/region.h"

namespace latent::passes {

/// In which order a kernel takes in what a stage sums (or multiplies): two kernels that take in the
/// same terms in loops of the same order give the same bits where these are equal.
struct SummationOrder {
    /// Along this one of the atoms that are summed over, element i goes to partial result
    /// i mod (lanes * vectors), and those are combined as trees; -1: all terms one after the other.
    int vector_atom = -1;
    /// i is the place along all of them, of which `vector_atom` is the innermost.
    bool along_all = false;
    int lanes = 0;
    int vectors = 0;
    /// Sums of blocks of the outermost atom are taken apart: what decides their size, and the order
    /// inside of them.
    struct Blocks {
        std::int64_t points = 0;       ///< of a task
        std::int64_t kept_points = 0;  ///< results, as far as their number counts
        std::int64_t row_points = 0;   ///< of these, those of one place outside of the blocks
        std::int64_t cut_extent = 0;   ///< of the outermost atom
        bool whole_rows = false;       ///< each row is taken in to its end before the next one
        int rows = 0;                  ///< that are taken in together, if any
        bool padded = false;           ///< read through copies, which have blocks of their own
        bool operator==(const Blocks&) const = default;
    };
    std::optional<Blocks> blocks;
    /// Of products whose rounding depends on the form of the kernel.
    struct Form {
        ir::Packing packing = ir::Packing::none;
        bool is_tiled = false;
        bool in_chain = false;
        bool operator==(const Form&) const = default;
    };
    std::optional<Form> form;

    bool operator==(const SummationOrder&) const = default;
};

/// Whether a stage takes in floats, whose result depends on the order. (Extremes and sums of
/// integers do not, and scans and scatters have one order.)
bool depends_on_order(const ir::Stage& stage);

/// For each stage of a region that depends on it, the order that a schedule gives it. `extents` of
/// atoms.
std::vector<std::optional<SummationOrder>> summation_orders(
    const ir::Region& region, const ir::Classification& classification,
    const ir::Schedule& schedule, std::span<const std::int64_t> extents);

}  // namespace latent::passes
