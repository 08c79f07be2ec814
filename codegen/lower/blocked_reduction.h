#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codegen/lower/accumulators.h"
#include "codegen/lower/lane_reduction.h"
#include "codegen/lower/padded_copies.h"
#include "codegen/lower/row_reductions.h"
#include "codegen/lower/whole_vectors.h"

namespace latent::codegen {

/// Reductions over F, in blocks of the outermost dimension of F: partial results of each block,
/// then one sum over the blocks in order.
class BlockedReduction {
  public:
    explicit BlockedReduction(Lowering& lowering)
        : lowering_(lowering),
          final_(lowering.classification().final_atoms),
          kept_(lowering.all_atoms() & ~final_),
          blocked_atom_(lowering.atoms_of(final_).back()),
          vector_atom_(lowering.schedule().vector_atom),
          along_(lowering.is_vector_atom(final_)),
          rows_together_(overlapping_rows(lowering)),
          padded_(along_ ? std::optional<PaddedCopies>(lowering) : std::nullopt),
          rows_(lowering, lowering.classification().row_atoms),
          sums_(lowering, finals()) {}

    void lower() {
        choose_blocks();
        if (along_) {
            reduce_blocks_along();
        } else {
            reduce_blocks_across();
        }
        define_total();
        define_output();
    }

  private:
    const std::vector<int>& finals() const { return lowering_.classification().final_reductions; }
    Halide::Expr extent(int atom) const { return lowering_.inputs().extent(atom); }

    std::vector<Halide::Var> block_loops() const {
        std::vector<Halide::Var> loops = lowering_.vars(kept_);
        loops.push_back(block_);
        return loops;
    }

    /// Rows that are taken in together; to be asked before anything that they read is written.
    static std::optional<LoopTogether> overlapping_rows(Lowering& lowering) {
        const ir::Schedule& schedule = lowering.schedule();
        const bool along = lowering.is_vector_atom(lowering.classification().final_atoms);
        if (!along || schedule.row_atom < 0 || schedule.row_atom == schedule.vector_atom) {
            return std::nullopt;
        }
        lowering.compute_past_end(schedule.row_atom, schedule.tile_rows);
        return LoopTogether{schedule.row_atom, schedule.tile_rows};
    }
    /// Rows, where vectors run across them, that are taken in before their sums are stored.
    int rows_at_a_time() const {
        return !along_ && lowering_.schedule().row_atom >= 0 ? lowering_.schedule().tile_rows : 1;
    }
    void choose_blocks();
    std::vector<int> atoms_together() const;
    std::vector<RowLoop> with_extents(const std::vector<Halide::Var>& tasks) const;
    void reduce_blocks_along();
    void reduce_blocks_across();
    /// One walk over some of the rows of a block, where vectors run across them.
    struct RowWalk {
        Halide::RDom domain;
        std::vector<int> atoms;  ///< of its loops
        Coordinates at;
    };
    RowWalk walk_rows(const std::string& suffix, const Halide::Expr& count) const;
    void take_in_rows();
    void take_in_groups_of_rows();
    void take_in_rest_of_rows();
    void take_in(RowWalk walk, int rows);
    Accumulators::Values values_at(const Coordinates& at, const Halide::RDom& domain,
                                   bool in_whole_groups);
    void define_stored_rows();
    void read_stored_rows();
    void schedule_across();
    void schedule_walk(std::size_t number);
    void define_total();
    void define_output();

    Lowering& lowering_;
    std::uint64_t final_, kept_;
    int blocked_atom_, vector_atom_;
    bool along_;  ///< vectors run along a reduced dimension
    std::optional<LoopTogether> rows_together_;
    std::optional<PaddedCopies> padded_;  ///< where vectors run along; before all that reads them
    RowReductions rows_;
    Accumulators sums_;
    Halide::Var block_{"block"};
    Halide::Expr block_extent_, block_count_;
    Halide::Expr block_points_;  ///< that one partial result takes in, where vectors run along
    Halide::Func partial_, blocks_, total_;
    std::vector<RowWalk> walks_;  ///< the updates of `partial_`, where vectors run across
    Halide::Func stored_rows_;    ///< where the kernel stores what it takes in
    std::optional<WholeVectors> row_values_;  ///< of these
};

}  // namespace latent::codegen
