#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string_view>

#include "ir/graph.h"

namespace latent::passes {

/// Which identities rules may use. `strict`: only those that IEEE arithmetic has. `fast`: also
/// those that hold for finite values when the sign of zero does not matter (x + 0, x * 0, x - x).
enum class FloatMode : std::uint8_t { strict, fast };

inline constexpr std::int64_t unlimited_fuel = std::numeric_limits<std::int64_t>::max();

/// What the passes of one run share: the float mode, the rewrites that are left, and counts of
/// those that were made.
class PassContext {
  public:
    explicit PassContext(FloatMode float_mode = FloatMode::strict,
                         std::int64_t fuel = unlimited_fuel)
        : float_mode_(float_mode), fuel_(fuel) {}

    FloatMode float_mode() const { return float_mode_; }

    /// Whether another rewrite may be made: ask before, `spend` after.
    bool has_fuel() const { return fuel_ > 0; }
    void spend(std::string_view rule) {
        --fuel_;
        ++rewrites_[rule];
    }

    /// Rewrites made so far, by rule.
    const std::map<std::string_view, std::int64_t>& rewrites() const { return rewrites_; }

  private:
    FloatMode float_mode_;
    std::int64_t fuel_;
    std::map<std::string_view, std::int64_t> rewrites_;
};

/// A named function from graph to graph. It leaves its argument alone, keeps the number, order and
/// types of the results, and takes linear time.
struct Pass {
    std::string_view name;
    ir::Graph (*run)(const ir::Graph& graph, PassContext& context);
};

// There is no pass for dead code: a graph is what its results reach, so what a rewrite goes around
// is gone, parameters included.

/// One form for what can be written in several: constants on the right, adjacent views merged, no
/// stop_gradient.
ir::Graph canonicalise(const ir::Graph& graph, PassContext& context);

/// Computes elementwise ops on constants.
ir::Graph fold_constants(const ir::Graph& graph, PassContext& context);

/// Algebraic identities, and reductions, pads and windows that do nothing.
ir::Graph simplify(const ir::Graph& graph, PassContext& context);

/// Takes permutes, broadcasts and sums around a contraction into its labels, and makes the gradient
/// of a convolution a convolution.
ir::Graph simplify_contractions(const ir::Graph& graph, PassContext& context);

/// Makes gradients of pooling sums over the windows that an element lies in.
ir::Graph gather_folds(const ir::Graph& graph, PassContext& context);

/// Contractions that sum nothing become multiplications, which fuse with what is around them.
ir::Graph multiply_outer_products(const ir::Graph& graph, PassContext& context);

/// Moves slices and flips towards the leaves.
ir::Graph sink_views(const ir::Graph& graph, PassContext& context);

/// Makes single elements side by side, and elements spread by a few, a choice by position.
ir::Graph interleave(const ir::Graph& graph, PassContext& context);

/// Merges equal expressions.
ir::Graph eliminate_common_subexpressions(const ir::Graph& graph, PassContext& context);

}  // namespace latent::passes
