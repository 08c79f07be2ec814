#include <algorithm>
#include <bit>

#include "codegen/lower/lowering.h"
#include "codegen/lower/packed_contraction.h"

namespace latent::codegen {

namespace {

using Halide::Expr;

/// Brings a contraction region into the form of a matrix product: one atom for rows, one for
/// columns, the contracted ones, and outer loops over all the rest (batches, further rows or
/// columns), along which an operand may or may not vary.
class MatrixForm {
  public:
    explicit MatrixForm(Lowering& lowering)
        : lowering_(lowering),
          anchor_(lowering.classification().final_reductions[0]),
          contracted_(lowering.classification().final_atoms),
          column_atom_(lowering.schedule().vector_atom),
          row_atom_(lowering.schedule().row_atom) {
        const ir::Stage& contraction = stage(anchor_);
        // The columns, along which vectors run, belong to the second operand of the product.
        a_ = contraction.operands[0];
        b_ = contraction.operands[1];
        const bool swapped = column_atom_ >= 0
                                 ? (lowering.span(b_) >> column_atom_ & 1) == 0
                                 : row_atom_ >= 0 && (lowering.span(a_) >> row_atom_ & 1) == 0;
        if (swapped) {
            std::swap(a_, b_);
        }
        for (const int atom : lowering.atoms_of(lowering.all_atoms() & ~contracted_)) {
            if (atom != column_atom_ && atom != row_atom_) {
                outer_atoms_.push_back(atom);
            }
        }
        k_atoms_ = lowering.atoms_of(contracted_);
    }

    ContractionSpec spec() {
        const ir::Schedule& schedule = lowering_.schedule();
        ContractionSpec spec;
        spec.name = lowering_.name();
        spec.accumulator = compute_type(stage(anchor_).dtype);
        for (const int atom : outer_atoms_) {
            spec.outer_extents.push_back(extent(atom));
        }
        spec.rows = extent(row_atom_);
        spec.columns = extent(column_atom_);
        for (const int atom : k_atoms_) {
            spec.k_extents.push_back(extent(atom));
        }
        if (k_atoms_.empty()) {
            spec.k_extents.emplace_back(1);  // an outer product sums one term
        }
        spec.k_blocks = contraction_k_blocks(spec.k_extents, schedule.block_depth);
        spec.row_block = lowering_.inputs().row_block();
        spec.a = operand(a_, row_atom_);
        spec.b = operand(b_, column_atom_);
        spec.epilogue = [this](const Expr& sum, const std::vector<Expr>& outer, const Expr& row,
                               const Expr& column) { return epilogue(sum, outer, row, column); };
        const std::vector<ir::RegionResult>& results = lowering_.region().results;
        spec.stores_sum = results.size() == 1 && results[0].stage == anchor_;
        for (const int atom : lowering_.atoms_of(lowering_.all_atoms() & ~contracted_)) {
            spec.output_order.push_back(
                atom == column_atom_ ? 0
                : atom == row_atom_  ? 1
                                     : 2 + static_cast<int>(std::ranges::find(outer_atoms_, atom) -
                                                           outer_atoms_.begin()));
        }
        spec.variant = schedule.packing == 4     ? ContractionVariant::deep
                       : schedule.packing == 3   ? ContractionVariant::streamed
                       : schedule.packing == 2   ? ContractionVariant::large
                       : schedule.packing == 1   ? ContractionVariant::small
                       : schedule.tile_rows == 0 ? ContractionVariant::skinny
                                                 : ContractionVariant::direct;
        if (column_atom_ >= 0) {
            lowering_.compute_past_end(column_atom_, schedule.tile_vectors * schedule.lanes);
        }
        spec.tiles = {
            schedule.lanes,      schedule.tile_rows,   schedule.tile_vectors * schedule.lanes,
            schedule.tile_lines, schedule.block_depth, schedule.block_columns};
        if (const auto line = std::ranges::find(outer_atoms_, schedule.line_atom);
            line != outer_atoms_.end()) {
            spec.line = static_cast<int>(line - outer_atoms_.begin());
        }
        return spec;
    }

  private:
    const ir::Stage& stage(int i) const {
        return lowering_.region().stages[static_cast<std::size_t>(i)];
    }
    Expr extent(int atom) const { return atom < 0 ? Expr(1) : lowering_.inputs().extent(atom); }

    /// Coordinates of all atoms from those of the matrix form.
    Coordinates coordinates(const std::vector<Expr>& outer, int free_atom, const Expr& free,
                            const std::vector<Expr>& k) const {
        Coordinates at(static_cast<std::size_t>(lowering_.inputs().atom_count()), Expr(0));
        for (std::size_t i = 0; i < outer.size(); ++i) {
            at[static_cast<std::size_t>(outer_atoms_[i])] = outer[i];
        }
        for (std::size_t i = 0; i < k_atoms_.size() && i < k.size(); ++i) {
            at[static_cast<std::size_t>(k_atoms_[i])] = k[i];
        }
        if (free_atom >= 0) {
            at[static_cast<std::size_t>(free_atom)] = free;
        }
        return at;
    }

    ContractionOperand operand(int load, int free_atom) const {
        ContractionOperand result;
        result.at = [this, load, free_atom](const std::vector<Expr>& outer, const Expr& free,
                                            const std::vector<Expr>& k) {
            return tied(lowering_.stages().at(load, coordinates(outer, free_atom, free, k)), k);
        };
        const auto& strides =
            lowering_.region().inputs[static_cast<std::size_t>(stage(load).input)].strides;
        const auto contiguous = [&](int atom) {
            return atom >= 0 && strides[static_cast<std::size_t>(atom)] == ir::StrideClass::one;
        };
        if (contiguous(free_atom)) {
            result.unit_stride = UnitStride::free;
        } else if (!k_atoms_.empty() && contiguous(k_atoms_[0])) {
            result.unit_stride = UnitStride::reduced;
        }
        result.varies_along_outer = std::ranges::any_of(
            outer_atoms_, [&](int atom) { return (lowering_.span(load) >> atom & 1) != 0; });
        return result;
    }

    /// `value`, tied to those loops over k along which no operand varies, such as the one term of
    /// an outer product: Halide would drop them from the sum.
    Expr tied(const Expr& value, const std::vector<Expr>& k) const {
        std::vector<Expr> unused;
        for (std::size_t i = 0; i < k.size(); ++i) {
            const bool varies = i < k_atoms_.size() &&
                                ((lowering_.span(a_) | lowering_.span(b_)) >> k_atoms_[i] & 1) != 0;
            if (!varies) {
                unused.push_back(k[i]);
            }
        }
        return Lowering::tied(value, unused);
    }

    std::vector<Expr> epilogue(const Expr& sum, const std::vector<Expr>& outer, const Expr& row,
                               const Expr& column) {
        Coordinates at = coordinates(outer, row_atom_, row, {});
        if (column_atom_ >= 0) {
            at[static_cast<std::size_t>(column_atom_)] = column;
        }
        lowering_.stages().define(anchor_, [sum](const Coordinates&) { return sum; });
        return lowering_.results_at(at).as_vector();
    }

    Lowering& lowering_;
    int anchor_;
    std::uint64_t contracted_;
    int column_atom_, row_atom_;
    int a_, b_;
    std::vector<int> outer_atoms_, k_atoms_;  ///< innermost first
};

}  // namespace

void lower_contraction(Lowering& lowering) {
    lowering.hoist_numbers();
    MatrixForm form(lowering);
    const Halide::Func out = build_contraction(form.spec(), lowering.log());
    lowering.finish(
        out, lowering.atoms_of(lowering.all_atoms() & ~lowering.classification().final_atoms));
}

}  // namespace latent::codegen
