#pragma once

#include <Halide.h>

#include <map>
#include <string>
#include <vector>

namespace latent::codegen {

/// The values that a variable takes.
struct VariableRange {
    std::string name;
    Halide::Internal::Interval values;
};

/// Whether a comparison always holds, and for which ranges that was found. Copies of a loop have
/// variables of one name.
struct RangeAnswer {
    bool is_true = false;
    std::vector<VariableRange> ranges;
};
using RangeAnswers = std::map<Halide::Expr, RangeAnswer, Halide::Internal::IRDeepCompare>;

/// Replaces minima, maxima and comparisons in the body of a loop that are decided once it is known
/// that `loop` takes values in `range` alone. `independent` keeps the answers that do not depend on
/// this loop, for those around it: without, each would be found as often as loops are nested.
Halide::Internal::Stmt simplify_within_range(const Halide::Internal::Stmt& body,
                                             const std::string& loop,
                                             const Halide::Internal::Interval& range,
                                             RangeAnswers& independent);

}  // namespace latent::codegen
