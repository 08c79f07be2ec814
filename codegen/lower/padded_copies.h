#pragma once

#include <optional>
#include <vector>

#include "codegen/lower/lane_reduction.h"

namespace latent::codegen {

/// Padding that windows are read of, copied to scratch: with a guard for each element of the copy
/// instead of one for each element of each window. What is copied is as much as the loop needs in
/// which the copies are computed.
class PaddedCopies {
  public:
    /// Defines a Func for each stage that reads windows of padding along which vectors run, and
    /// enters it as the stage's value. To be called before any stage is evaluated.
    explicit PaddedCopies(Lowering& lowering);

    bool empty() const { return copies_.empty(); }
    void compute_at(const Halide::Func& consumer, const Halide::VarOrRVar& loop);
    /// Computes at each turn of `loop` what no turn before has computed, and keeps it inside
    /// `around`; no more than is read at a time. `rows` are computed together at each turn of their
    /// loop.
    void slide_along(const Halide::Func& consumer, const Halide::VarOrRVar& loop,
                     const Halide::VarOrRVar& around, const std::optional<LoopTogether>& rows = {});
    void compute_root();

  private:
    struct Copy {
        Halide::Func func;
        Halide::Func ends;  ///< bits of a row that are outside
        int stage = -1;
    };

    Halide::Expr element(int stage, const std::vector<Halide::Expr>& positions,
                         const Halide::Func& ends) const;
    /// Whether the bits of a row that are outside are computed once for all rows. Long vectors of
    /// rows that are stored wait for memory instead, and longer so.
    bool keeps_ends() const;
    /// Of the input along a dimension of an indexed stage.
    Halide::Expr extent_of(int stage, std::size_t dim) const;
    void define(int stage);
    std::optional<int> places_read(const ir::IndexedDim& dim, const LoopTogether& rows) const;

    Lowering& lowering_;
    std::vector<Copy> copies_;
};

}  // namespace latent::codegen
