#pragma once

#include "models.h"
#include "training.h"

namespace digits {

/// The training step of the MLP as a library without laziness runs it: forward, backward and Adam
/// written out, every operation computed before the next one is looked at.
Step<Mlp> op_by_op_step(const Mlp& model, const latent::optim::AdamState& state, const Batch& batch,
                        double learning_rate);

}  // namespace digits
