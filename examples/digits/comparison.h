#pragma once

#include "dataset.h"
#include "models.h"
#include "training.h"

namespace digits {

/// Times one training step of the MLP, lazy and op by op, and prints a table of both.
void compare_with_op_by_op(const Step<Mlp>& previous, const Batch& batch, double learning_rate);

}  // namespace digits
