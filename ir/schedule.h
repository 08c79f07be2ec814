#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace latent::ir {

/// Families of kernels; see Classification in ir/region.h.
enum class Template : std::uint8_t {
    pointwise,
    row,
    reduction,
    contraction,
    row_chain,
    scan,
    scatter,
};

std::string_view name(Template kind);

/// Instruction sets that kernels are made for. Each implies the ones before it.
enum class InstructionSet : std::uint8_t { sse41, avx2, avx512 };

std::string_view name(InstructionSet set);

/// Which operands a contraction copies into the order in which register tiles read them, and how
/// it sums: the `rows` are the operand with the rows of the tile, the `columns` that with its
/// vectors.
enum class Packing : std::uint8_t {
    none,      ///< copies nothing
    columns,   ///< the columns
    both,      ///< both, and sums by blocks of the depth
    streamed,  ///< the rows, by blocks of the depth; the columns are read from memory once, ahead
               ///< of their use
    deep,      ///< the columns, and sums by blocks of the depth
    swept,     ///< the columns, a block of the depth at a time in tasks along them, each of which
               ///< sums all rows beside it
    dots,      ///< as `streamed`, but sums in vectors along the depth, of which the register tile
               ///< has one for each row and column: other bits than all other forms
};

std::string_view name(Packing packing);

/// What is known of the machine that kernels run on, found at run time.
struct Machine {
    InstructionSet instruction_set = InstructionSet::sse41;
    std::int64_t l1_bytes = 32 << 10;
    std::int64_t l2_bytes = 512 << 10;
    std::int64_t l3_bytes = 8 << 20;
    int vector_bytes = 16;  ///< 16, 32 or 64
    int registers = 16;     ///< vector registers
    /// Whether vectors that lie across two cache lines take longer to read than others.
    bool slow_across_lines = false;
    int processors = 1;  ///< that threads run on
    bool operator==(const Machine&) const = default;
};

/// How a region becomes loops: a small value that is printed into the kernel's key, and may be
/// edited and handed back.
struct Schedule {
    Template kind = Template::pointwise;
    InstructionSet instruction_set = InstructionSet::sse41;
    /// The atom along which vectors run.
    int vector_atom = -1;
    /// Elements of a vector.
    int lanes = 8;
    /// Vectors in flight: unrolled bodies of a pointwise loop, partial sums of a reduction (part of
    /// its order of arithmetic).
    int unroll = 1;
    /// Points of the parallel loop that one task takes. Depends on nothing but the request and
    /// run-time extents.
    std::int64_t block = 0;
    /// Stages kept in scratch for a row instead of being computed again by each user.
    std::vector<int> kept;
    /// Pointwise: the atom along which inputs lie that are read in tiles of `tile_rows` by a
    /// vector, if any. Contraction: the atom along which the rows of the register tile run; which
    /// operands are packed; rows (0: no register tile) and vectors (of dots: columns) of the
    /// register tile; most rows and the columns of the cache blocks in tiles, and their depth in
    /// elements; the atom along which the register tile has as many lines of rows and columns, if
    /// any (0: its columns go on from line to line of a cache block, or, where these are packed,
    /// its rows through all lines). Row: the atom of which `tile_rows` neighbouring rows are
    /// reduced in one walk, if any, where vectors run along the rows or the rows are unrolled.
    /// Reduction: the atom of which `tile_rows` neighbouring rows are taken in together, if any,
    /// where each is taken in to its end, or, where vectors run across the rows, before their sums
    /// are stored; `tile_vectors`: of rows and reductions that give a position, the neighbouring
    /// vectors of which the best elements are found before these are compared with those before,
    /// if there are several. Scan, where vectors run along its axis: the atom of which `tile_rows`
    /// neighbouring rows are scanned as a vector, if any; of sorts, wherever vectors run, those
    /// that are sorted by one call. Row chain: the rows of the register tiles, and how many tiles
    /// of rows are taken from the first products to the last at a time (`block_rows`); vectors run
    /// along the reduced atom.
    int row_atom = -1;
    Packing packing = Packing::none;
    int tile_rows = 0;
    int tile_vectors = 0;
    int block_rows = 0;
    int block_columns = 0;
    int block_depth = 0;
    int line_atom = -1;
    int tile_lines = 1;
    /// Contraction that is summed by blocks of the depth: atoms of the result, none of which the
    /// operand with the vectors has, whose elements a task sums together, so that it reads a block
    /// of that operand once for all of them (the windows in the gradient of a convolution's
    /// filters).
    std::vector<int> together;
    /// Pointwise and row: elements of a strip of the results, which is computed in L1 and then
    /// stored past the caches; 0: results are stored like any other.
    int result_strip = 0;
    /// How far ahead of its use what is read is asked for; 0: it is left to the processor. Row and
    /// reduction: in elements along the vectors. Contraction, of columns
    /// that are read in place: in tiles of columns; of windows (`takes_windows_as_rows`): in cache
    /// lines.
    int read_ahead = 0;
    /// Pointwise, of rows that are at least as long as what is stored at a time: the last vectors
    /// of a row are stored over a part of those before them, which they compute again, where others
    /// have a guard.
    bool ends_overlap = false;
    bool operator==(const Schedule&) const = default;
};

/// Whether the rows of a contraction go on from line to line (of packed columns), or the columns
/// (where nothing is packed).
inline bool rows_go_on(const Schedule& schedule) {
    return schedule.tile_lines == 0 && schedule.packing != Packing::none;
}
inline bool columns_go_on(const Schedule& schedule) {
    return schedule.tile_lines == 0 && schedule.packing == Packing::none;
}

/// Elements along the vectors' atom that a pointwise loop computes and stores at a time.
inline int stored_at_a_time(const Schedule& schedule) {
    return schedule.lanes * (schedule.unroll > 1 ? schedule.unroll : 1);
}

/// Whether rows are at least as long as what is stored at a time, and tiles no taller than there
/// are rows: the last of each may then overlap those before them.
inline bool ends_fit(const Schedule& schedule, std::span<const std::int64_t> extents) {
    const auto has = [&](int atom, std::int64_t elements) {
        return extents[static_cast<std::size_t>(atom)] >= elements;
    };
    return schedule.vector_atom >= 0 && has(schedule.vector_atom, stored_at_a_time(schedule)) &&
           (schedule.row_atom < 0 || has(schedule.row_atom, schedule.tile_rows));
}

/// Visits the fields after `kind` and `instruction_set` with their printed names.
template <typename S, typename Visit>
void for_each_field(S& schedule, Visit&& visit) {
    visit(std::string_view("vector_atom"), schedule.vector_atom);
    visit(std::string_view("lanes"), schedule.lanes);
    visit(std::string_view("unroll"), schedule.unroll);
    visit(std::string_view("block"), schedule.block);
    visit(std::string_view("kept"), schedule.kept);
    visit(std::string_view("row_atom"), schedule.row_atom);
    visit(std::string_view("packing"), schedule.packing);
    visit(std::string_view("tile_rows"), schedule.tile_rows);
    visit(std::string_view("tile_vectors"), schedule.tile_vectors);
    visit(std::string_view("block_rows"), schedule.block_rows);
    visit(std::string_view("block_columns"), schedule.block_columns);
    visit(std::string_view("block_depth"), schedule.block_depth);
    visit(std::string_view("line_atom"), schedule.line_atom);
    visit(std::string_view("tile_lines"), schedule.tile_lines);
    visit(std::string_view("together"), schedule.together);
    visit(std::string_view("result_strip"), schedule.result_strip);
    visit(std::string_view("read_ahead"), schedule.read_ahead);
    visit(std::string_view("ends_overlap"), schedule.ends_overlap);
}

}  // namespace latent::ir
