#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codegen/lower/accumulators.h"
#include "codegen/lower/lowering.h"

namespace latent::codegen {

/// A cut of one reduced dimension into blocks that are reduced apart.
struct ReductionBlocks {
    int atom = -1;
    Halide::Var block;    ///< the number of a block
    Halide::Expr extent;  ///< elements of a block; a multiple of the vector width where vectors run
                          ///< along the atom
};

/// Loops of a result that are made in one walk over what is reduced: all turns of one of a fixed
/// extent, or some neighbouring ones.
struct LoopTogether {
    int atom = -1;
    int turns = 1;
};

/// Reductions over one set of atoms with vectors along one of them, as a Func over the loops
/// outside.
///
/// Order of arithmetic: element i of the vectors' dimension goes to partial result i mod (lanes *
/// unroll). A partial result takes in its elements in row-major order, first those of whole
/// vectors, then those of the last, partial one; of blocks whose results are made together, all in
/// row-major order, for their rows are short; of rows that are taken in together, those at one
/// place of each before the next place. Then the vectors of partial results are combined, and then
/// the lanes of that one, both as a balanced tree.
class LaneReduction {
  public:
    /// `stages`: the reductions, all over `reduced`, which holds the atom of the vectors. `loops`:
    /// the dimensions of the result, to which `blocks.block` belongs if there are blocks.
    /// `together`: those of them whose results are made in one walk. Past the end of a loop the
    /// last of its results is made again. `rows`: neighbouring rows, along a reduced atom, that are
    /// taken in together where each is taken in to its end.
    LaneReduction(Lowering& lowering, const std::string& name, std::vector<int> stages,
                  std::uint64_t reduced, std::vector<Halide::Var> loops,
                  const std::optional<ReductionBlocks>& blocks = {},
                  std::vector<LoopTogether> together = {},
                  const std::optional<LoopTogether>& rows = {});

    /// One value for each stage; if there are blocks, accumulators, still to be combined.
    const Halide::Func& result() const { return result_; }
    /// All Funcs, the result last, to be computed where it is needed.
    const std::vector<Halide::Func>& funcs() const { return funcs_; }

    /// Whether each row is taken in to its end before the next one. Then `partial` is what takes
    /// them in, `block_loop` its outermost loop, along which there are blocks, and `row_loop` the
    /// one inside of it around the rows, or the same.
    bool takes_whole_rows() const {
        return blocks_ && !together_.empty() && !blocks_along_vectors();
    }
    const Halide::Func& partial() const { return partial_; }
    const Halide::RVar& block_loop() const { return row_loops_.back(); }
    const Halide::RVar& row_loop() const { return row_loops_.front(); }

  private:
    void define_partial();
    /// Computes `func`, of that many lanes, whole in all loops that are taken together.
    void schedule_whole(Halide::Func& func, int lanes);
    void take_in_whole_rows();
    void take_in_whole_vectors();
    void take_in_rest();
    /// Whole vectors and the rest in one loop: what is long has one copy in the code, beside which
    /// the comparison of positions costs little.
    void take_in_all_vectors();
    /// Whether functions are computed for each element, other than those kept in scratch.
    bool computes_functions() const;
    void combine();

    /// The loops over the reduced atoms in a domain where the vectors' dimension has `vectors`
    /// elements, and the coordinates there. The first loop is over rows that are taken in together,
    /// if there are some.
    struct Walk {
        Halide::RDom domain;
        Coordinates at;
    };
    Walk walk(const std::string& suffix, const Halide::Expr& vectors) const;
    int rows_together(int atom) const { return rows_ && rows_->atom == atom ? rows_->turns : 1; }
    /// Keeps a walk along rows, where the coordinate counts vectors, from going past their ends.
    void end_early(Walk& walk) const;
    /// All loops but those that are taken together inside of a row.
    std::uint64_t loops_outside() const;
    Accumulators::Values elements_at(const Coordinates& at, const Halide::RDom& domain,
                                     bool in_one_walk);
    /// Takes in what the walk meets; `inside`, if it is defined, says where there is something.
    void update(Walk& walk, const Halide::Expr& inside, bool in_one_walk);
    void update(const Walk& walk, const Accumulators::Values& values, bool in_one_walk);
    /// The same by groups of vectors, of each of which the best elements alone are compared with
    /// those before; a position is then found in the group that has the best of all.
    int vectors_of_group() const;
    void take_in_groups();
    void take_in_rest_of_groups();
    Accumulators::Values find_in_group(const Accumulators::Values& best);
    Halide::Expr whole_groups() const { return whole_vectors_ / group_; }
    Halide::Expr groups_of_block() const { return blocks_->extent / (width_ * group_); }

    std::vector<Halide::Expr> with_lane(const Halide::Expr& lane) const;
    bool blocks_along_vectors() const { return blocks_ && blocks_->atom == vector_atom_; }

    Lowering& lowering_;
    std::string name_;
    Accumulators accumulators_;
    std::vector<int> atoms_;  ///< reduced, innermost first
    std::vector<Halide::Var> loops_;
    std::optional<ReductionBlocks> blocks_;
    std::vector<LoopTogether> together_;
    std::optional<LoopTogether> rows_;
    int vector_atom_;
    int width_;
    Halide::Expr extent_, whole_vectors_;  ///< of the vectors' dimension
    int group_;                            ///< vectors of a group, or 1
    Halide::Var lane_{"lane"};
    Halide::Func partial_, result_;
    std::vector<Halide::Func> funcs_;
    std::vector<Halide::RVar> row_loops_;  ///< of whole rows: that around them, that of blocks
};

}  // namespace latent::codegen
