#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ir/attributes.h"
#include "ir/op.h"
#include "ir/schedule.h"

namespace latent::ir {

// A Region is the unit of code generation and, printed, the key of a kernel. It speaks of loop
// dimensions ("atoms") and of stages computed at each point of them. Views are no stages: they are
// in the strides with which inputs are read. Extents, strides and offsets are run-time arguments of
// the kernel; what the code depends on is here.

/// A loop dimension. `fixed` is its extent where that is a small constant of the code (a window
/// size), else 0.
struct Atom {
    std::int64_t fixed = 0;
    bool operator==(const Atom&) const = default;
};

/// What the code knows of the stride along one dimension. `zero`: does not vary. `one`: neighbours.
/// `tight`: the extent of the innermost atom, which is fixed and has stride one, so that the two
/// are contiguous: windows, or short rows, side by side; or stride zero: one element of each row.
/// `dense`: the same of the two innermost atoms: windows of two dimensions side by side. `two`,
/// `three`, `four` and `reversed` (minus one): vectors of what is read so are shuffled. `any`: told
/// at run time.
enum class StrideClass : std::uint8_t { zero, one, tight, dense, two, three, four, reversed, any };

enum class InputKind : std::uint8_t {
    scalar,    ///< one number, passed by value
    strided,   ///< a buffer with a stride for each atom
    indexed,   ///< a buffer addressed along its own dimensions by `Stage::index`
    affine,    ///< no memory: offset + sum of stride * atom (an iota seen through views)
    position,  ///< no memory: the place along the atom of stride one, whose extent is fixed
};

struct RegionInput {
    InputKind kind = InputKind::strided;
    DType dtype = DType::f32;
    /// strided, affine, position: one for each atom; indexed: one for each dimension of the buffer;
    /// scalar: none.
    std::vector<StrideClass> strides;
    bool operator==(const RegionInput&) const = default;
};

/// coefficient * atom
struct AtomTerm {
    int atom = 0;
    std::int64_t coefficient = 1;
    bool operator==(const AtomTerm&) const = default;
};

/// Where an indexed load reads along one dimension of its buffer, of run-time extent n:
/// t = sum of terms + run-time offset, or the value of `stage` clamped into [0, n).
/// Guarded: if t < 0, t >= n * divisor or t is no multiple of divisor, the load gives its fill
/// instead; else it reads t / divisor.
struct IndexedDim {
    std::vector<AtomTerm> terms;
    int stage = -1;
    bool guarded = false;
    std::int64_t divisor = 1;
    bool operator==(const IndexedDim&) const = default;
};

enum class StageKind : std::uint8_t {
    load,      ///< input `input` at the current point (scalar, strided, affine or position)
    indexed,   ///< input `input` at `index`; operands[0], if any, is the fill where a guard fails
    constant,  ///< `literal`
    elementwise,  ///< `op` of operands (Op::cast: to `dtype`)
    reduce,       ///< `op` (reduce_*) of operands over `atoms`
    contraction,  ///< sum over `atoms` of operands[0] * operands[1]
    scan,         ///< `op` of operands along the one of `atoms`, which stays
};

struct Stage {
    StageKind kind = StageKind::load;
    DType dtype = DType::f32;
    Op op = Op::constant;
    std::vector<int> operands;  ///< earlier stages
    int input = -1;
    std::vector<int> atoms;
    bool reverse = false;  ///< of a scan
    Literal literal;
    std::vector<IndexedDim> index;
    bool operator==(const Stage&) const = default;
};

/// A stage whose values leave the region. `strides` has one entry for each atom: zero for the atoms
/// that the stage does not span. Where `scatter` is not empty the result is addressed by it instead
/// (one entry for each dimension of the result, at least one with a stage) and the values are added
/// to what the buffer holds; `strides` are then those of the dimensions.
struct RegionResult {
    int stage = 0;
    std::vector<StrideClass> strides;
    std::vector<IndexedDim> scatter;
    bool operator==(const RegionResult&) const = default;
};

struct Region {
    std::vector<Atom> atoms;  ///< outermost first
    std::vector<RegionInput> inputs;
    std::vector<Stage> stages;  ///< operands before users
    std::vector<RegionResult> results;
    bool operator==(const Region&) const = default;
};

/// Atoms as a bit mask, and those along which strides are not zero.
std::uint64_t mask_of(const std::vector<int>& atoms);
std::uint64_t mask_of(const std::vector<StrideClass>& strides);

/// Extents of rows of at most as many elements are part of the code.
inline constexpr std::int64_t longest_unrolled_row = 32;
/// Loops over rows and windows of at most as many, whose extents are, are unrolled.
inline constexpr std::int64_t largest_unrolled_window = 64;

/// The product of the extents of `atoms` where these are part of the code, else 0.
std::int64_t fixed_elements(const Region& region, std::uint64_t atoms);

/// Whether the extents of `atoms` are part of the code, and so few that loops over them are
/// unrolled.
bool is_unrolled(const Region& region, std::uint64_t atoms);

/// Whether one of its scans is a sort.
bool sorts(const Region& region);

/// Vectors of partial sums that stay in registers beside what is added to them.
inline constexpr std::int64_t most_sums = 12;
/// The most rows that a reduction with vectors across them takes in before it stores their sums;
/// the blocks that it sums apart have multiples of as many.
inline constexpr int most_rows_at_a_time = 8;

/// Elementwise kernels store rows of so few elements in vectors across them, if there are enough:
/// of more, vectors along a row are full, or half full.
inline constexpr std::int64_t longest_row_side_by_side = 7;
inline constexpr std::int64_t least_rows_side_by_side = 16;
/// Whether rows whose number of elements is part of the code lie side by side in a result, one for
/// each place along `atom`.
bool stores_rows_side_by_side(const Region& region, const RegionResult& result, int atom);

/// The stride of a class; nothing where it is told at run time.
std::optional<std::int64_t> known_stride(const Region& region, StrideClass stride);

/// Whether a contraction reads windows in place as its rows, beside packed columns.
inline bool takes_windows_as_rows(const Region& region, const Stage& contraction,
                                  const Schedule& schedule) {
    return schedule.packing == Packing::columns && contraction.atoms.size() > 1 &&
           region.atoms[static_cast<std::size_t>(contraction.atoms.back())].fixed > 0;
}

/// Whether what a stage loads is contiguous along all of `atoms`, from the first to the last: its
/// elements along them are one run.
bool lies_along(const Region& region, const Stage& load, std::vector<int> atoms);

/// Whether vectors along an atom read windows of padding: a guarded read of neighbours, at sums of
/// atoms, beside a fill that is one number.
bool reads_padded_windows(const Region& region, const Stage& stage, int vector_atom);

/// Whether the positions that a reduction takes in rise by one from element to element along its
/// only loop, and depend on nothing else.
bool positions_rise(const Region& region, const Stage& reduction);

/// The atoms that each stage varies along, as bit masks.
std::vector<std::uint64_t> spans(const Region& region);

/// What kind of kernel a region becomes. The partition asks this before it grows a region, and
/// lowering asks it again, so that they cannot disagree.
///  - pointwise: no reduction; all results span the same atoms;
///  - row: reductions over one set R of atoms ("the row"), or none of it needed by a later
///    reduction over others; results all span the same atoms: with R (softmax) or without (sums of
///    rows);
///  - reduction: final reductions over one set F, whose operands may use row reductions over a set
///    R disjoint from F; results span the kept atoms only; what follows the final reductions is
///    elementwise;
///  - contraction: one contraction; what follows is elementwise on the result's atoms; its operands
///    are loads;
///  - row_chain: a contraction over one atom R of values that are computed along R, the row: from
///    loads, from contractions of loads (over other atoms), from reductions over R. Its other
///    operand is a load; what follows is elementwise and needs none of the row's values. There may
///    be several such sums of the same dimensions, with weights of their own. Beside what follows
///    them, reductions of a row, and numbers computed from them, may be results;
///  - scan: scans along one dimension, elementwise before and after; results span all atoms;
///  - scatter: one scattered result, no reductions.
struct Classification {
    std::optional<Template> kind;
    std::string reason;             ///< why there is none
    std::uint64_t row_atoms = 0;    ///< R
    std::uint64_t final_atoms = 0;  ///< F, or the contracted atoms (of a chain, the last), or that
                                    ///< of the scans
    std::vector<int> final_reductions;  ///< the stages that reduce over F (of a chain, its sums)
    std::vector<int> row_contractions;  ///< those that a row chain computes its rows from
    std::uint64_t row_contracted = 0;   ///< the atoms that these contract
    std::vector<int> weights;           ///< for each sum of a row chain the operand it computes,
    std::vector<int> values_loads;      ///< and the load whose rows are summed with that
    bool stores_row_numbers = false;    ///< some results are numbers for each of its rows
    int stored_rows = 0;  ///< the last so many results span all atoms, beside sums over some

    /// Whether result `i` of `count` is one of the stored rows.
    bool is_stored_row(std::size_t i, std::size_t count) const {
        return i + static_cast<std::size_t>(stored_rows) >= count;
    }
};
Classification classify(const Region& region);

/// A kernel request: all that the compiler sees, and the key under which the kernel is kept.
struct KernelRequest {
    Region region;
    Schedule schedule;
    bool operator==(const KernelRequest&) const = default;
};

/// Text that `parse_kernel_request` reads back to an equal request.
std::string print(const KernelRequest& request);
KernelRequest parse_kernel_request(std::string_view text);

}  // namespace latent::ir
