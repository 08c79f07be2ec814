#pragma once

#include "frontend/tensor/expression.h"

namespace latent::detail {

/// log(sum(exp(x))) over `axes`, which disappear. The largest element is taken out first, without a
/// gradient, since it cancels; where it is infinite nothing is taken out, so that infinities stay
/// infinite.
Expression log_sum_exp(const Expression& x, const ir::Axes& axes);

/// exp(x - max(x)) along `axes`, and its sum, which lacks them.
struct ShiftedExponentials {
    Expression shifted;  ///< x - max(x)
    Expression exponentials;
    Expression sum;
};
ShiftedExponentials shifted_exponentials(const Expression& x, const ir::Axes& axes);

}  // namespace latent::detail
