#pragma once

#include "ir/builder.h"

namespace latent::passes {

/// fold(contraction(gradient, weight)), of whose windows the gradient alone has the counts and the
/// weight alone the elements.
struct FoldedProducts {
    const ir::FoldAttributes& fold;
    const ir::Value& gradient;
    const ir::Value& weight;
    ir::Dims gradient_labels, weight_labels;
    bool weight_first = false;  ///< the order of the operands
    ir::Dims counts, elements;  ///< as many as windows
    ir::Dims out;               ///< of the result
};

/// Whether neighbours along a window are sums of other elements of it, so that they may be computed
/// apart from each other.
bool has_phases(const ir::FoldAttributes& fold, std::size_t window);

/// The gradient with zeros around it, and between its elements where windows have a stride and no
/// phases, so that windows of it with stride 1 have all that is summed for one element. `zero` is a
/// number of its dtype.
ir::Value padded_gradient(const FoldedProducts& products, const ir::Value& zero,
                          const std::source_location& location);

/// Whether there are several phases, each has features enough for a convolution of its own, and
/// they are not many.
bool repays_phases_apart(const FoldedProducts& products);

/// A convolution for each phase, with no terms but its own, interleaved.
ir::Value phases_apart(const FoldedProducts& products, const std::source_location& location);

}  // namespace latent::passes
