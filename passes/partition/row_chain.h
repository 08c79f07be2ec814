#pragma once

#include "ir/node.h"

namespace latent::passes {

/// Whether `weights`, an operand of `contraction`, should be computed a few rows at a time in the
/// kernel of the contraction: where it comes from a product, by elementwise operations and
/// reductions, that is much larger than what it is made from and what is made of it, as the scores
/// of attention are.
bool begins_row_chain(const ir::Node& contraction, const ir::Node& weights);

}  // namespace latent::passes
