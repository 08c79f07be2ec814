#include "codegen/kernel_abi.h"

#include <algorithm>

namespace latent::codegen {

std::vector<const ir::IndexedDim*> indexed_dims(const ir::Region& region) {
    std::vector<const ir::IndexedDim*> dims;
    for (const ir::Stage& stage : region.stages) {
        for (const ir::IndexedDim& dim : stage.index) {
            dims.push_back(&dim);
        }
    }
    for (const ir::RegionResult& result : region.results) {
        for (const ir::IndexedDim& dim : result.scatter) {
            dims.push_back(&dim);
        }
    }
    return dims;
}

std::vector<KernelArgument> kernel_arguments(const ir::Region& region) {
    std::vector<KernelArgument> arguments;
    const auto add = [&](ArgumentKind kind, std::size_t index, std::size_t dimension = 0) {
        arguments.push_back({kind, static_cast<int>(index), static_cast<int>(dimension)});
    };
    for (std::size_t i = 0; i < region.atoms.size(); ++i) {
        if (region.atoms[i].fixed == 0) {
            add(ArgumentKind::extent, i);
        }
    }
    if (std::ranges::any_of(region.stages, [](const ir::Stage& stage) {
            return stage.kind == ir::StageKind::contraction;
        })) {
        add(ArgumentKind::row_block, 0);
        add(ArgumentKind::column_block, 0);
    }
    for (std::size_t i = 0; i < region.inputs.size(); ++i) {
        const ir::RegionInput& input = region.inputs[i];
        switch (input.kind) {
            case ir::InputKind::scalar:
                add(ArgumentKind::scalar, i);
                break;
            case ir::InputKind::strided:
            case ir::InputKind::indexed:
                add(ArgumentKind::buffer, i);
                break;
            case ir::InputKind::affine:
                add(ArgumentKind::affine_offset, i);
                for (std::size_t atom = 0; atom < input.strides.size(); ++atom) {
                    if (input.strides[atom] != ir::StrideClass::zero) {
                        add(ArgumentKind::affine_stride, i, atom);
                    }
                }
                break;
            case ir::InputKind::position:
                break;
        }
    }
    const std::vector<const ir::IndexedDim*> dims = indexed_dims(region);
    for (std::size_t i = 0; i < dims.size(); ++i) {
        if (needs_offset(*dims[i])) {
            add(ArgumentKind::index_offset, i);
        }
        if (needs_extent(*dims[i])) {
            add(ArgumentKind::index_extent, i);
        }
    }
    for (std::size_t i = 0; i < region.results.size(); ++i) {
        add(ArgumentKind::result, i);
    }
    return arguments;
}

}  // namespace latent::codegen
