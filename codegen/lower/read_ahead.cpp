#include "codegen/lower/read_ahead.h"

#include "codegen/lower/prefetches.h"

namespace latent::codegen {

namespace {

bool repeats(const ir::RegionInput& input, std::uint64_t loops) {
    return (loops & ~ir::mask_of(input.strides)) != 0;
}

}  // namespace

Halide::Expr asking_ahead(Lowering& lowering, Halide::Expr value, Coordinates at,
                          std::uint64_t loops) {
    const ir::Region& region = lowering.region();
    const auto vector_atom = static_cast<std::size_t>(lowering.schedule().vector_atom);
    at[vector_atom] += lowering.schedule().read_ahead;
    for (std::size_t i = 0; i < region.stages.size(); ++i) {
        const ir::Stage& stage = region.stages[i];
        if (stage.kind != ir::StageKind::load) {
            continue;
        }
        const ir::RegionInput& input = region.inputs[static_cast<std::size_t>(stage.input)];
        if (input.kind == ir::InputKind::strided &&
            input.strides[vector_atom] == ir::StrideClass::one && !repeats(input, loops)) {
            value = with_prefetch(value, lowering.stages().at(static_cast<int>(i), at));
        }
    }
    return value;
}

}  // namespace latent::codegen
