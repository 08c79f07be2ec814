#pragma once

#include "benchmarks/peers/latent_cases/cases.h"
#include "benchmarks/peers/latent_cases/sizes.h"

namespace latent::peers {

/// Inputs of these shapes, the same numbers each time. Asked for others they throw
/// std::runtime_error.
Inputs samples(const CaseInputs& inputs);

}  // namespace latent::peers
