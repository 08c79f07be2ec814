#pragma once

#include <Halide.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codegen/lower/schedule_log.h"
#include "codegen/lower/window_places.h"

namespace latent::codegen {

/// The atom of an operand that is known to have stride 1.
enum class UnitStride { none, free, reduced };

/// A matrix operand. `at` gives its element, or an expression of elements, at in-range indices.
/// A takes the row as its free index, B the column; `k` is ordered innermost first, as is `outer`,
/// which has all outer dimensions.
struct ContractionOperand {
    std::function<Halide::Expr(const std::vector<Halide::Expr>& outer, const Halide::Expr& free,
                               const std::vector<Halide::Expr>& k)>
        at;
    UnitStride unit_stride = UnitStride::none;
    std::vector<int> outer;  ///< the outer dimensions that it varies along, by position

    bool varies_along_outer() const { return !outer.empty(); }
};

/// Kernels of one contraction for different extents. All variants but `dots`, and `skinny` with
/// both operands contiguous along k, give the same bits, so the choice among them may follow
/// measurement.
enum class ContractionVariant {
    skinny,    ///< packs nothing: few rows
    dots,      ///< sums in vectors along k, where both operands are contiguous, in register tiles:
               ///< packs A, and reads B in place, ahead of its use
    direct,    ///< packs nothing, in register tiles: B is contiguous along its columns, and may be
               ///< read past the last of them, up to a whole tile
    small,     ///< packs B, reads A in place
    deep,      ///< packs B, reads A in place in blocks of k
    swept,     ///< packs B in blocks of k, in tasks along the columns, beside all rows of A, which
               ///< are read in place: B does not vary along the outer dimensions, which are summed
               ///< together
    large,     ///< packs A in blocks of k, and B whole
    streamed,  ///< packs A in blocks of k, in tasks along the columns, and reads B from memory
               ///< once, ahead of its use: in place, as `direct`, or along k to pack a tile of it
};

/// Register tile and cache blocks, in elements.
struct ContractionTiles {
    int lanes = 8;                ///< elements of a vector
    int rows = 6;                 ///< rows of the register tile
    int columns = 16;             ///< columns of the register tile
    int lines = 1;                ///< lines of the register tile, see ContractionSpec::line
    int k_block = 256;            ///< depth of a packed block
    int block_column_tiles = 64;  ///< of columns, where nothing is packed
};

/// out[j, i, outer..] = epilogue(sum over k of a[outer.., i, k..] * b[outer.., k.., j]).
struct ContractionSpec {
    std::string name;  ///< unique prefix of the Funcs' names
    Halide::Type accumulator;
    std::vector<Halide::Expr> outer_extents;  ///< 0 to 3
    /// The outer dimension of which a register tile takes `tiles.lines`, if any: both of its rows
    /// and of its columns there are as many. Not where k is summed by blocks.
    int line = -1;
    /// The outer dimensions, none of which B has, that a task sums together for each block of k.
    /// Only where k is summed by blocks.
    std::vector<int> together;
    Halide::Expr rows, columns;
    std::vector<Halide::Expr> k_extents;  ///< 1 to 4, innermost first
    /// The elements of B along all of k are one run: `b.at` with a position in it as the innermost
    /// of k, and else zeros, reads them.
    bool b_lies_along_k = false;
    bool sums_nothing = false;  ///< each element is one product; k has extent 1
    /// Greatest k extents of a packed block, innermost first; see `contraction_k_blocks`.
    std::vector<Halide::Expr> k_blocks;
    /// Register tiles in a block of rows, which is a task (in whole pairs, where two are stored
    /// together); of variants `streamed` and `swept` in one of columns. Changes no bit.
    Halide::Expr row_block;
    /// Panels of B that are packed, or swept, before the next ones. Changes no bit.
    Halide::Expr column_block;
    ContractionOperand a, b;
    /// Operands of further sums over the same k, for the same rows, columns and outer dimensions.
    /// (Of variant `direct`.)
    std::vector<std::pair<ContractionOperand, ContractionOperand>> beside;
    /// The results at (outer, row, column), from the sum and those beside it; everything in it must
    /// be wrapped in strict_float.
    std::function<std::vector<Halide::Expr>(const std::vector<Halide::Expr>& sums,
                                            const std::vector<Halide::Expr>& outer,
                                            const Halide::Expr& row, const Halide::Expr& column)>
        epilogue;
    /// The epilogue is the sums themselves: little enough to be unrolled.
    bool stores_sum = false;
    /// The columns of the result lie side by side in memory.
    bool stores_vectors = true;
    /// Dimensions of the result in the order of its buffer, innermost first: 0 is the column, 1 the
    /// row, 2 and up the outer atoms. Rows and columns that no atom stands for have extent 1 and
    /// are left out.
    std::vector<int> output_order;
    ContractionVariant variant = ContractionVariant::large;
    ContractionTiles tiles;
    /// How many tiles of columns further those are that are asked for while whole cache lines of B
    /// are read in place; 0: none.
    int tiles_ahead = 0;
    /// How many cache lines further than windows that are rows those lie that are asked for, along
    /// the innermost of k, in elements as large as the sums; 0: none. (Of variant `small`.)
    int lines_ahead = 0;
    /// Where A is windows that are rows, and the innermost of k, which is contiguous, is unrolled:
    /// how these lie. All other dimensions of k are one. (Of variant `small`.)
    std::optional<WindowStrides> windows;
    bool parallel = true;
    /// The product is scratch of another one: it is computed whole, in whole tiles, where the
    /// caller says. (Of variant `direct` or `small`.)
    bool is_scratch = false;
    /// Greater than 0: A is computed for that many register tiles of rows at a time, and
    /// `row_block` counts these. (Of variant `direct` or `small`.)
    int row_tiles_together = 0;
    /// Where it is set: the terms before the first and from the second on, if they are defined, add
    /// nothing to the rows taken together with `row`, and are not read.
    std::function<std::pair<Halide::Expr, Halide::Expr>(const Halide::Expr& row)> k_limits;
};

/// A contraction and where other Funcs belong in it.
struct BuiltContraction {
    Halide::Func out;
    std::vector<Halide::Func> packed;  ///< of scratch: still to be computed somewhere
    Halide::Var rows_together;         ///< the loop over rows whose A is computed at a time
    Halide::Var task;                  ///< the loop over tasks
};

/// Greedy blocks, innermost first, whose product is at most `k_block`: the innermost dimensions
/// whole, one cut, the outer ones 1. Only such blocks keep the order of the sum lexicographic.
std::vector<Halide::Expr> contraction_k_blocks(const std::vector<Halide::Expr>& k_extents,
                                               int k_block);

/// Builds and schedules a contraction. Each element is one chain of fused multiply-adds over k in
/// lexicographic order (outermost dimension slowest), whatever the tiles, the blocks and the number
/// of threads; only `dots`, and `skinny` with both operands contiguous along k, sum in fixed lanes
/// instead. The bounds of the result's buffer are the caller's to set.
/// The machine code has no guard against empty k blocks: rows, columns and outer extents must be
/// positive; a k extent may be 0.
BuiltContraction build_contraction(const ContractionSpec& spec, ScheduleLog& log);

}  // namespace latent::codegen
