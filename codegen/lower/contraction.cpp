#include <algorithm>

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
        case ir::Packing::both:
            return ContractionVariant::large;
        case ir::Packing::columns:
            return ContractionVariant::small;
        case ir::Packing::none:
            break;
    }
    return schedule.tile_rows == 0 ? ContractionVariant::skinny : ContractionVariant::direct;
}

}  // namespace

void lower_contraction(Lowering& lowering) {
    lowering.hoist_numbers();
    const ir::Schedule& schedule = lowering.schedule();
    const int contraction = lowering.classification().final_reductions[0];
    const std::uint64_t result = lowering.all_atoms() & ~lowering.classification().final_atoms;
    const MatrixForm form(lowering, {contraction, schedule.row_atom, schedule.vector_atom, result});
    const bool goes_on = schedule.tile_lines == 0;  // from line to line
    const ContractionVariant variant = variant_of(schedule);
    const bool dots = variant == ContractionVariant::dots;
    if (dots) {
        const std::vector<int>& depth =
            lowering.region().stages[static_cast<std::size_t>(contraction)].atoms;
        lowering.compute_past_end(*std::ranges::max_element(depth), schedule.lanes);
    } else if (schedule.vector_atom >= 0) {
        lowering.compute_past_end(schedule.vector_atom,
                                  (schedule.tile_vectors + (goes_on ? 1 : 0)) * schedule.lanes);
    }
    ContractionSpec spec = form.spec_of_results(lowering.name());
    spec.k_blocks = contraction_k_blocks(spec.k_extents, schedule.block_depth);
    spec.variant = variant;
    spec.tiles = {schedule.lanes,
                  schedule.tile_rows,
                  schedule.tile_vectors * (dots ? 1 : schedule.lanes),
                  schedule.tile_lines,
                  schedule.block_depth,
                  schedule.block_columns};
    spec.line = form.outer_position(schedule.line_atom);
    for (const int atom : schedule.together) {
        spec.together.push_back(form.outer_position(atom));
    }
    const Halide::Func out =
        goes_on ? build_line_contraction(spec, form.column_operand_stride(schedule.line_atom),
                                         lowering.log())
                : build_contraction(spec, lowering.log()).out;
    lowering.finish(out, lowering.atoms_of(result));
}

}  // namespace latent::codegen
