#pragma once

#include <functional>
#include <string_view>

#include "frontend/tensor/expression.h"

namespace latent::detail {

/// The sum of products of two operands whose dimensions are named by labels (small numbers, each at
/// most once in an operand). Labels that `out` lacks are summed over. Other than in the IR's
/// contraction, a label may be in one operand alone and not in `out`; it is summed first. TypeError
/// names `op` for bool.
Expression contract(const Expression& a, const ir::Dims& a_labels, const Expression& b,
                    const ir::Dims& b_labels, const ir::Dims& out, std::string_view op);

bool contains(const ir::Dims& labels, std::int64_t label);

/// Sums over the dimensions for whose labels `is_kept` is false, and takes them off `labels`.
Expression sum_out(const Expression& x, ir::Dims& labels,
                   const std::function<bool(std::int64_t)>& is_kept);

}  // namespace latent::detail
