#include "codegen/lower/matrix_form.h"

#include <algorithm>

namespace latent::codegen {

using Halide::Expr;

namespace {

bool has(std::uint64_t set, int atom) {
    return atom >= 0 && (set >> atom & 1) != 0;
}

}  // namespace

MatrixForm::MatrixForm(Lowering& lowering, const MatrixProduct& product)
    : lowering_(lowering),
      product_(product),
      a_(stage(product.contraction).operands[0]),
      b_(stage(product.contraction).operands[1]) {
    const bool swapped = product.column_atom >= 0
                             ? !has(lowering.span(b_), product.column_atom)
                             : product.row_atom >= 0 && !has(lowering.span(a_), product.row_atom);
    if (swapped) {
        std::swap(a_, b_);
    }
    for (const int atom : lowering.atoms_of(product.result_atoms)) {
        if (atom != product.column_atom && atom != product.row_atom) {
            outer_atoms_.push_back(atom);
        }
    }
    k_atoms_ = lowering.atoms_of(ir::mask_of(stage(product.contraction).atoms));
}

ContractionSpec MatrixForm::spec(const std::string& name) const {
    ContractionSpec spec;
    spec.name = name;
    spec.accumulator = compute_type(stage(product_.contraction).dtype);
    for (const int atom : outer_atoms_) {
        spec.outer_extents.push_back(extent(atom));
    }
    spec.rows = extent(product_.row_atom);
    spec.columns = extent(product_.column_atom);
    for (const int atom : k_atoms_) {
        spec.k_extents.push_back(extent(atom));
    }
    if (k_atoms_.empty()) {
        spec.k_extents.emplace_back(1);  // an outer product sums one term
        spec.sums_nothing = true;
    }
    spec.b_lies_along_k =
        ir::lies_along(lowering_.region(), stage(b_), stage(product_.contraction).atoms);
    spec.row_block = lowering_.inputs().row_block();
    spec.column_block = lowering_.inputs().column_block();
    spec.a = operand(a_, product_.row_atom);
    spec.b = operand(b_, product_.column_atom);
    spec.epilogue = [](const std::vector<Expr>& sums, const std::vector<Expr>&, const Expr&,
                       const Expr&) { return sums; };
    spec.stores_sum = true;
    for (const int atom : lowering_.atoms_of(product_.result_atoms)) {
        spec.output_order.push_back(atom == product_.column_atom ? 0
                                    : atom == product_.row_atom  ? 1
                                                                 : 2 + outer_position(atom));
    }
    return spec;
}

ContractionSpec MatrixForm::spec_of_results(const std::string& name,
                                            const std::vector<const MatrixForm*>& beside) const {
    ContractionSpec result = spec(name);
    std::vector<int> sums{product_.contraction};
    for (const MatrixForm* other : beside) {
        sums.push_back(other->product_.contraction);
        result.beside.emplace_back(other->operand(other->a_, product_.row_atom),
                                   other->operand(other->b_, product_.column_atom));
    }
    result.epilogue = [this, sums](const std::vector<Expr>& values, const std::vector<Expr>& outer,
                                   const Expr& row, const Expr& column) {
        return results(sums, values, outer, row, column);
    };
    const std::vector<ir::RegionResult>& stored = lowering_.region().results;
    result.stores_sum = stored.size() == sums.size() &&
                        std::ranges::all_of(stored, [&](const ir::RegionResult& stored_result) {
                            return std::ranges::find(sums, stored_result.stage) != sums.end();
                        });
    result.stores_vectors =
        product_.column_atom < 0 ||
        std::ranges::all_of(
            stored,
            [&](const ir::RegionResult& stored_result) {
                return stored_result.strides[static_cast<std::size_t>(product_.column_atom)] ==
                       ir::StrideClass::one;
            });
    return result;
}

int MatrixForm::outer_position(int atom) const {
    const auto found = std::ranges::find(outer_atoms_, atom);
    return found == outer_atoms_.end() ? -1 : static_cast<int>(found - outer_atoms_.begin());
}

Expr MatrixForm::row_operand_stride(int atom) const {
    return has(lowering_.span(a_), atom) ? lowering_.inputs().stride(stage(a_).input, atom)
                                         : Expr(0);
}

/// Coordinates of all atoms from those of the matrix form.
Coordinates MatrixForm::coordinates(const std::vector<Expr>& outer, int free_atom, const Expr& free,
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

ContractionOperand MatrixForm::operand(int value, int free_atom) const {
    ContractionOperand result;
    result.at = [this, value, free_atom](const std::vector<Expr>& outer, const Expr& free,
                                         const std::vector<Expr>& k) {
        return tied(lowering_.stages().at(value, coordinates(outer, free_atom, free, k)), k);
    };
    result.unit_stride = unit_stride(value, free_atom);
    for (std::size_t i = 0; i < outer_atoms_.size(); ++i) {
        if (has(lowering_.span(value), outer_atoms_[i])) {
            result.outer.push_back(static_cast<int>(i));
        }
    }
    return result;
}

UnitStride MatrixForm::unit_stride(int value, int free_atom) const {
    if (stage(value).kind != ir::StageKind::load) {
        return UnitStride::reduced;  // the row that a chain computes
    }
    const auto& strides =
        lowering_.region().inputs[static_cast<std::size_t>(stage(value).input)].strides;
    const auto contiguous = [&](int atom) {
        return atom >= 0 && strides[static_cast<std::size_t>(atom)] == ir::StrideClass::one;
    };
    if (contiguous(free_atom)) {
        return UnitStride::free;
    }
    return !k_atoms_.empty() && contiguous(k_atoms_[0]) ? UnitStride::reduced : UnitStride::none;
}

/// `value`, tied to those loops over k along which no operand varies, such as the one term of an
/// outer product: Halide would drop them from the sum.
Expr MatrixForm::tied(const Expr& value, const std::vector<Expr>& k) const {
    std::vector<Expr> unused;
    for (std::size_t i = 0; i < k.size(); ++i) {
        const bool varies =
            i < k_atoms_.size() && has(lowering_.span(a_) | lowering_.span(b_), k_atoms_[i]);
        if (!varies) {
            unused.push_back(k[i]);
        }
    }
    return Lowering::tied(value, unused);
}

std::vector<Expr> MatrixForm::results(const std::vector<int>& sums, const std::vector<Expr>& values,
                                      const std::vector<Expr>& outer, const Expr& row,
                                      const Expr& column) const {
    Coordinates at = coordinates(outer, product_.row_atom, row, {});
    if (product_.column_atom >= 0) {
        at[static_cast<std::size_t>(product_.column_atom)] = column;
    }
    for (std::size_t i = 0; i < sums.size(); ++i) {
        lowering_.stages().define(sums[i],
                                  [value = values[i]](const Coordinates&) { return value; });
    }
    return lowering_.results_at(at).as_vector();
}

}  // namespace latent::codegen
