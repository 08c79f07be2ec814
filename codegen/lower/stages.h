#pragma once

#include <functional>
#include <map>
#include <vector>

#include "codegen/lower/kernel_inputs.h"

namespace latent::codegen {

using Coordinates = std::vector<Halide::Expr>;

/// `op` of `operands`, in their compute types, as it is before `dtype` rounds it. Never a call of a
/// scalar library function.
Halide::Expr apply_elementwise(ir::Op op, DType dtype, const std::vector<Halide::Expr>& operands);
/// Whether every result is an operand, or a value that its dtype has anyway.
bool stays_in_dtype(ir::Op op);

/// Writes stages as expressions of the coordinates, one for each atom. A stage that has a Func of
/// its own (a reduction, or one kept in scratch) is a call of it.
class StageExpressions {
  public:
    /// `vector_atom` is the one that vectors run along, or -1.
    StageExpressions(const ir::Region& region, const KernelInputs& inputs, int vector_atom);

    /// From now on `stage` is what `value` gives at the coordinates.
    void define(int stage, std::function<Halide::Expr(const Coordinates&)> value);

    Halide::Expr at(int stage, const Coordinates& coordinates) const;
    /// Several stages at once, sharing what they have in common.
    std::vector<Halide::Expr> at(const std::vector<int>& stages,
                                 const Coordinates& coordinates) const;
    /// The same in the types in which they are stored.
    std::vector<Halide::Expr> stored_at(const std::vector<int>& stages,
                                        const Coordinates& coordinates) const;

    /// Indices of an indexed stage or scattered result, and whether they are inside (undefined if
    /// no dimension is guarded).
    struct Place {
        std::vector<Halide::Expr> indices;
        Halide::Expr inside;
        Halide::Expr last_unclamped;  ///< the last index as it is, where that may be outside
    };
    Place place(const std::vector<ir::IndexedDim>& dims, int first_dim,
                const Coordinates& coordinates, const std::function<Halide::Expr(int)>& stage_value,
                int input = -1) const;
    /// The number of the first dimension of an indexed stage, or of a scattered result, among all
    /// indexed ones.
    int first_dim(int stage) const { return first_dim_[static_cast<std::size_t>(stage)]; }
    int scatter_dim() const { return scatter_dim_; }

  private:
    struct Values {
        std::vector<Halide::Expr> rounded;    ///< of each stage, to its dtype
        std::vector<Halide::Expr> unrounded;  ///< as it was before
    };
    Values evaluate(const std::vector<int>& stages, const Coordinates& coordinates) const;
    bool reads_neighbours(const ir::Stage& stage) const;
    Halide::Expr indexed(const ir::Stage& stage, const Place& where,
                         const Halide::Expr& fill) const;

    const ir::Region& region_;
    const KernelInputs& inputs_;
    int vector_atom_;
    std::map<int, std::function<Halide::Expr(const Coordinates&)>> defined_;
    std::vector<int> first_dim_;  ///< of each stage's index among all indexed dimensions
    int scatter_dim_ = 0;
};

}  // namespace latent::codegen
