#pragma once

#include "ir/attributes.h"

namespace latent::passes {

/// The same labels, numbered as they occur, so that equal contractions look equal.
ir::ContractionAttributes numbered(ir::ContractionAttributes labels);

}  // namespace latent::passes
