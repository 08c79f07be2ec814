#pragma once

#include "models.h"
#include "training.h"

namespace digits {

/// Times one training step of the MLP, lazy and op by op, and prints a table of both.
void compare_with_op_by_op(const Mlp& model, const latent::optim::AdamState& state,
                           const Batch& batch);

}  // namespace digits
