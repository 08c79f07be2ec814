#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "codegen/runtime/context.h"
#include "frontend/execution/planning.h"

namespace latent::detail {

/// The least seconds that each step of a plan took in a few runs of it.
std::vector<double> time_steps(const Planned& planned, std::span<const std::byte* const> inputs,
                               codegen::runtime::Context& context);

}  // namespace latent::detail
