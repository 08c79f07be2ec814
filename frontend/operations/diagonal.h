#pragma once

#include "frontend/tensor/expression.h"

namespace latent::detail {

/// The elements of `x` whose position along `second` is `offset` more than that along `first`. Both
/// dimensions go; that of the diagonal comes last.
Expression diagonal(const Expression& x, std::int64_t first, std::int64_t second,
                    std::int64_t offset = 0);

}  // namespace latent::detail
