#include <algorithm>

#include "codegen/lower/contraction_parts.h"
#include "codegen/lower/line_contraction.h"
#include "codegen/lower/matrix_form.h"

namespace latent::codegen {

namespace {

ContractionVariant variant_of(const ir::Schedule& schedule) {
    switch (schedule.packing) {
        case ir::Packing::dots:
            return ContractionVariant::dots;
        case ir::Packing::deep:
            return ContractionVariant::deep;
        case ir::Packing::streamed:
            return ContractionVariant::streamed;
        case ir::Packing::swept:
            return ContractionVariant::swept;
        case ir::Packing::both:
            return ContractionVariant::large;
        case ir::Packing::columns:
            return ContractionVariant::small;
        case ir::Packing::none:
            break;
    }
    return schedule.tile_rows == 0 ? ContractionVariant::skinny : ContractionVariant::direct;
}

/// `position / length` of numbers below 2^31 that are not negative, by a product, for divisions
/// take long. With d <= 2^l, floor(2^(31 + l) / d) + 1 is near enough to 2^(31 + l) / d.
Halide::Expr quotient(const Halide::Expr& position, const Halide::Expr& length) {
    constexpr int bits = 31;
    const Halide::Expr shift = Halide::cast<std::int64_t>(
        bits + 32 - Halide::count_leading_zeros(Halide::max(length - 1, 1)));
    const Halide::Expr factor =
        (Halide::cast<std::int64_t>(1) << shift) / Halide::cast<std::int64_t>(length) + 1;
    return Halide::cast<std::int32_t>((Halide::cast<std::int64_t>(position) * factor) >> shift);
}

/// Has the rows go on from line to line, of which each lies behind the one before in the results:
/// they are rows of one line, and only A tells them apart.
void join_lines(ContractionSpec& spec, const Halide::Expr& line_stride) {
    const auto line = static_cast<std::size_t>(spec.line);
    spec.a.at = [at = spec.a.at, line, length = spec.rows](std::vector<Halide::Expr> outer,
                                                           const Halide::Expr& row,
                                                           const std::vector<Halide::Expr>& k) {
        outer[line] = quotient(row, length);
        return at(outer, row - outer[line] * length, k);
    };
    if (spec.windows) {
        spec.windows->row = [row = spec.windows->row, length = spec.rows,
                             line_stride](const Halide::Expr& place) {
            const Halide::Expr at_line = quotient(place, length);
            return row(place - at_line * length) +
                   Halide::cast<std::int64_t>(at_line) * line_stride;
        };
    }
    spec.rows = spec.rows * spec.outer_extents[line];
    spec.outer_extents[line] = 1;
    spec.line = -1;
}

/// Makes all dimensions of k but the innermost one, where A is windows whose rows are unrolled.
void join_runs(ContractionSpec& spec, const MatrixForm& form, int row_atom) {
    const auto wide = [](const Halide::Expr& value) { return Halide::cast<std::int64_t>(value); };
    std::vector<Halide::Expr> strides;
    for (std::size_t i = 1; i < spec.k_extents.size(); ++i) {
        strides.push_back(wide(form.row_operand_stride_of_term(i)));
    }
    const std::vector<Halide::Expr> extents(spec.k_extents.begin() + 1, spec.k_extents.end());
    spec.windows = WindowStrides{[stride = wide(form.row_operand_stride(row_atom)),
                                  wide](const Halide::Expr& row) { return wide(row) * stride; },
                                 [strides, extents, wide](const Halide::Expr& run) {
                                     const std::vector<Halide::Expr> k = positions_at(extents, run);
                                     Halide::Expr place = Halide::cast<std::int64_t>(0);
                                     for (std::size_t i = 0; i < k.size(); ++i) {
                                         place += wide(k[i]) * strides[i];
                                     }
                                     return place;
                                 }};
    const auto apart = [extents](const std::vector<Halide::Expr>& k) {
        return concatenate({k[0]}, positions_at(extents, k[1]));
    };
    for (ContractionOperand* operand : {&spec.a, &spec.b}) {
        operand->at = [at = operand->at, apart](
                          const std::vector<Halide::Expr>& outer, const Halide::Expr& free,
                          const std::vector<Halide::Expr>& k) { return at(outer, free, apart(k)); };
    }
    spec.k_extents = {spec.k_extents[0], product(extents)};
}

}  // namespace

void lower_contraction(Lowering& lowering) {
    lowering.hoist_numbers();
    const ir::Schedule& schedule = lowering.schedule();
    const int contraction = lowering.classification().final_reductions[0];
    const std::uint64_t result = lowering.all_atoms() & ~lowering.classification().final_atoms;
    const MatrixForm form(lowering, {contraction, schedule.row_atom, schedule.vector_atom, result});
    // From line to line.
    const bool rows_go_on = ir::rows_go_on(schedule);
    const bool columns_go_on = ir::columns_go_on(schedule);
    const ContractionVariant variant = variant_of(schedule);
    const bool dots = variant == ContractionVariant::dots;
    if (dots) {
        const std::vector<int>& depth =
            lowering.region().stages[static_cast<std::size_t>(contraction)].atoms;
        lowering.compute_past_end(*std::ranges::max_element(depth), schedule.lanes);
    } else if (schedule.vector_atom >= 0) {
        lowering.compute_past_end(
            schedule.vector_atom,
            (schedule.tile_vectors + (columns_go_on ? 1 : 0)) * schedule.lanes);
    }
    ContractionSpec spec = form.spec_of_results(lowering.name());
    const bool windows_are_rows = ir::takes_windows_as_rows(
        lowering.region(), lowering.region().stages[static_cast<std::size_t>(contraction)],
        schedule);
    if (windows_are_rows && form.row_operand_lies_along_terms() &&
        Halide::Internal::is_const(spec.k_extents[0])) {
        join_runs(spec, form, schedule.row_atom);
    }
    spec.k_blocks = contraction_k_blocks(spec.k_extents, schedule.block_depth);
    spec.variant = variant;
    spec.tiles = {schedule.lanes,
                  schedule.tile_rows,
                  schedule.tile_vectors * (dots ? 1 : schedule.lanes),
                  schedule.tile_lines,
                  schedule.block_depth,
                  schedule.block_columns};
    const std::vector<int> atoms = lowering.atoms_of(result);
    if (schedule.tile_rows > 0 && !rows_go_on && !atoms.empty() &&
        atoms.front() == schedule.row_atom) {
        // Tiles that are stored along their rows are combined with whole vectors of these. (Rows
        // that go on are combined only with what lies along them.)
        if (const std::optional<TurnedStore> store = turned_store(spec.accumulator, spec.tiles)) {
            lowering.compute_past_end(schedule.row_atom, store->block);
        }
    }
    (windows_are_rows ? spec.lines_ahead : spec.tiles_ahead) = schedule.read_ahead;
    spec.line = form.outer_position(schedule.line_atom);
    for (const int atom : schedule.together) {
        spec.together.push_back(form.outer_position(atom));
    }
    std::vector<Halide::Expr> extents;
    if (rows_go_on) {
        join_lines(spec, Halide::cast<std::int64_t>(form.row_operand_stride(schedule.line_atom)));
    }
    for (const int atom : atoms) {
        extents.push_back(atom == schedule.row_atom ? spec.rows
                          : atom == schedule.line_atom && rows_go_on
                              ? Halide::Expr(1)
                              : lowering.inputs().extent(atom));
    }
    const Halide::Func out =
        columns_go_on ? build_line_contraction(spec, form.column_operand_stride(schedule.line_atom),
                                               lowering.log())
                      : build_contraction(spec, lowering.log()).out;
    lowering.finish(out, atoms, extents);
}

}  // namespace latent::codegen
