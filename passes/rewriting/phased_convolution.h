#pragma once

#include <map>

#include "ir/builder.h"

namespace latent::passes {

/// A contraction of `image` with `filter` whose result has further dimensions: the phases of a
/// stride. With those as the innermost part of the dimensions `counts` it is the result of a
/// transposed convolution.
struct PhasedConvolution {
    ir::Value image, filter;
    ir::Dims image_labels, filter_labels;
    bool filter_first = false;                     ///< the order of the operands
    ir::Dims out;                                  ///< of the result, without its phases
    ir::Dims counts, phases;                       ///< as many: each has one
    std::map<std::int64_t, std::int64_t> extents;  ///< of all labels
};

/// Dimensions of a result in the order in which an image of these labels has them in memory, where
/// the features are those that the image lacks.
struct MemoryOrder {
    ir::Dims before, features, after;

    ir::Dims all() const;
};
MemoryOrder memory_order(const ir::Dims& image_labels, const ir::Dims& out);

/// The result with its phases in their places, in the order of `out`.
///
/// Phases and features, which the filter alone has, are one dimension of the contraction, for a
/// product is fastest along a long one: the filter, a small copy anyway, is stored so, and the
/// features lie where the image has its own.
ir::Value interleaved(PhasedConvolution convolution, const std::source_location& location);

}  // namespace latent::passes
