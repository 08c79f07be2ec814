#include <bit>
#include <memory>

#include "codegen/lower/absent_terms.h"
#include "codegen/lower/matrix_form.h"
#include "codegen/lower/row_reductions.h"

namespace latent::codegen {

namespace {

using Halide::Expr;
using Halide::Func;

/// Rows of weights that are computed from products, a block of rows at a time, and summed with the
/// rows of another operand; or several of the same dimensions, each with weights and an operand of
/// its own. A task goes through several blocks, with the products' second operands packed once. In
/// a block first the products are computed, whole; then, row by row, the reductions over it and all
/// of its weights; then the sums. Each stage has the order of arithmetic that it has in a kernel of
/// its own.
class RowChain {
  public:
    explicit RowChain(Lowering& lowering)
        : lowering_(lowering),
          schedule_(lowering.schedule()),
          parts_(lowering.classification()),
          row_(std::countr_zero(parts_.row_atoms)),
          result_atoms_(lowering.all_atoms() & ~parts_.row_atoms & ~parts_.row_contracted),
          weights_(lowering.name() + "_weights") {}

    void lower() {
        lowering_.hoist_numbers();
        limit_rows();
        for (const int contraction : parts_.row_contractions) {
            define_product(contraction);
        }
        RowReductions reductions(lowering_, parts_.row_atoms);
        define_weights();
        const BuiltContraction sum = define_sums();

        LoggedSchedule weights = logged(weights_, lowering_.log());
        weights.compute_at(sum.out, sum.rows_together).never_partition_all();
        vectorize_whole(weights, lowering_.var(row_), lowering_.store_width());
        if (parts_.stores_row_numbers) {
            reductions.compute_at(sum.out, sum.rows_together);
        } else {
            reductions.compute_at(weights_, lowering_.var(schedule_.row_atom));
        }
        for (const BuiltContraction& product : products_) {
            logged(product.out, lowering_.log()).compute_at(sum.out, sum.rows_together);
            for (const Func& packed : product.packed) {
                logged(packed, lowering_.log()).compute_at(sum.out, sum.task);
            }
        }
        lowering_.finish(sum.out, lowering_.atoms_of(result_atoms_));
    }

  private:
    int rows_together() const { return schedule_.tile_rows * schedule_.block_rows; }
    int columns_together() const { return schedule_.tile_vectors * schedule_.lanes; }

    /// Where terms past a limit are absent, no row of a register tile is computed past its last
    /// row's; where those before it are, none before its first row's.
    void limit_rows() {
        const std::optional<RowLimit> limit = find_row_limit(lowering_.region(), parts_);
        if (!limit || limit->across_atom != schedule_.row_atom) {
            return;
        }
        const KernelInputs& inputs = lowering_.inputs();
        const Expr ahead = Halide::cast<std::int32_t>(Halide::clamp(
            inputs.affine_offset(limit->across_input) - inputs.affine_offset(limit->along_input),
            -inputs.extent(schedule_.row_atom), inputs.extent(row_)));
        lowering_.limit_rows([this, limit = *limit, ahead](const Coordinates& place) {
            const Expr& row = place[static_cast<std::size_t>(schedule_.row_atom)];
            const Expr first = row / schedule_.tile_rows * schedule_.tile_rows;
            const Expr terms = lowering_.inputs().extent(row_);
            if (limit.absent == RowLimit::Absent::past) {
                const Expr last = first + schedule_.tile_rows - 1 + ahead;
                // A row of nothing still has a first term, for what it does to the reductions.
                return RowTerms{{}, Halide::clamp(last + (limit.inclusive ? 1 : 0), 1, terms)};
            }
            const Expr begin =
                Halide::clamp(first + ahead + (limit.inclusive ? 0 : 1), 0, terms - 1);
            return RowTerms{begin / columns_together() * columns_together(), {}};
        });
    }

    void define_product(int contraction) {
        const std::uint64_t span = lowering_.span(contraction);
        forms_.push_back(std::make_unique<MatrixForm>(
            lowering_, MatrixProduct{contraction, schedule_.row_atom, row_, span}));
        ContractionSpec spec =
            forms_.back()->spec(lowering_.name() + "_product" + std::to_string(contraction));
        spec.is_scratch = true;
        choose_variant(spec);
        products_.push_back(build_contraction(spec, lowering_.log()));
        lowering_.define_as(contraction, products_.back().out, lowering_.atoms_of(span));
    }

    /// All weights in one loop, for they are computed from the same values.
    void define_weights() {
        const std::uint64_t span = lowering_.span(parts_.weights[0]);
        weights_(lowering_.vars(span)) =
            Halide::Tuple(lowering_.stages().at(parts_.weights, lowering_.loop_coordinates()));
        for (std::size_t i = 0; i < parts_.weights.size(); ++i) {
            lowering_.stages().define(
                parts_.weights[i],
                [this, i, atoms = lowering_.atoms_of(span)](const Coordinates& coordinates) {
                    const Halide::FuncRef row =
                        weights_(Lowering::arguments_for(atoms, coordinates));
                    return parts_.weights.size() == 1 ? Expr(row) : row[static_cast<int>(i)];
                });
        }
    }

    BuiltContraction define_sums() {
        const std::uint64_t columns = lowering_.span(parts_.values_loads[0]) &
                                      ~lowering_.span(parts_.weights[0]) & result_atoms_;
        const int column = lowering_.atoms_of(columns)[0];
        lowering_.compute_past_end(column, columns_together());
        std::vector<const MatrixForm*> sums;
        for (const int contraction : parts_.final_reductions) {
            sums.push_back(forms_
                               .emplace_back(std::make_unique<MatrixForm>(
                                   lowering_, MatrixProduct{contraction, schedule_.row_atom, column,
                                                            result_atoms_}))
                               .get());
        }
        ContractionSpec spec =
            sums[0]->spec_of_results(lowering_.name(), {sums.begin() + 1, sums.end()});
        spec.row_tiles_together = schedule_.block_rows;
        Coordinates place(static_cast<std::size_t>(lowering_.inputs().atom_count()), Expr(0));
        if (lowering_.limits_rows()) {
            spec.k_limits = [this, place](const Expr& row) mutable {
                place[static_cast<std::size_t>(schedule_.row_atom)] = row;
                const RowTerms terms = lowering_.row_terms(place);
                return std::pair(terms.begin, terms.end);
            };
        }
        choose_variant(spec);
        return build_contraction(spec, lowering_.log());
    }

    /// Packs the columns where they are not neighbours in memory.
    void choose_variant(ContractionSpec& spec) const {
        spec.variant = spec.b.unit_stride == UnitStride::free ? ContractionVariant::direct
                                                              : ContractionVariant::small;
        spec.tiles.lanes = schedule_.lanes;
        spec.tiles.rows = schedule_.tile_rows;
        spec.tiles.columns = columns_together();
        spec.tiles_ahead = 1;
    }

    Lowering& lowering_;
    const ir::Schedule& schedule_;
    const ir::Classification& parts_;
    int row_;
    std::uint64_t result_atoms_;
    std::vector<std::unique_ptr<MatrixForm>> forms_;  ///< the specifications refer to them
    std::vector<BuiltContraction> products_;
    Func weights_;
};

}  // namespace

void lower_row_chain(Lowering& lowering) {
    RowChain(lowering).lower();
}

}  // namespace latent::codegen
