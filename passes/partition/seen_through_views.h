#pragma once

#include "ir/node.h"

namespace latent::passes {

/// What a value shows: itself, or what lies below all its views.
const ir::Node& seen_through_views(const ir::Value& value);

/// Whether a contraction has an operand that is seen through windows, as a convolution has.
bool reads_windows(const ir::Node& contraction);

}  // namespace latent::passes
