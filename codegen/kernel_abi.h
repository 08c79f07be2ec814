#pragma once

#include <vector>

#include "ir/region.h"

namespace latent::codegen {

/// What one argument of a kernel is. Kernels are called through Halide's argv entry: the user
/// context first, then for each argument listed by `kernel_arguments` the address of a number, or a
/// halide_buffer_t.
enum class ArgumentKind : std::uint8_t {
    extent,         ///< int32, of atom `index`
    row_block,      ///< int32, register tiles in a block of the region's contraction
    column_block,   ///< int32, panels of columns that the contraction takes at a time
    scalar,         ///< a number of the dtype of input `index` (a boolean as one byte)
    buffer,         ///< input `index`
    affine_offset,  ///< int64, of input `index`
    affine_stride,  ///< int64, of input `index` along atom `dimension`
    index_offset,   ///< int32, of the indexed dimension number `index`
    index_extent,   ///< int32, of the indexed dimension number `index`
    result,         ///< result `index`
};

struct KernelArgument {
    ArgumentKind kind = ArgumentKind::extent;
    int index = 0;
    int dimension = 0;
    bool operator==(const KernelArgument&) const = default;
};

/// The arguments in order: extents of the atoms without a fixed one; the blocks of a
/// contraction, from `passes::row_block` and `passes::column_block`; inputs; offsets and extents of
/// the indexed dimensions, counted through all indexed stages and then the scattered result;
/// results.
///
/// Buffers have their dimensions innermost first, all with minimum 0. Strided inputs have one for
/// each atom of nonzero stride class, results one for each along which the first result varies;
/// indexed inputs and scattered results have all of their own. Stride classes promise the stride of
/// `ir::known_stride`. Booleans are bytes 0 or 1.
std::vector<KernelArgument> kernel_arguments(const ir::Region& region);

/// The indexed dimensions in the order in which arguments count them.
std::vector<const ir::IndexedDim*> indexed_dims(const ir::Region& region);

/// Whether an indexed dimension needs these numbers.
inline bool needs_offset(const ir::IndexedDim& dim) {
    return !dim.terms.empty();
}
inline bool needs_extent(const ir::IndexedDim& dim) {
    return dim.guarded || dim.stage >= 0;
}

}  // namespace latent::codegen
