#pragma once

#include <vector>

#include "codegen/lower/lowering.h"
#include "codegen/lower/packed_contraction.h"

namespace latent::codegen {

/// A contraction of a region, the atoms that its rows and columns run along (or -1), and those of
/// its result.
struct MatrixProduct {
    int contraction = -1;
    int row_atom = -1;
    int column_atom = -1;
    std::uint64_t result_atoms = 0;
};

/// Brings a contraction into the form of a matrix product: one atom for rows, one for columns, the
/// contracted ones, and outer loops over all the rest (batches, further rows or columns), along
/// which an operand may or may not vary. The columns, along which vectors run, belong to the second
/// operand of the product.
class MatrixForm {
  public:
    MatrixForm(Lowering& lowering, const MatrixProduct& product);

    /// The product; its result is the sum alone, its tiles and variant are the caller's to choose.
    /// It refers to this form.
    ContractionSpec spec(const std::string& name) const;
    /// The same, followed by all that the region's results take: of this sum, and of those of the
    /// forms `beside` it.
    ContractionSpec spec_of_results(const std::string& name,
                                    const std::vector<const MatrixForm*>& beside = {}) const;
    /// Where an atom stands among the outer loops, or -1.
    int outer_position(int atom) const;
    /// Elements between neighbours of the second operand, a load, along an outer atom.
    Halide::Expr column_operand_stride(int atom) const {
        return lowering_.inputs().stride(stage(b_).input, atom);
    }

    /// The same of the first one, a load too: 0 where it does not vary along the atom.
    Halide::Expr row_operand_stride(int atom) const;
    /// Whether it is contiguous along the innermost dimension of k.
    bool row_operand_lies_along_terms() const { return unit_stride(a_, -1) == UnitStride::reduced; }
    /// Elements between its neighbours along dimension `i` of k.
    Halide::Expr row_operand_stride_of_term(std::size_t i) const {
        return row_operand_stride(k_atoms_[i]);
    }

  private:
    const ir::Stage& stage(int i) const {
        return lowering_.region().stages[static_cast<std::size_t>(i)];
    }
    Halide::Expr extent(int atom) const {
        return atom < 0 ? Halide::Expr(1) : lowering_.inputs().extent(atom);
    }
    Coordinates coordinates(const std::vector<Halide::Expr>& outer, int free_atom,
                            const Halide::Expr& free, const std::vector<Halide::Expr>& k) const;
    ContractionOperand operand(int value, int free_atom) const;
    UnitStride unit_stride(int value, int free_atom) const;
    /// The region's results at a point of the product, from the values of `sums` there.
    std::vector<Halide::Expr> results(const std::vector<int>& sums,
                                      const std::vector<Halide::Expr>& values,
                                      const std::vector<Halide::Expr>& outer,
                                      const Halide::Expr& row, const Halide::Expr& column) const;
    Halide::Expr tied(const Halide::Expr& value, const std::vector<Halide::Expr>& k) const;

    Lowering& lowering_;
    MatrixProduct product_;
    int a_, b_;
    std::vector<int> outer_atoms_, k_atoms_;  ///< innermost first
};

}  // namespace latent::codegen
