#pragma once

#include <source_location>

#include "ir/node.h"

// Functions that are composed of primitives, both by gradient rules and by the frontend.

namespace latent::passes {

/// The derivative of log |gamma(x)|, elementwise; f32 is computed in f64. NaN at -1, -2, ... and at
/// minus infinity; at a zero it is infinite, with the opposite sign.
/// Source: NIST Digital Library of Mathematical Functions, 5.5.2, 5.5.4 and 5.11.2.
ir::Value digamma(const ir::Value& x, const std::source_location& location);

}  // namespace latent::passes
